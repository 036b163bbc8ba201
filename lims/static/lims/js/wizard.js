// The wizard: show the fields of the chosen protocol. Everything else is parts of the page that the server sends.
;(() => {
  const choice = document.querySelector("[data-protocol]")
  const show = () => {
    for (const part of document.querySelectorAll("[data-for-protocol]")) part.hidden = part.dataset.forProtocol !== choice.value
  }
  choice?.addEventListener("change", show)
  if (choice) show()
})()
