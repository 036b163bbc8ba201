// Orders to a rig: a form with data-confirm-dialog is sent only after the dialog that names instrument, command, value and unit.
;(() => {
  document.addEventListener("htmx:confirm", (event) => {
    const form = event.detail.elt
    const dialog = form.dataset?.confirmDialog && document.getElementById(form.dataset.confirmDialog)
    if (!dialog) return
    event.preventDefault()
    const value = form.elements.value?.value.trim() || ""
    const said = { instrument: form.dataset.instrument, title: form.dataset.title, value, unit: form.dataset.unit }
    for (const [name, text] of Object.entries(said)) dialog.querySelector(`[data-confirm="${name}"]`).textContent = text
    dialog.querySelector("[data-confirm-row]").hidden = !value
    const go = dialog.querySelector("[data-confirm-go]")
    const send = () => {
      dialog.close()
      event.detail.issueRequest(true)
    }
    go.addEventListener("click", send, { once: true })
    dialog.addEventListener("close", () => go.removeEventListener("click", send), { once: true })
    dialog.showModal()
  })
})()
