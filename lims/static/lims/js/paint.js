// Puts an evaluation (JSON `evaluation/1` from the server) onto the sheet. Digits are shown exactly as the server printed
// them: nothing here computes, rounds or compares numbers.
;(() => {
  const steps = (path) => path.replace(/\[(\d+)\]/g, ".$1").split(".").filter(Boolean)
  const at = (root, path) => steps(path).reduce((value, step) => (value == null ? undefined : value[step]), root)
  const TONE = { pass: "success", fail: "danger", undecided: "warning", incomplete: "neutral" }
  const ICON = { success: "check", danger: "cross", warning: "alert", neutral: "dot" }

  const icon = (name) => {
    const sprite = document.querySelector("svg.icon use")?.getAttribute("href")?.split("#")[0]
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use")
    svg.setAttribute("class", "icon")
    svg.setAttribute("aria-hidden", "true")
    use.setAttribute("href", `${sprite}#${name}`)
    svg.append(use)
    return svg
  }
  const words = (root) => Object.fromEntries([...root.querySelectorAll("[data-word]")].map((e) => [e.dataset.word, e.textContent]))
  const hidden = (text) => Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: text })

  const interval = (limit) => {
    // An open side is "" in the evaluation.
    const [lower, upper] = [limit.lower, limit.upper].map((edge) => (edge === "" ? null : edge))
    if (lower != null && upper != null) return `-${String(upper).replace(/^\+/, "")}` === String(lower) ? `±${upper}` : `${lower} ～ ${upper}`
    if (upper != null) return `≤ ${upper}`
    return lower != null ? `≥ ${lower}` : ""
  }

  /** Every judged limit with the path of the value it judges. */
  function* limitsOf(evaluation) {
    for (const [id, item] of Object.entries(evaluation.items || {})) {
      const base = `items.${id}`
      for (const limit of item.limits || []) yield [`${base}.columns.${limit.column}`, limit]
      for (const [i, row] of (item.rows || []).entries()) {
        for (const limit of row.limits || []) yield [`${base}.rows[${i}].columns.${limit.column}`, limit]
        for (const [j, run] of (row.runs || []).entries())
          for (const limit of run.limits || []) yield [`${base}.rows[${i}].runs[${j}].columns.${limit.column}`, limit]
      }
    }
  }

  function paint(root, evaluation, word) {
    const limits = new Map(limitsOf(evaluation))
    for (const output of root.querySelectorAll("[data-computed]")) {
      const value = at(evaluation, output.dataset.computed)
      const result = limits.get(output.dataset.computed)?.result || ""
      output.dataset.result = result
      output.removeAttribute("data-stale")
      output.replaceChildren(value?.printed ?? value?.value ?? "")
      if (result === "fail") output.append(icon("cross"), hidden(word.out))
      if (result === "undecided") output.append(icon("alert"), hidden(word.undecided))
    }
    for (const cell of root.querySelectorAll("[data-limit]")) {
      const limit = limits.get(cell.dataset.limit)
      if (limit) cell.textContent = interval(limit)
    }
    for (const badge of root.querySelectorAll("[data-conclusion]")) {
      const place = badge.dataset.conclusion ? at(evaluation, badge.dataset.conclusion) : evaluation
      badge.hidden = !place // a table that is no item of the procedure has no conclusion
      const conclusion = place?.conclusion || "incomplete"
      const tone = TONE[conclusion] || "neutral"
      badge.dataset.result = conclusion
      badge.className = `state state-${tone}`
      badge.replaceChildren(icon(ICON[tone]), word[conclusion] || conclusion)
    }
    for (const list of root.querySelectorAll("[data-corrections]")) {
      const lines = evaluation.corrections?.[list.dataset.corrections] || []
      list.replaceChildren(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })))
      list.parentElement.hidden = !lines.length
    }
    const missing = evaluation.missing || []
    const button = root.querySelector("[data-next-missing]")
    if (button) {
      button.hidden = !missing.length
      button.querySelector("[data-missing-count]").textContent = `${word.missing} ${missing.length}`
      button.dataset.paths = JSON.stringify(missing.map((m) => m.path))
    }
    for (const figure of root.querySelectorAll("[data-plot]")) window.lims.plot?.(figure, series(evaluation, figure.dataset, limits))
  }

  /** Points of one figure: {xs, lines: [{label, ys}], lower, upper, out}; text is turned into numbers for drawing only. */
  function series(evaluation, { plot, x, y }, limits) {
    const rows = evaluation.items?.[plot]?.rows || []
    const number = (text) => (text == null || text === "" ? null : Number(text))
    const xs = rows.map((row) => number(at(row, x)?.value ?? at(row, x)))
    const perRun = !rows.some((row) => row.columns?.[y])
    const runs = perRun ? Math.max(0, ...rows.map((row) => row.runs?.length || 0)) : 1
    const place = (i, j) => (perRun ? `items.${plot}.rows[${i}].runs[${j}].columns.${y}` : `items.${plot}.rows[${i}].columns.${y}`)
    const lines = Array.from({ length: runs }, (_, j) => ({
      ys: rows.map((_row, i) => number(at(evaluation, place(i, j))?.printed ?? at(evaluation, place(i, j))?.value)),
      out: rows.map((_row, i) => limits.get(place(i, j))?.result === "fail"),
    }))
    const edge = (name) => rows.map((_row, i) => number(limits.get(place(i, 0))?.[name]))
    return { xs, names: rows.map((row, i) => row.point ?? String(i + 1)), lines, lower: edge("lower"), upper: edge("upper") }
  }

  Object.assign(window.lims, { paint, words, icon })
})()
