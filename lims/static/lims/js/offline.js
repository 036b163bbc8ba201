// Registers the service worker of the record sheets (worker.js) and tells it what this page is made of. Browsers run service
// workers on localhost and over HTTPS only; elsewhere the sheet works as before, but cannot be opened without network.
;(() => {
  const root = document.querySelector("[data-sheet]")
  const { worker } = document.currentScript.dataset
  if (!root || !worker || !navigator.serviceWorker || !window.caches) return

  /** Same-origin files of this page: what its elements name, and what those loaded in turn (fonts of the styles). */
  function shell() {
    const named = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src], img[src], svg use")].map((e) => e.href?.baseVal ?? e.href ?? e.src)
    const loaded = performance.getEntriesByType("resource").filter((e) => ["css", "script", "link", "img", "other"].includes(e.initiatorType)).map((e) => e.name)
    const files = [...named, ...loaded].map((name) => new URL(name, location.href)).filter((url) => url.origin === location.origin && /\.(js|css|svg|png|woff2?)$/.test(url.pathname))
    for (const url of files) url.hash = ""
    return [...new Set(files.map((url) => url.href))].filter((name) => name !== new URL(worker, location.href).href)
  }
  const keep = (to) => to.postMessage({ keep: location.pathname, shell: shell() })

  navigator.serviceWorker.addEventListener("message", (event) => {
    if (event.data?.kept === location.pathname) root.dataset.kept = "yes"
  })
  window.addEventListener("load", async () => {
    try {
      await navigator.serviceWorker.register(worker)
      const { active } = await navigator.serviceWorker.ready
      keep(active)
    } catch {
      // Without network the worker cannot be asked for anew; the one that runs goes on.
    }
  })
})()
