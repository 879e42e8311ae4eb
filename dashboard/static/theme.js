// The remembered colour scheme, set before the page is first painted; settings.js changes it.
(() => {
  try {
    const theme = JSON.parse(localStorage.getItem("affectstream") ?? "{}").theme;
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Without storage the system's scheme holds.
  }
})();
