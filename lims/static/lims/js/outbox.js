// The durable outbox of a record sheet: an entry is written to localStorage before anything else and leaves it only when
// the server has answered for it. Every entry carries an id made here, so sending it twice stores it once.
;(() => {
  const BATCH = 40
  const LONGEST_WAIT = 30000

  const read = (key, fallback) => {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? fallback
    } catch {
      return fallback
    }
  }
  const makeId = () => {
    if (crypto.randomUUID) return crypto.randomUUID()
    // randomUUID exists only in secure contexts; a laboratory's plain-http address must work too.
    const b = crypto.getRandomValues(new Uint8Array(16))
    b[6] = (b[6] & 0x0f) | 0x40
    b[8] = (b[8] & 0x3f) | 0x80
    const h = [...b].map((x) => x.toString(16).padStart(2, "0")).join("")
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`
  }

  class Outbox extends EventTarget {
    /** Events: "state" (this.state, this.count changed) and "answer" (detail = the server's STATE). */
    constructor(key, url) {
      super()
      this.key = `${key}:outbox`
      this.draftKey = `${key}:draft`
      this.url = url
      this.sheets = `lims-sheets-${key.split(":")[1]}` // what worker.js keeps of this person
      this.stored = null // path → {value, origin, corrected} as last heard of the server
      this.kept = null // when what is shown was kept, while the server cannot be asked
      this.memory = null // stands in when the browser refuses storage
      this.failures = 0
      this.busy = false
      this.trouble = ""
      window.addEventListener("online", () => this.wake())
      window.addEventListener("offline", () => this.tell())
      document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.wake())
    }

    get entries() {
      return this.memory ?? read(this.key, [])
    }
    get count() {
      return this.entries.length
    }
    get state() {
      if (this.trouble === "login") return "login"
      if (!navigator.onLine || this.kept) return "offline"
      if (!this.count) return "saved"
      if (this.trouble) return this.trouble
      return this.busy ? "saving" : "pending"
    }

    write(entries) {
      try {
        if (entries.length) localStorage.setItem(this.key, JSON.stringify(entries))
        else localStorage.removeItem(this.key)
        this.memory = null
      } catch {
        this.memory = entries
        this.dispatchEvent(new Event("storage-refused"))
      }
    }
    keepDraft(path, value) {
      const drafts = read(this.draftKey, {})
      if (value === null) delete drafts[path]
      else drafts[path] = value
      try {
        localStorage.setItem(this.draftKey, JSON.stringify(drafts))
      } catch {
        this.dispatchEvent(new Event("storage-refused"))
      }
    }
    get drafts() {
      return read(this.draftKey, {})
    }

    add(change) {
      const entry = { entry: makeId(), live: null, reason: null, ...change, made_at: new Date().toISOString() }
      this.write([...this.entries, entry])
      this.tell()
      clearTimeout(this.timer)
      this.timer = setTimeout(() => this.send(), 120)
      return entry
    }
    wake() {
      this.failures = 0
      this.tell()
      this.send()
    }
    tell() {
      this.dispatchEvent(new Event("state"))
    }

    /** Ask for what is stored; null when the server cannot be asked now. */
    async load() {
      const answer = await this.call("GET")
      if (!answer?.evaluation) return null
      this.stored = { ...answer.values }
      this.remember(answer)
      return answer
    }
    /** Leaves the state of the sheet with the service worker, for the day it is opened without network. */
    async remember(answer) {
      if (!window.caches || !this.stored || this.kept) return
      for (const { path, value, origin, corrected } of answer.saved || []) this.stored[path] = { value, origin, corrected }
      const state = { ...answer, values: this.stored, saved: [], conflicts: [], refused: [] }
      const headers = { "Content-Type": "application/json", "X-Kept-At": new Date().toISOString() }
      const cache = await caches.open(this.sheets).catch(() => null)
      await cache?.put(this.url, new Response(JSON.stringify(state), { headers })).catch(() => {})
    }

    async send() {
      if (this.busy || !this.count) return this.tell()
      clearTimeout(this.timer)
      const batch = this.entries.slice(0, BATCH)
      this.busy = true
      this.tell()
      const answer = await this.call("PATCH", { entries: batch })
      this.busy = false
      if (answer) {
        const answered = new Set([...(answer.saved || []), ...(answer.conflicts || []), ...(answer.refused || [])].map((a) => a.entry))
        this.write(this.entries.filter((entry) => !answered.has(entry.entry)))
        for (const refused of answer.refused || []) refused.value = batch.find((entry) => entry.entry === refused.entry)?.value
        if (answered.size) {
          this.failures = 0
          this.remember(answer)
          this.dispatchEvent(new CustomEvent("answer", { detail: answer }))
        } else {
          this.trouble = "server"
          this.failures += 1
        }
      } else this.failures += 1
      this.tell()
      if (this.count && this.trouble !== "login") {
        const wait = this.failures ? Math.min(1000 * 2 ** (this.failures - 1), LONGEST_WAIT) : 0
        this.timer = setTimeout(() => this.send(), wait)
      }
    }

    /** The JSON answer, or null after setting `trouble`: "login", "server" or "" (the network is away). */
    async call(method, body) {
      let response
      try {
        response = await fetch(this.url, {
          method,
          headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": window.lims.csrf() },
          body: body && JSON.stringify(body),
          credentials: "same-origin",
          redirect: "manual",
        })
      } catch {
        this.trouble = ""
        return null
      }
      const json = (response.headers.get("Content-Type") || "").includes("json") ? await response.json().catch(() => null) : null
      if (response.type === "opaqueredirect" || response.status === 401 || (response.status === 403 && !json)) {
        this.trouble = "login"
        return null
      }
      if (json?.evaluation) {
        this.trouble = ""
        this.kept = response.headers.get("X-Kept-At")
        return json
      }
      if (json?.reasons && body) {
        this.trouble = ""
        return { saved: [], conflicts: [], refused: body.entries.map((e) => ({ entry: e.entry, path: e.path, reasons: json.reasons })) }
      }
      this.trouble = "server"
      return null
    }
  }
  window.lims.Outbox = Outbox
})()
