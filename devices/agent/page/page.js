// Brings the changing part up to date once a second. Without this script the page reloads itself.
"use strict";
(() => {
  const live = document.getElementById("live");
  const gone = document.getElementById("gone");
  const language = document.documentElement.lang.startsWith("en") ? "en" : "zh-Hans";
  let shown = "";

  async function look() {
    try {
      const answer = await fetch(`/live?lang=${language}`, { cache: "no-store", signal: AbortSignal.timeout(4000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      const selecting = String(window.getSelection()) !== "";
      if (text !== shown && !selecting) {
        live.innerHTML = text;
        shown = text;
      }
      gone.hidden = true;
      live.classList.remove("old");
    } catch {
      gone.hidden = false;
      live.classList.add("old");
    }
    window.setTimeout(look, document.hidden ? 5000 : 1000);
  }
  look();
})();
