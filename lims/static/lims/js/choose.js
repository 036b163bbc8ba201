// The box in the head of a list ticks and unticks all of its rows. Without scripts every row is ticked by itself.
for (const form of document.querySelectorAll("[data-choose]")) {
  const all = form.querySelector("[data-choose-all]");
  const rows = [...form.querySelectorAll('tbody input[type="checkbox"]')];
  const show = () => {
    const ticked = rows.filter((row) => row.checked).length;
    all.checked = ticked === rows.length;
    all.indeterminate = ticked > 0 && ticked < rows.length;
  };
  all.addEventListener("change", () => rows.forEach((row) => (row.checked = all.checked)));
  form.addEventListener("change", (event) => event.target !== all && show());
  show();
}
