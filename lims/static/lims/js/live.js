// Live panel: newest value of each rig channel over an event stream, with reconnect and an honest sign when it is old.
//   <aside data-live="URL"> … <div data-live-channel="energy" data-quantity="energy" data-role="reference_meter"> … <span data-live-value>
// Stream: event "readings" {"session","at","channels":[{"channel","quantity","role","value","unit","quality","reading"}]}
//         event "state"    {"state":"capturing|idle|absent|error","text":"…"}
;(() => {
  const OLD = 5000
  const GOOD = new Set(["good", "ok"])
  const TONE = { capturing: "progress", idle: "neutral", absent: "danger", error: "danger", stale: "warning", lost: "warning", connecting: "neutral" }
  const latest = new Map()
  const word = (name, fallback) => document.querySelector(`[data-word="${name}"]`)?.textContent || fallback

  function start(panel) {
    let source
    let wait = 1000
    let heard = 0
    let seen = "" // number of the last reading: a stream opened anew goes on there
    let state = "connecting"
    const badge = panel.querySelector("[data-live-badge]")
    const text = panel.querySelector("[data-live-text]")
    const show = (name, words) => {
      state = name
      panel.dataset.liveState = name
      badge.className = `state state-${TONE[name] || "neutral"} live-state`
      if (words && text.textContent !== words) text.textContent = words
    }
    const connect = () => {
      source?.close()
      source = new EventSource(seen ? `${panel.dataset.live}?last=${seen}` : panel.dataset.live)
      source.addEventListener("open", () => {
        wait = 1000
        if (state === "lost") show("connecting", word("connecting", "…"))
      })
      source.addEventListener("state", (event) => {
        const message = JSON.parse(event.data)
        show(message.state, message.text)
      })
      source.addEventListener("readings", (event) => {
        const message = JSON.parse(event.data)
        heard = performance.now()
        seen = event.lastEventId
        // A viewer who comes late is told first how the session stands, then its last readings: those do not make it live again.
        if (["connecting", "lost", "stale"].includes(state)) show("capturing", word("live", "live"))
        for (const reading of message.channels) {
          latest.set(reading.channel, { ...reading, session: message.session, heard, panel })
          const slot = panel.querySelector(`[data-live-channel="${CSS.escape(reading.channel)}"]`)
          if (!slot) continue
          slot.querySelector("[data-live-value]").textContent = reading.value ?? "—"
          slot.dataset.quality = GOOD.has(reading.quality) ? "good" : "bad"
          slot.removeAttribute("data-stale")
        }
      })
      source.addEventListener("error", () => {
        show("lost", word("reconnecting", "…"))
        // The browser retries a dropped stream by itself; after a refused one (HTTP error) it gives up, so we do it.
        if (source.readyState !== EventSource.CLOSED) return
        setTimeout(connect, wait)
        wait = Math.min(wait * 2, 30000)
      })
    }
    setInterval(() => {
      for (const [channel, reading] of latest) {
        if (reading.panel !== panel || performance.now() - reading.heard < OLD) continue
        panel.querySelector(`[data-live-channel="${CSS.escape(channel)}"]`)?.setAttribute("data-stale", "yes")
      }
      if (state === "capturing" && heard && performance.now() - heard > OLD) show("stale", word("stale", "…"))
    }, 1000)
    window.addEventListener("pagehide", () => source?.close())
    window.addEventListener("pageshow", (event) => event.persisted && connect())
    connect()
  }

  const matches = (reading, wanted) => {
    if (wanted.channel) return reading.channel === wanted.channel
    return reading.quantity === wanted.quantity && (!reading.role || !wanted.role || reading.role === wanted.role)
  }

  window.lims.live = {
    /** The live reading for a cell's {channel, quantity, role}: {reading} or {problem: "no-live" | "stale" | "bad-quality"}. */
    pick(wanted) {
      if (!wanted.channel && !wanted.quantity) return { problem: "no-live" }
      const found = [...latest.values()].find((reading) => matches(reading, wanted))
      if (!found || found.value == null) return { problem: "no-live" }
      if (performance.now() - found.heard > OLD) return { problem: "stale" }
      if (!GOOD.has(found.quality)) return { problem: "bad-quality" }
      return { reading: found }
    },
    /** Show which channel the cell in hand would take. */
    point(wanted) {
      const rightOne = wanted && [...latest.values()].find((reading) => matches(reading, wanted))?.channel
      for (const slot of document.querySelectorAll("[data-live-channel]")) slot.toggleAttribute("data-active", slot.dataset.liveChannel === rightOne)
    },
  }
  document.querySelectorAll("[data-live]").forEach(start)
})()
