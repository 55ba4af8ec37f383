// Only in a copy of the site on a disk: the heads of tables sort their rows, which the live site does by itself.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const number = (cell) => {
    const text = (cell?.querySelector(".num") ?? cell)?.textContent.trim().replace("−", "-").replace(/[\s\u2009]/g, "");
    const value = Number.parseFloat(text);
    return Number.isNaN(value) ? null : value;
  };
  // The heads of the sides stand in the second line, those of the facts behind them in the first.
  const heads = [...document.querySelectorAll("table.board tr:not(.group) th[data-key], table.board .group th.fact")];
  heads.sort((one, other) => one.classList.contains("fact") - other.classList.contains("fact"));
  const column = (row, head) =>
    head.dataset.key === "name" ? row.querySelector("th") : row.querySelectorAll("td.n:not(.k-rank)")[heads.indexOf(head)];
  for (const head of document.querySelectorAll("table.board th[data-key]")) {
    const button = document.createElement("button");
    const link = head.querySelector("a");
    button.type = "button";
    button.textContent = link.textContent;
    link.replaceWith(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      for (const other of document.querySelectorAll("table.board th[aria-sort]")) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const body = head.closest("table").tBodies[0];
      const value = (row) => (head.dataset.key === "name" ? column(row, head).textContent : number(column(row, head)));
      const rows = [...body.rows].filter((row) => !row.classList.contains("dense"));
      rows.sort((one, other) => {
        const [a, b] = [value(one), value(other)];
        if (a === null || b === null) return (a === null) - (b === null);
        return (a < b ? -1 : a > b ? 1 : 0) * (ascending ? 1 : -1);
      });
      body.prepend(...rows);
    });
  }
});
