// Menus and tooltips: native popovers, placed beside what they belong to.

const GAP = 4;

function place(popover, anchor, { centred = false } = {}) {
  const at = anchor.getBoundingClientRect();
  const { width, height } = popover.getBoundingClientRect();
  const wanted = centred ? at.left + (at.width - width) / 2 : at.right - width;
  const left = Math.max(GAP, Math.min(wanted, document.documentElement.clientWidth - width - GAP));
  const below = at.bottom + GAP;
  const top = below + height > window.innerHeight ? Math.max(GAP, at.top - height - GAP) : below;
  popover.style.setProperty("left", `${left}px`);
  popover.style.setProperty("top", `${top}px`);
}

const items = (list) => [...list.querySelectorAll(".menu-item")];
const buttonOf = (list) => document.querySelector(`[popovertarget="${CSS.escape(list.id)}"]`);

document.addEventListener("toggle", (event) => {
  const list = event.target;
  if (!list.matches?.(".menu-list")) return;
  const button = buttonOf(list);
  const open = event.newState === "open";
  button?.setAttribute("aria-expanded", String(open));
  if (open && button) {
    place(list, button);
    items(list)[0]?.focus();
  }
}, true);

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTooltip();
  const list = event.target.closest?.(".menu-list");
  if (!list) return;
  const all = items(list);
  const last = all.length - 1;
  const here = all.indexOf(event.target);
  if (event.key in STEPS) all[(here + STEPS[event.key] + all.length) % all.length].focus();
  else if (event.key === "Home") all[0].focus();
  else if (event.key === "End") all[last].focus();
  else if (event.key === "Tab") return list.hidePopover();
  else return;
  event.preventDefault();
});

// A radio card that is off takes the focus, so that its reason can be read, but is never chosen.
document.addEventListener("click", (event) => {
  if (event.target.matches("input[type=radio][aria-disabled=true]")) event.preventDefault();
}, true);

document.addEventListener("click", (event) => {
  const folder = event.target.closest("[aria-expanded][aria-controls]");
  if (folder) folder.setAttribute("aria-expanded", String(folder.getAttribute("aria-expanded") !== "true"));
});

document.addEventListener("click", (event) => {
  const item = event.target.closest(".menu-item");
  if (item && item.getAttribute("aria-disabled") !== "true") item.closest(".menu-list").hidePopover();
});

// A popover that scrolls away from its button would point at nothing.
window.addEventListener("scroll", () => {
  document.querySelector(".menu-list:popover-open")?.hidePopover();
  hideTooltip();
}, true);

let shown = null;

function tooltipOf(element) {
  const owner = element?.closest?.("[data-tooltip], [aria-describedby]");
  const id = owner?.dataset.tooltip ?? owner?.getAttribute("aria-describedby")?.split(" ")[0];
  const tooltip = id && document.getElementById(id);
  return tooltip?.matches(".tooltip") ? { owner, tooltip } : null;
}

function hideTooltip() {
  if (shown?.isConnected && shown.matches(":popover-open")) shown.hidePopover();
  shown = null;
}

function showTooltip(event) {
  const found = tooltipOf(event.target);
  if (found?.tooltip === shown) return;
  hideTooltip();
  const asked = event.type !== "focusin" || found?.owner.matches(":focus-visible, [aria-disabled=true]");
  if (!found || !asked) return;
  shown = found.tooltip;
  shown.showPopover();
  place(shown, found.owner, { centred: true });
}

document.addEventListener("pointerover", showTooltip);
document.addEventListener("focusin", showTooltip);
document.addEventListener("focusout", hideTooltip);
document.documentElement.addEventListener("pointerleave", hideTooltip);
