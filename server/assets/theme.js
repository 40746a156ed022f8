// The theme, before anything is drawn: what was chosen here, or the system's.
"use strict";
{
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
  }

  const names = { system: "as the system", light: "light", dark: "dark" };
  const next = { system: "light", light: "dark", dark: "system" };

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const current = () => document.documentElement.dataset.theme ?? "system";
    const tell = () => {
      const text = `Theme: ${names[current()]}`;
      button.setAttribute("aria-label", text);
      button.title = text;
      button.dataset.theme = current();
    };
    button.addEventListener("click", () => {
      const theme = next[current()];
      if (theme === "system") {
        delete document.documentElement.dataset.theme;
        localStorage.removeItem("theme");
      } else {
        document.documentElement.dataset.theme = theme;
        localStorage.setItem("theme", theme);
      }
      tell();
      document.dispatchEvent(new Event("themechange"));
    });
    tell();
  });
}
