// The one dialog: opens when htmx fills it, closes on Escape, on Cancel or when the server says so.

const dialog = document.getElementById("dialog");
let opener = null;

const closingMenus = (source) =>
  source?.closest(".menu")?.querySelector("[popovertarget]") ?? source;

function focusInside() {
  const first = dialog.querySelector(
    "[autofocus], .dialog-body :is(input:not([type=hidden]), select, textarea):not(:disabled)",
  );
  (dialog.querySelector("[aria-invalid=true]") ?? first ?? dialog.querySelector("h2"))?.focus();
}

const GAP = 32;

// In a frame that is taller than the window, only what is near the opener is sure to be seen.
function placeNear(anchor) {
  if (!("grows" in document.documentElement.dataset) || !anchor) return;
  const wanted = anchor.getBoundingClientRect().top - dialog.offsetHeight / 2;
  const lowest = window.innerHeight - dialog.offsetHeight - GAP;
  dialog.style.setProperty("margin-top", `${Math.max(GAP, Math.min(wanted, lowest))}px`);
}

if (dialog) {
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (ctx.target === dialog && !dialog.open) opener = closingMenus(ctx.sourceElement);
  });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (ctx.target !== dialog || !dialog.firstElementChild) return;
    if (!dialog.open) {
      dialog.showModal();
      placeNear(opener);
    }
    focusInside();
  });
  document.addEventListener("getint:close-dialog", () => dialog.close());
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-dialog]")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.replaceChildren();
    // What opened it may have been swapped away, and come back anew.
    const there = opener?.isConnected ? opener : opener?.id && document.getElementById(opener.id);
    (there || document.querySelector("#main h1"))?.focus();
    opener = null;
  });
}
