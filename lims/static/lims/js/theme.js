// Sets the theme before the first paint; loaded without `defer` in the head so that no page flashes white at night.
// The choice ("light", "dark" or "auto") lives in localStorage; "auto" follows the system, also while the page is open.
;(() => {
  const system = matchMedia("(prefers-color-scheme: dark)")
  const chosen = () => {
    try {
      return localStorage.getItem("theme") || "auto"
    } catch {
      return "auto"
    }
  }
  const apply = () => {
    const theme = chosen()
    const root = document.documentElement
    root.dataset.bsTheme = theme === "auto" ? (system.matches ? "dark" : "light") : theme
    root.dataset.theme = theme
  }
  apply()
  system.addEventListener("change", apply)
  window.limsTheme = {
    chosen,
    choose(theme) {
      try {
        localStorage.setItem("theme", theme)
      } catch {
        // Private windows refuse storage: the choice then lasts for this page only.
      }
      apply()
      if (chosen() !== theme) document.documentElement.dataset.bsTheme = theme === "auto" ? (system.matches ? "dark" : "light") : theme
      document.dispatchEvent(new CustomEvent("lims:theme"))
    },
  }
  system.addEventListener("change", () => document.dispatchEvent(new CustomEvent("lims:theme")))
})()
