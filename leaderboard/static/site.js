// Conveniences; every page works without them. The theme is set before the first paint, so this file is not deferred.
"use strict";

(() => {
  const root = document.documentElement;
  const themes = ["auto", "light", "dark"];
  let theme = "auto";
  try {
    theme = themes.includes(localStorage.theme) ? localStorage.theme : "auto";
  } catch {
    // Storage may be forbidden: then the choice lasts for one page.
  }

  const apply = () => {
    if (theme === "auto") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", theme);
  };

  const themeButton = () => {
    const button = document.querySelector("button.theme");
    const label = () => {
      button.textContent = { auto: "◐ auto", light: "○ light", dark: "● dark" }[theme];
      button.setAttribute("aria-label", `Colours: ${theme}. Press to change.`);
    };
    button.hidden = false;
    label();
    button.addEventListener("click", () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      try {
        localStorage.theme = theme;
      } catch {
        // See above.
      }
      apply();
      label();
    });
  };

  const copyButtons = () => {
    for (const block of document.querySelectorAll(".command")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "copy";
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(block.querySelector("pre").textContent.trim());
          button.textContent = "copied";
        } catch {
          button.textContent = "select and copy";
        }
        setTimeout(() => (button.textContent = "copy"), 1600);
      });
      block.append(button);
    }
  };

  // htmx takes leave of each element that it replaces by an event, half a second for a board of 14,000 that hold nothing.
  const dropRows = (event) => {
    if (!event.detail.shouldSwap) return;
    for (const part of event.detail.target.querySelectorAll("tbody, svg")) part.remove();
  };

  // A view that is none is answered by the board with what is wrong; whatever else goes wrong is a page of its own.
  const showErrors = (event) => {
    const { xhr, pathInfo } = event.detail;
    if (xhr.status < 400) return;
    if (xhr.responseText.includes('<div id="board"')) event.detail.shouldSwap = true;
    else location.assign(pathInfo.finalRequestPath);
  };

  apply();
  document.addEventListener("htmx:beforeSwap", showErrors);
  document.addEventListener("htmx:sendError", (event) => location.assign(event.detail.pathInfo.finalRequestPath));
  document.addEventListener("htmx:beforeSwap", dropRows);
  document.addEventListener("DOMContentLoaded", () => {
    themeButton();
    copyButtons();
    // On a phone the row of pages is longer than the screen.
    document.querySelector("nav.main [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  });
})();
