// The error plot: measured errors over the test points inside the band of permissible error (uPlot). A drawing for the eye;
// the numbers stand in the table beside it.
;(() => {
  const shown = new WeakMap()
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

  function build(figure, data) {
    const box = figure.querySelector(".plot-canvas")
    const old = shown.get(figure)
    old?.chart?.destroy()
    const drawn = data.lines.some((line) => line.ys.some((value) => value !== null))
    figure.hidden = !drawn
    if (!drawn || !window.uPlot) return shown.set(figure, { data, chart: null })

    // Two points may share an x (same current, another voltage): then the points themselves are the axis.
    const usable = data.xs.every((x) => x !== null) && new Set(data.xs).size === data.xs.length
    const order = data.xs.map((_, i) => i)
    if (usable) order.sort((a, b) => data.xs[a] - data.xs[b])
    const pick = (values) => order.map((i) => values[i])
    const xs = usable ? pick(data.xs) : order.map((_, i) => i + 1)

    const quiet = colour("--quiet")
    const axis = { stroke: quiet, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px sans-serif", labelFont: "12px sans-serif", labelSize: 22, size: 34 }
    const danger = colour("--danger")
    const strokes = [colour("--accent"), colour("--warning"), colour("--progress"), colour("--success")]
    const edge = { stroke: danger, width: 1.5, dash: [6, 4], points: { show: false }, spanGaps: true }
    // One point alone still stands inside its band, not on a line without width.
    const aside = xs.length === 1 ? 1 : 0
    const beside = (values, ends) => (aside ? [ends, ...values, ends] : values)
    const columns = [aside ? [xs[0] - aside, xs[0], xs[0] + aside] : xs, beside(pick(data.upper), data.upper[0]), beside(pick(data.lower), data.lower[0])]
    const series = [{}, edge, edge]
    for (const [n, line] of data.lines.entries()) {
      const ys = pick(line.ys)
      columns.push(beside(ys, null), beside(pick(line.ys.map((value, i) => (line.out[i] ? value : null))), null))
      series.push({ stroke: strokes[n % strokes.length], width: 2, spanGaps: true, points: { show: true, size: 8, width: 2, fill: colour("--paper") } })
      series.push({ stroke: danger, width: 0, points: { show: true, size: 12, width: 2.5, stroke: danger, fill: colour("--danger-soft") } })
    }
    const flat = columns.slice(1).flat().filter((value) => value !== null && Number.isFinite(value))
    const reach = Math.max(...flat.map(Math.abs), 0) * 1.25 || 1
    const chart = new window.uPlot(
      {
        width: box.clientWidth || 320,
        height: 220,
        legend: { show: false },
        cursor: { show: false },
        padding: [10, 14, 0, 0],
        scales: { x: { time: false, range: (_u, low, high) => (aside ? [xs[0] - aside, xs[0] + aside] : [low - (high - low) * 0.05, high + (high - low) * 0.05]) }, y: { range: flat.some((v) => v < 0) ? [-reach, reach] : [Math.min(0, ...flat), reach] } },
        axes: [
          { ...axis, label: figure.dataset.xLabel, values: usable ? undefined : (_u, ticks) => ticks.map((t) => (Number.isInteger(t) ? (data.names[t - 1] ?? "") : "")) },
          { ...axis, label: figure.dataset.yLabel, size: 52 },
        ],
        series,
        bands: [{ series: [1, 2], fill: `color-mix(in srgb, ${colour("--success")} 14%, transparent)` }],
      },
      columns,
      box,
    )
    shown.set(figure, { data, chart })
  }

  const again = (figure) => shown.has(figure) && build(figure, shown.get(figure).data)
  const every = (action) => document.querySelectorAll("[data-plot]").forEach(action)
  const watcher = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const entry = shown.get(target.closest("[data-plot]"))
      if (entry?.chart && target.clientWidth && target.clientWidth !== entry.chart.width) entry.chart.setSize({ width: target.clientWidth, height: 220 })
    }
  })
  every((figure) => watcher.observe(figure.querySelector(".plot-canvas")))
  document.addEventListener("lims:theme", () => every(again))

  window.lims.plot = build
})()
