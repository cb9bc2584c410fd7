// The site's own pages: menus that close, and light or dark.
const html = document.documentElement;

document.querySelector("[data-toggle-theme]")?.addEventListener("click", () => {
  const mode = html.dataset.colorMode === "dark" ? "light" : "dark";
  html.dataset.colorMode = mode;
  document.cookie = `sandbox_theme=${mode}; path=/; max-age=31536000; samesite=lax`;
});

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) {
      menu.open = false;
    }
  }
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    closeMenus();
  }
});
// A click into an app's frame does not reach this page, but takes the focus from it.
window.addEventListener("blur", () => closeMenus());
