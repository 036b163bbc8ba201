// The page on which a certificate is dropped: hands the file to the worker, and shows the four answers in words.
// <div data-verify …> says where the worker, the roots and the status are; [data-verify-answers] is filled; the sentences stand in
// the page as JSON. Without a secure connection (no WebCrypto) or without workers the form stays what it was: an upload.
;(() => {
  const place = document.querySelector("[data-verify]")
  if (!place || !window.Worker) return
  const part = (name) => place.querySelector(`[data-verify-${name}]`)
  if (!window.isSecureContext || !crypto.subtle) {
    part("insecure").hidden = false
    return
  }
  const LARGEST_MB = 200
  const sentences = JSON.parse(document.getElementById("verify-sentences").textContent)
  const shown = document.querySelector("[data-verify-answers]")
  const input = part("input")
  const said = part("said")
  const ICONS = { yes: "check", no: "cross", unknown: "alert", success: "check", danger: "cross", warning: "alert" }
  let worker
  let running = 0

  for (const one of place.querySelectorAll("[data-verify-upload]")) one.hidden = true
  for (const one of place.querySelectorAll("[data-verify-local]")) one.hidden = false

  const words = (sentence, values = {}) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
  const moment = (iso) => {
    const zone = place.dataset.zone
    const date = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(new Date(iso))
    return `${date} (${zone})`
  }
  const icon = (element, name) => element.querySelector("use").setAttribute("href", `${place.dataset.icons}#${name}`)
  const say = (sentence, values) => (said.textContent = sentence ? words(sentence, values) : "")

  /** What the four amount to. The same order as in answers.py: what speaks against a file comes first. */
  function verdict({ unchanged, by, when, status }, other, state, proof) {
    if (unchanged.state === "no") return ["changed", "danger"]
    if (unchanged.state === "unknown") return [by.state === "unknown" ? "unsealed" : "open", "warning"]
    if (by.state === "no") return ["foreign", "warning"]
    if (other) return ["other", "danger"]
    if (proof?.code === "proof_false") return ["contradiction", "danger"]
    if (status.state === "no") return [sentences.verdicts[state] ? state : "standing", "danger"]
    return [by, when, status].every((one) => one.state === "yes") ? ["good", "success"] : ["open", "warning"]
  }

  function fill(row, { state, code, values }) {
    row.dataset.state = state
    icon(row, ICONS[state])
    row.querySelector("[data-answer-word]").textContent = sentences.states[state]
    const spoken = values.at ? { ...values, at: moment(values.at) } : values
    row.querySelector("[data-answer-text]").textContent = words(sentences.answers[code], spoken)
  }

  function show(file, { answers, certificate, proof, sha256 }) {
    const page = place.dataset.number
    const other = Boolean(page && certificate && certificate.number !== page)
    if (other) answers.status = { state: "no", code: "status_other", values: { number: certificate.number, page } }
    if (answers.status.code === "status_valid" && !answers.status.values.until) answers.status.code = "status_valid_open"
    if (!sentences.answers[answers.status.code]) answers.status.code = "status_changed"
    const [name, tone] = verdict(answers, other, certificate?.state, proof)
    shown.dataset.tone = tone
    const heading = shown.querySelector("[data-verify-verdict]")
    icon(heading, ICONS[tone])
    heading.querySelector("span").textContent = sentences.verdicts[name]
    shown.querySelector("[data-verify-file]").textContent = file.name
    shown.querySelector("[data-verify-digest]").textContent = sha256
    shown.querySelector("[data-verify-digest]").parentElement.hidden = false
    for (const row of shown.querySelectorAll("[data-answer]")) fill(row, answers[row.dataset.answer])
    shown.querySelector("[data-answer-proof]").textContent = proof ? words(sentences.proofs[proof.code], proof.values) : ""
    for (const [link, address] of [["page", page && !other ? null : certificate?.page], ["proof", certificate?.proof]]) {
      const element = shown.querySelector(`[data-verify-link="${link}"]`)
      element.hidden = !address
      if (address) element.href = address
    }
    shown.hidden = false
    say("")
    heading.focus()
  }

  function failed(why) {
    say(sentences.steps.failed, { why })
    for (const one of place.querySelectorAll("[data-verify-upload]")) one.hidden = false
  }

  function check(file) {
    worker?.terminate()
    shown.hidden = true
    if (file.size > LARGEST_MB * 1024 * 1024) return say(sentences.steps.too_large, { limit: LARGEST_MB })
    const mine = ++running
    place.dataset.busy = ""
    say(sentences.steps.reading)
    worker = new Worker(place.dataset.worker)
    const done = () => {
      delete place.dataset.busy
      worker.terminate()
    }
    worker.addEventListener("message", ({ data }) => {
      if (mine !== running) return
      if (data.step) return say(sentences.steps[data.step])
      done()
      if (data.error) failed(data.error)
      else show(file, data.result)
    })
    worker.addEventListener("error", (event) => {
      if (mine !== running) return
      done()
      failed(event.message || "worker")
    })
    worker.postMessage({ file, roots: new URL(place.dataset.roots, location).href, status: new URL(place.dataset.status, location).href })
  }

  // The same name chosen again may be another file by now; without this the browser would not say so.
  input.addEventListener("click", () => (input.value = ""))
  input.addEventListener("change", () => {
    if (input.files.length) check(input.files[0])
  })
  // A file dropped beside the place would otherwise take the page's place.
  const target = part("drop")
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault())
  for (const name of ["dragenter", "dragover"]) target.addEventListener(name, () => target.classList.add("is-over"))
  for (const name of ["dragleave", "drop"]) target.addEventListener(name, () => target.classList.remove("is-over"))
  target.addEventListener("drop", (event) => {
    const files = event.dataTransfer.files
    if (files.length > 1) return say(sentences.steps.one_only)
    if (!files.length) return
    input.files = files
    check(files[0])
  })
})()
