// Draws the charts of the page. What to draw is data (the block "drawings"); colours come from the style sheet, so that
// light, dark and paper each have theirs.
(() => {
  "use strict";
  const NARROW = 560; // pixels of a chart below which its narrow drawing is taken, where it has one
  const PAPER = 680; // pixels across a printed page
  const drawings = JSON.parse(document.getElementById("drawings").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let charts = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Names of colours, "--accent", become colours.
  const painted = (value) => {
    if (typeof value === "string") return value.startsWith("--") ? colour(value) : value;
    if (Array.isArray(value)) return value.map(painted);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, painted(inner)]));
  };

  const theme = () => {
    const axis = {
      axisLine: { lineStyle: { color: "--line" } },
      axisLabel: { color: "--muted", hideOverlap: true },
      nameTextStyle: { color: "--muted" },
      splitLine: { lineStyle: { color: "--line", opacity: 0.7 } },
    };
    return painted({
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      legend: { textStyle: { color: "--ink" } },
      tooltip: {
        backgroundColor: "--card",
        borderColor: "--line",
        textStyle: { color: "--ink" },
        axisPointer: { lineStyle: { color: "--muted" } },
      },
      valueAxis: axis,
      categoryAxis: { ...axis, splitLine: { show: false } },
    });
  };

  const draw = (element, width) => {
    const drawing = drawings[element.dataset.drawing];
    const narrow = (width || element.clientWidth) < NARROW && drawing.narrow;
    element.style.height = `${narrow ? drawing.narrowHeight : drawing.height}px`;
    const chart = echarts.init(element, theme(), { renderer: "svg", width: width || undefined });
    const option = painted(narrow ? drawing.narrow : drawing.option);
    // A tooltip stays within its chart: beyond the window it would make the page scroll sideways.
    chart.setOption({ animation: false, ...option, tooltip: { confine: true, ...option.tooltip } });
    return chart;
  };

  const drawAll = (width) => {
    for (const chart of charts) chart.dispose();
    charts = [...document.querySelectorAll("[data-drawing]")].map((element) => draw(element, width && Math.min(width, element.clientWidth)));
  };

  drawAll();
  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 120);
  });
  dark.addEventListener("change", () => drawAll());
  window.addEventListener("beforeprint", () => {
    document.documentElement.dataset.printing = "";
    drawAll(PAPER);
  });
  window.addEventListener("afterprint", () => {
    delete document.documentElement.dataset.printing;
    drawAll();
  });
})();
