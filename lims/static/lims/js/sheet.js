// The record sheet. The server renders a complete table of inputs; this file makes it quick and safe to fill.
//
// DOM contract (templates/components/sheet/*.html write it):
//   [data-sheet]            the whole sheet; data-record, data-user (storage key), data-url (GET state, PATCH entries), data-editable
//   input/select[data-path] one value; the path is its place in the record data, e.g. items.zero.rows[0].runs[1].E_end
//     data-saved            the stored value; data-kind decimal|text|choice; data-source typed|rig (where it should come from);
//     data-quantity/-role/-channel  what to take from the rig; radio inputs share one data-path
//   [data-take]             button beside an input: take the live value (phones); Space does the same
//   [data-computed] [data-limit] [data-conclusion] [data-plot] [data-next-missing]   painted by paint.js
//   [data-sheet-status] [data-sheet-problems] [data-words] dialog[data-dialog=reason|conflict]
//   form[data-sheet-submit] is held back until everything is stored
// Keys: Enter next cell (table[data-enter] "down" or "next"), arrows, Space take, Escape restore.
//
// A value is stored when its cell is left; each keystroke is kept on the device meanwhile, as a draft that only the person
// makes a value: by leaving the cell, or by submitting. A stored value that changes asks why; a draft or a value that the
// procedure laid out does not.
// PATCH {"entries":[{entry, path, value, previous, source, live, reason, made_at}]}
//   → {version, saved:[], conflicts:[{entry, path, yours, theirs, by, at}], refused:[{entry, path, reasons}], evaluation}
;(() => {
  const root = document.querySelector("[data-sheet]")
  if (!root) return
  const { record, user, url, editable } = root.dataset
  const word = window.lims.words(root)
  const outbox = new window.lims.Outbox(`sheet:${user}:${record}`, url)
  const fields = [...root.querySelectorAll("[data-path]")]
  const byPath = new Map()
  for (const field of fields) byPath.set(field.dataset.path, [...(byPath.get(field.dataset.path) || []), field])
  const committed = new Map() // path → the value that is stored, or will be once the outbox is empty
  const laid = new Map() // path → the value that the procedure proposes and nobody has put down yet
  const problems = new Map() // path → {text, action}
  const conflicts = []

  const isRadio = (field) => field.type === "radio"
  const valueOf = (path) => {
    const group = byPath.get(path)
    return isRadio(group[0]) ? group.find((f) => f.checked)?.value || "" : group[0].value
  }
  const setValue = (path, value) => {
    for (const field of byPath.get(path) || []) {
      if (isRadio(field)) field.checked = field.value === value
      else field.value = value
    }
  }
  const labelOf = (path) => {
    const field = byPath.get(path)[0]
    return isRadio(field) ? field.closest("fieldset").querySelector("legend").textContent.trim() : field.getAttribute("aria-label")
  }
  const mark = (path, name, value) => {
    for (const field of byPath.get(path) || []) {
      if (value) field.dataset[name] = value
      else delete field.dataset[name]
    }
  }

  // ---- What the person is told -------------------------------------------------------------------------------------
  const status = root.querySelector("[data-sheet-status]")
  function showState() {
    const { state, count } = outbox
    const tone = { saved: "success", saving: "progress", pending: "progress", offline: "warning", login: "danger", server: "warning" }[state]
    const text = { saved: word.saved, saving: word.saving, pending: `${word.pending} ${count}`, offline: count ? `${word.offline} · ${word.pending} ${count}` : word.offline, login: word.login, server: `${word.pending} ${count} · ${word.server}` }[state]
    if (status.textContent === text) return
    status.className = `sheet-status state state-${tone}`
    status.dataset.state = state
    status.replaceChildren(window.lims.icon({ saved: "check", saving: "cloud", pending: "cloud", offline: "offline", login: "key", server: "offline" }[state]), text)
  }
  function showProblems() {
    const box = root.querySelector("[data-sheet-problems]")
    const lines = [...problems].map(([path, { text, action, tone }]) => {
      const line = Object.assign(document.createElement("div"), { className: `notice notice-${tone || "danger"}` })
      const body = document.createElement("div")
      if (byPath.has(path)) {
        const jump = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: labelOf(path) })
        jump.addEventListener("click", () => focus(path))
        body.append(jump, " ")
      }
      body.append(text)
      if (action) body.append(Object.assign(document.createElement("div"), { className: "text-quiet", textContent: `${word.action}:${action}` }))
      line.append(window.lims.icon({ warning: "alert", info: "edit" }[tone] || "cross"), body)
      return line
    })
    box.replaceChildren(...lines)
    for (const [path, group] of byPath) for (const field of group) field.setAttribute("aria-invalid", String(problems.get(path)?.tone === "danger"))
  }
  const complain = (path, text, action = "", tone = "danger") => {
    problems.set(path, { text, action, tone })
    showProblems()
  }
  const forgive = (path) => problems.delete(path) && showProblems()

  function focus(path) {
    const group = byPath.get(path)
    if (!group) return
    const field = group.find((f) => f.checked) || group[0]
    field.focus()
    field.scrollIntoView({ block: "center" })
    field.select?.()
  }

  // ---- Dialogs: one question at a time -----------------------------------------------------------------------------
  const show = (text) => (text === "" ? word.empty : text)
  let asking = Promise.resolve()
  function ask(name, prepare) {
    const dialog = root.querySelector(`dialog[data-dialog="${name}"]`)
    asking = asking.then(
      () =>
        new Promise((resolve) => {
          const form = dialog.querySelector("form")
          form.reset()
          prepare(dialog)
          dialog.returnValue = ""
          dialog.addEventListener("close", () => resolve({ answer: dialog.returnValue, form: new FormData(form) }), { once: true })
          dialog.showModal()
        }),
    )
    return asking
  }
  const reasonText = root.querySelector('dialog[data-dialog="reason"] [name="text"]')
  root.querySelector('dialog[data-dialog="reason"]').addEventListener("change", (event) => {
    if (event.target.name === "reason") reasonText.required = event.target.value === "other"
  })
  async function askReason(path, before, after) {
    reasonText.required = false
    const { answer, form } = await ask("reason", (dialog) => {
      dialog.querySelector("[data-reason-label]").textContent = labelOf(path)
      dialog.querySelector("[data-reason-old]").textContent = spoken(path, before)
      dialog.querySelector("[data-reason-new]").textContent = spoken(path, after)
    })
    return answer === "save" ? { code: form.get("reason"), text: form.get("text").trim() } : null
  }
  /** The value of a radio or a list as its label says it. */
  function spoken(path, value) {
    const [field] = byPath.get(path)
    if (field.dataset.kind === "choice") return [...field.options].find((o) => o.value === value)?.textContent ?? show(value)
    const choice = byPath.get(path).find((f) => isRadio(f) && f.value === value)
    return choice ? choice.closest("label").textContent.trim() : show(value)
  }

  // ---- Storing -----------------------------------------------------------------------------------------------------
  /** Full-width digits and signs of a Chinese input method become plain ones; ".5" becomes "0.5". */
  function tidy(text) {
    const plain = text.normalize("NFKC").replace(/[。．]/g, ".").replace(/[−–—ー]/g, "-").replace(/\s+/g, "")
    return plain.replace(/^([+-]?)\./, "$10.").replace(/\.$/, "")
  }
  /** Paths with text on the device that the person has not made a value yet. */
  const drafts = () => Object.entries(outbox.drafts).filter(([path, text]) => byPath.has(path) && text !== committed.get(path)).map(([path]) => path)
  const waiting = new Set() // paths whose reason is being asked
  async function store(path, live = null) {
    if (editable !== "yes" || waiting.has(path)) return
    const field = byPath.get(path)[0]
    if (field.dataset.kind === "decimal") field.value = tidy(field.value)
    const value = valueOf(path)
    const previous = committed.get(path)
    if (value === previous) {
      outbox.keepDraft(path, null)
      mark(path, "state", "")
      return forgive(path)
    }
    if (field.dataset.kind === "decimal" && value !== "" && !/^[+-]?\d+(\.\d+)?$/.test(value)) return complain(path, word["not-number"])
    let reason = null
    if (previous !== "" && laid.get(path) !== previous) {
      waiting.add(path)
      reason = await askReason(path, previous, value)
      waiting.delete(path)
      if (!reason) {
        setValue(path, previous)
        outbox.keepDraft(path, null)
        mark(path, "state", "")
        return forgive(path)
      }
    }
    queue(path, value, previous, reason, live)
  }
  function queue(path, value, previous, reason, live) {
    committed.set(path, value)
    laid.delete(path)
    outbox.add({ path, value, previous, source: live ? "rig" : "typed", live: live && { session: live.session, channel: live.channel, reading: live.reading }, reason })
    outbox.keepDraft(path, null)
    mark(path, "state", "pending")
    for (const output of root.querySelectorAll("[data-computed]")) output.dataset.stale = "yes"
    forgive(path)
  }

  function accept(stored) {
    const { path, value, origin, corrected } = stored
    if (!byPath.has(path)) return
    const stillWaiting = outbox.entries.some((entry) => entry.path === path)
    mark(path, "state", stillWaiting ? "pending" : "")
    mark(path, "origin", origin)
    mark(path, "corrected", corrected ? "yes" : "")
    if (!stillWaiting && valueOf(path) === committed.get(path)) {
      committed.set(path, value)
      setValue(path, value)
    }
    const marks = byPath.get(path)[0].parentElement.querySelector("[data-marks]")
    if (!marks) return
    const signs = []
    if (corrected) signs.push(["corrected", "edit", word.corrected])
    if (origin === "rig") signs.push(["rig", "rig", word.rig])
    else if (origin === "typed" && byPath.get(path)[0].dataset.source === "rig") signs.push(["typed", "user", word.typed])
    marks.replaceChildren(...signs.map(([name, sign, title]) => {
      const span = Object.assign(document.createElement("span"), { className: `sign sign-${name}`, title })
      span.append(window.lims.icon(sign))
      return span
    }))
  }
  function answered(state) {
    for (const stored of state.saved || []) accept(stored)
    for (const refused of state.refused || []) {
      const [first] = refused.reasons
      mark(refused.path, "state", "refused")
      complain(refused.path, `${word.refused} “${show(refused.value ?? "")}”:${refused.reasons.map((r) => r.text).join(" ")}`, first?.action)
      if (refused.stored !== undefined) committed.set(refused.path, refused.stored)
      else reload()
    }
    for (const conflict of state.conflicts || []) {
      conflicts.push(conflict)
      settle(conflict)
    }
    if (state.evaluation) evaluated(state.evaluation)
  }
  function evaluated(evaluation) {
    window.lims.paint(root, evaluation, word)
    for (const [path, problem] of [...problems]) if (problem.tone === "warning") problems.delete(path)
    const language = document.documentElement.lang.startsWith("en") ? "en" : "zh"
    for (const warning of evaluation.warnings || []) if (!problems.has(warning.path)) problems.set(warning.path, { text: warning.text[language] ?? warning.text, tone: "warning" })
    showProblems()
  }

  async function settle(conflict) {
    const { path, yours, theirs, by, at } = conflict
    mark(path, "state", "conflict")
    const { answer } = await ask("conflict", (dialog) => {
      dialog.querySelector("[data-conflict-label]").textContent = labelOf(path)
      dialog.querySelector("[data-conflict-by]").textContent = `${by} ${new Date(at).toLocaleString(document.documentElement.lang)}`
      dialog.querySelector("[data-conflict-theirs]").textContent = spoken(path, theirs)
      dialog.querySelector("[data-conflict-yours]").textContent = spoken(path, yours)
    })
    committed.set(path, theirs)
    setValue(path, theirs)
    mark(path, "state", "")
    conflicts.splice(conflicts.indexOf(conflict), 1)
    if (answer !== "yours") return
    const reason = theirs === "" ? null : await askReason(path, theirs, yours)
    if (theirs !== "" && !reason) return
    setValue(path, yours)
    queue(path, yours, theirs, reason, null)
  }

  let again // the timer that asks once more for what the server has, while it cannot be asked
  async function reload() {
    const state = await outbox.load()
    outbox.tell()
    if (!state) return
    const queued = new Set(outbox.entries.map((entry) => entry.path))
    for (const [path, stored] of Object.entries(state.values || {})) {
      if (!byPath.has(path) || queued.has(path) || waiting.has(path)) continue
      const untouched = valueOf(path) === committed.get(path)
      committed.set(path, stored.value)
      laid.delete(path)
      if (untouched && document.activeElement !== byPath.get(path)[0]) setValue(path, stored.value)
      accept({ path, ...stored })
    }
    evaluated(state.evaluation)
    problems.delete("kept")
    if (outbox.kept) {
      complain("kept", `${word.kept} (${new Date(outbox.kept).toLocaleString(document.documentElement.lang)})`, "", "info")
      clearTimeout(again)
      again = setTimeout(reload, 15000)
    } else showProblems()
  }
  window.addEventListener("online", () => outbox.kept && reload())

  // ---- Taking from the rig -----------------------------------------------------------------------------------------
  const wanted = (field) => ({ channel: field.dataset.channel, quantity: field.dataset.quantity, role: field.dataset.role })
  async function takeLive(field) {
    const path = field.dataset.path
    const { reading, problem } = window.lims.live ? window.lims.live.pick(wanted(field)) : { problem: "no-live" }
    if (problem) return complain(path, word[problem])
    field.value = reading.value
    if (reading.value === committed.get(path) && field.dataset.origin === "rig") return move(field, "Enter")
    if (reading.value === committed.get(path)) return forgive(path)
    await store(path, reading)
    move(field, "Enter")
  }

  // ---- Moving ------------------------------------------------------------------------------------------------------
  /** Places of inputs in a table, row spans counted, so that "down" means the cell one sees below. */
  const grids = new Map()
  for (const table of root.querySelectorAll("table.entry")) {
    const grid = []
    const spans = []
    for (const [r, row] of [...table.tBodies].flatMap((body) => [...body.rows]).entries()) {
      grid[r] = []
      let c = 0
      for (const cell of row.cells) {
        while (spans[c] > 0) spans[c++] -= 1
        const input = cell.querySelector("input[data-path]:not([readonly]), select[data-path]:enabled")
        grid[r][c] = input || null
        for (let i = 0; i < cell.colSpan; i += 1) spans[c++] = cell.rowSpan - 1
      }
      for (; c < spans.length; c += 1) if (spans[c] > 0) spans[c] -= 1
    }
    grids.set(table, grid)
  }
  const stops = fields.filter((field, i) => !field.readOnly && !field.disabled && (!isRadio(field) || fields.findIndex((f) => f.dataset.path === field.dataset.path) === i))
  function move(field, key) {
    const table = field.closest("table.entry")
    const grid = table && grids.get(table)
    const order = stops.findIndex((f) => f.dataset.path === field.dataset.path)
    let next = null
    if (grid) {
      const r = grid.findIndex((row) => row.includes(field))
      const c = grid[r].indexOf(field)
      const width = Math.max(...grid.map((row) => row.length))
      const inColumn = (column, from, step) => {
        for (let i = from; i >= 0 && i < grid.length; i += step) if (grid[i][column]) return grid[i][column]
        return null
      }
      if (key === "ArrowDown" || (key === "Enter" && table.dataset.enter !== "next")) {
        next = inColumn(c, r + 1, 1)
        for (let column = c + 1; key === "Enter" && !next && column < width; column += 1) next = inColumn(column, 0, 1)
        if (!next) next = stops.slice(order + 1).find((f) => !table.contains(f)) || null
      } else if (key === "ArrowUp") next = inColumn(c, r - 1, -1) || stops.slice(0, order).reverse().find((f) => !table.contains(f)) || null
    }
    if (!next && (!grid || key === "Enter" || key === "ArrowRight" || key === "ArrowLeft")) next = stops[order + (key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1)]
    if (!next) return field.blur()
    next.focus()
    if (!isRadio(next)) next.select?.()
  }
  /** Left and right leave the cell only where the caret cannot move further. */
  function atEdge(field, key) {
    const { selectionStart: from, selectionEnd: to, value } = field
    if (from === 0 && to === value.length) return true
    return key === "ArrowLeft" ? to === 0 : from === value.length
  }

  root.addEventListener("keydown", (event) => {
    const field = event.target.closest("[data-path]")
    if (!field || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
    const { key } = event
    if (isRadio(field) || field.dataset.kind === "choice") {
      if (key !== "Enter") return
      event.preventDefault()
      return move(field, key)
    }
    if (key === " " && field.dataset.kind === "decimal") {
      event.preventDefault()
      if (!field.readOnly) takeLive(field)
    } else if (key === "Escape") {
      setValue(field.dataset.path, committed.get(field.dataset.path))
      outbox.keepDraft(field.dataset.path, null)
      mark(field.dataset.path, "state", "")
      forgive(field.dataset.path)
    } else if (key === "Enter" || key === "ArrowDown" || key === "ArrowUp" || ((key === "ArrowLeft" || key === "ArrowRight") && atEdge(field, key))) {
      if (event.shiftKey && key !== "Enter") return
      event.preventDefault()
      move(field, key === "Enter" && event.shiftKey ? "ArrowUp" : key)
    }
  })
  root.addEventListener("input", (event) => {
    const field = event.target.closest("[data-path]")
    if (!field || isRadio(field)) return
    mark(field.dataset.path, "state", "draft")
    outbox.keepDraft(field.dataset.path, field.value)
  })
  root.addEventListener("focusin", (event) => {
    const field = event.target.closest("[data-path]")
    if (field) window.lims.live?.point(field.dataset.source === "rig" ? wanted(field) : null)
  })
  root.addEventListener("focusout", (event) => {
    const field = event.target.closest("[data-path]")
    // When the whole window loses the focus the cell keeps it: nobody has left it yet.
    if (field === document.activeElement) return
    if (field && !isRadio(field) && !field.readOnly && !event.relatedTarget?.closest?.("[data-take]")) store(field.dataset.path)
  })
  root.addEventListener("change", (event) => {
    const field = event.target.closest("[data-path]")
    if (field && (isRadio(field) || field.dataset.kind === "choice")) store(field.dataset.path)
  })
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-take]")
    if (button) takeLive(button.parentElement.querySelector("[data-path]"))
    const missing = event.target.closest("[data-next-missing]")
    if (missing) focus(JSON.parse(missing.dataset.paths || "[]").find((path) => byPath.has(path)))
  })

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-sheet-submit]")
    if (!form || form.dataset.clear === "yes") return
    event.preventDefault()
    forgive("")
    if (document.activeElement?.dataset?.path) document.activeElement.blur()
    await asking
    for (const path of drafts()) await store(path)
    if (drafts().length) return
    await new Promise((resolve) => setTimeout(resolve, 150))
    await outbox.send()
    for (let i = 0; i < 20 && outbox.busy; i += 1) await new Promise((resolve) => setTimeout(resolve, 100))
    const reached = await outbox.load()
    if (!reached || outbox.count || outbox.state === "offline") {
      // The passphrase is asked anew when the network is back: it is kept nowhere, not even in the field.
      for (const secret of form.querySelectorAll("input[type=password]")) secret.value = ""
      return complain("", word[outbox.count ? "submit-offline" : "submit-unreachable"])
    }
    if (conflicts.length) return complain("", word["conflict-other"])
    form.dataset.clear = "yes"
    form.requestSubmit(event.submitter)
  })

  // ---- Start: what is on the device comes back first ---------------------------------------------------------------
  for (const [path, [field]] of byPath) {
    committed.set(path, valueOf(path))
    if (field.dataset.origin === "" && valueOf(path) !== "") laid.set(path, valueOf(path))
  }
  for (const entry of outbox.entries) {
    if (!byPath.has(entry.path)) continue
    committed.set(entry.path, entry.value)
    laid.delete(entry.path)
    setValue(entry.path, entry.value)
    mark(entry.path, "state", "pending")
  }
  if (editable === "yes")
    for (const path of drafts()) {
      setValue(path, outbox.drafts[path])
      mark(path, "state", "draft")
      complain(path, word.draft, "", "info")
    }
  outbox.addEventListener("state", showState)
  outbox.addEventListener("answer", (event) => answered(event.detail))
  outbox.addEventListener("storage-refused", () => complain("", word.storage, "", "warning"))
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && !outbox.count && reload())
  showState()
  reload().then(() => outbox.send())
})()
