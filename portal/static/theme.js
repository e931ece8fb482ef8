// Runs before the first paint. A page that does not know the reader's theme (signed out, another session)
// shows the one last chosen on this device; what the server knows wins.
(() => {
  const root = document.documentElement;
  const dark = document.getElementById("dark-sheet");
  const MEDIA = { light: "not all", dark: "screen", auto: "screen and (prefers-color-scheme: dark)" };

  const apply = (theme) => {
    if (!(theme in MEDIA) || !dark) return;
    root.dataset.theme = theme;
    dark.media = MEDIA[theme];
  };
  const remembered = () => {
    try { return localStorage.getItem("theme"); } catch { return null; } // storage may be refused
  };
  if (root.dataset.theme === "auto") apply(remembered());

  document.addEventListener("theme:chosen", (event) => {
    apply(event.detail);
    try { localStorage.setItem("theme", event.detail); } catch { /* then the server alone remembers */ }
  });
})();
