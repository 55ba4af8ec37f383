// Draws the specification of the page. The interpreter (ast) keeps the content security policy free of eval.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const text = document.getElementById("specification");
  if (text === null) return;
  // Without this script the table stands in for the chart.
  document.querySelector("figure.explore").hidden = false;
  document.getElementById("points").open = false;
  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const token = (name) => style.getPropertyValue(name).trim();
    const config = {
      background: null,
      font: "system-ui, sans-serif",
      view: { stroke: null },
      axis: {
        labelColor: token("--muted"), titleColor: token("--muted"), gridColor: token("--line"),
        domainColor: token("--strong"), tickColor: token("--strong"), titleFontWeight: 500,
      },
      rule: { color: token("--muted") },
      legend: { symbolOpacity: 1, labelColor: token("--ink"), titleColor: token("--muted"), titleFontWeight: 500 },
    };
    // A narrow screen has the legend below.
    if (document.documentElement.clientWidth < 700) config.legend = { ...config.legend, orient: "bottom", columns: 2 };
    const options = {
      ast: true, renderer: "svg", actions: false, defaultStyle: false, config,
      tooltip: { disableDefaultStyle: true },
    };
    return vegaEmbed("#chart", JSON.parse(text.textContent), options);
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.querySelector("button.theme").addEventListener("click", () => requestAnimationFrame(draw));
});
