// Small manners of every page: theme buttons, menus, "/" to search, the CSRF header and kind messages for htmx.
;(() => {
  const csrf = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || document.querySelector('meta[name="csrf-token"]')?.content || ""
  window.lims = Object.assign(window.lims || {}, { csrf })

  const themeButtons = document.querySelectorAll("[data-theme-choice]")
  const showTheme = () => {
    for (const button of themeButtons) button.setAttribute("aria-pressed", String(button.dataset.themeChoice === window.limsTheme.chosen()))
  }
  for (const button of themeButtons)
    button.addEventListener("click", () => {
      window.limsTheme.choose(button.dataset.themeChoice)
      showTheme()
    })
  showTheme()

  const toggle = document.querySelector("[data-nav-toggle]")
  toggle?.addEventListener("click", () => {
    const open = toggle.closest(".site-header").classList.toggle("is-open")
    toggle.setAttribute("aria-expanded", String(open))
  })

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false
  })

  const typing = (element) => element?.closest("input, textarea, select, [contenteditable], dialog[open]")
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false
      menu.querySelector("summary").focus()
    }
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return
    // A list's own search box comes before the one in the header.
    const box = document.querySelector("main [data-search]") || document.querySelector("[data-search]")
    if (!box) return
    event.preventDefault()
    box.focus()
    box.select()
  })

  // <button data-open-dialog="id"> and <button data-close-dialog>: native dialogs without inline handlers.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open-dialog]")
    if (opener) document.getElementById(opener.dataset.openDialog)?.showModal()
    if (event.target.closest("[data-close-dialog]")) event.target.closest("dialog")?.close()
  })
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print()
  })
  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-autosubmit]")) event.target.form.requestSubmit()
  })

  // Record sheets kept for work without network (worker.js) are of the person signed in, and of nobody else.
  async function forgetSheets(but) {
    for (const name of await caches.keys()) if (name.startsWith("lims-sheets-") && name !== `lims-sheets-${but}`) await caches.delete(name)
  }
  const signedIn = document.querySelector('meta[name="lims-user"]')
  if (window.caches && signedIn) forgetSheets(signedIn.content)
  document.addEventListener("submit", async (event) => {
    if (!window.caches || !event.target.matches("form[data-sign-out]")) return
    event.preventDefault()
    await forgetSheets("").catch(() => {})
    event.target.submit()
  })

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = csrf()
  })
  // A refusal (403, 409, 422) carries a page part that says why: show it instead of swallowing it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if ([403, 409, 422].includes(event.detail.xhr.status)) {
      event.detail.shouldSwap = true
      event.detail.isError = false
    }
  })
})()
