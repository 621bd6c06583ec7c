// Before the first paint: the theme that was chosen here, else the system's.
(() => {
  let chosen = "";
  try { chosen = localStorage.getItem("capi-theme") || ""; } catch { /* no storage: the system's */ }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  document.documentElement.classList.add("js");
})();
