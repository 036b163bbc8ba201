// Service worker of the record sheets (scope /records/): a sheet that was opened before opens again without network.
//
// Always network first: what is kept is used only when the network, or the server behind a proxy, does not answer.
//   lims-shell          scripts, styles, icons of the sheet: nothing of anybody
//   lims-sheets-<user>  the pages of the last sheets of one person, and their stored values (put there by outbox.js)
// app.js deletes the sheets of everybody but the person signed in, on every page and before signing out.
const SHELL = "lims-shell"
const MOST_SHEETS = 10
const PATIENCE = 8000
const BEHIND_PROXY = [502, 503, 504]
const PAGE = /^[0-9a-f-]{36}\/$/
const STATE = /^[0-9a-f-]{36}\/entries\/$/
const scope = new URL(self.registration.scope).pathname
const inScope = (url, pattern) => url.pathname.startsWith(scope) && pattern.test(url.pathname.slice(scope.length))

self.addEventListener("install", () => self.skipWaiting())
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()))

/** What is kept of an address, whoever is signed in: app.js sees to it that it is the same person. */
async function kept(request) {
  for (const name of await caches.keys())
    if (name.startsWith("lims-")) {
      const found = await (await caches.open(name)).match(request, { ignoreSearch: true, ignoreVary: true })
      if (found) return found
    }
  return null
}

async function fromNetwork(request, patience) {
  if (!patience) return fetch(request)
  let timer
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("no answer")), patience)))
  return Promise.race([fetch(request), late]).finally(() => clearTimeout(timer))
}

async function networkFirst(request, { patience = 0, keep = () => {} } = {}) {
  const stored = await kept(request)
  let answer
  try {
    answer = await fromNetwork(request, stored ? patience : 0)
  } catch (error) {
    if (stored) return stored
    throw error
  }
  if (stored && BEHIND_PROXY.includes(answer.status)) return stored
  if (answer.ok && !answer.redirected) keep(answer.clone())
  return answer
}

/** Keeps the page of a sheet under its person; a page that is no sheet (a form to sign in) is not kept. */
async function keepPage(url, answer) {
  const user = (await answer.clone().text()).match(/<section data-sheet [^>]*data-user="(\w+)"/)?.[1]
  if (!user) return
  const cache = await caches.open(`lims-sheets-${user}`)
  await cache.delete(url.pathname) // so that keys() lists the sheets from the oldest visit to the newest
  await cache.put(url.pathname, answer)
  const pages = (await cache.keys()).filter((one) => inScope(new URL(one.url), PAGE))
  for (const old of pages.slice(0, -MOST_SHEETS)) {
    await cache.delete(old)
    await cache.delete(`${old.url}entries/`)
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== "GET" || url.origin !== self.location.origin) return
  if (request.mode === "navigate") {
    if (inScope(url, PAGE)) event.respondWith(networkFirst(request, { patience: PATIENCE, keep: (answer) => event.waitUntil(keepPage(url, answer)) }))
  } else if (inScope(url, STATE)) event.respondWith(networkFirst(request))
  else if (["script", "style", "font", "image"].includes(request.destination))
    event.respondWith(networkFirst(request, { keep: (answer) => event.waitUntil(caches.open(SHELL).then((cache) => cache.put(request, answer))) }))
})

// A page that was opened before this worker ran says what it is made of: {keep: its address, shell: [addresses]}.
self.addEventListener("message", (event) => {
  const { keep, shell } = event.data || {}
  if (!keep) return
  event.waitUntil(
    (async () => {
      const url = new URL(keep, self.location.href)
      if (!(await kept(url.pathname))) {
        const answer = await fetch(url.pathname, { headers: { Accept: "text/html" } })
        if (answer.ok && !answer.redirected) await keepPage(url, answer)
      }
      const cache = await caches.open(SHELL)
      const wanted = new Set(shell.map((one) => new URL(one, self.location.href).href))
      for (const old of await cache.keys()) if (!wanted.has(old.url)) await cache.delete(old)
      for (const one of wanted) if (!(await cache.match(one))) await cache.add(one).catch(() => {})
      event.source?.postMessage({ kept: url.pathname })
    })().catch(() => {}),
  )
})
