// The frame around the content: Jira's theme and size, the active menu entry, title, focus, history.

const LEAST_HEIGHT = 600; // room for a dialog
const PANEL = "/connect/pages/project";
const ap = window.AP?.context ? window.AP : null;
const main = document.getElementById("main");

// Of two boxes that scroll, one inside of the other, Jira's is the one that stays.
function growWithContent() {
  document.documentElement.dataset.grows = "";
  const fit = () => {
    const needed = Math.ceil(main.getBoundingClientRect().bottom + window.scrollY);
    ap.resize("100%", `${Math.max(LEAST_HEIGHT, needed)}px`);
  };
  const sizes = new ResizeObserver(fit);
  for (const part of main.parentElement.children) sizes.observe(part);
}

// Jira lets whole pages fill the window. A panel in the settings of a project may not.
function sizeFrame() {
  if (location.pathname === PANEL && main) return growWithContent();
  ap.resize?.("100%", `${LEAST_HEIGHT}px`);
  setTimeout(() => (ap.sizeToParent ?? ap.env?.sizeToParent)?.(true), 150);
}

if (ap) {
  ap.theming?.initializeTheming?.();
  sizeFrame();
}

const wrong = ":is(input, select, textarea)[aria-invalid=true], fieldset[aria-invalid=true] input";

// Each area has a menu of its own; a page that says nothing of itself stays where one was.
function reflect(page) {
  for (const item of document.querySelectorAll(".side-item[data-key]")) {
    const isHere = item.dataset.key === page.dataset.active;
    if (isHere) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
    const { area } = item.parentElement.dataset;
    if (isHere && area) item.closest(".side").dataset.area = area;
  }
  document.title = `${page.dataset.title} · Getint`;
}

const isOwnPath = (path) => typeof path === "string" && /^\/(?![/\\])/.test(path);

function remember(path) {
  if (ap) ap.history?.pushState?.(path);
  else history.pushState({ path }, "", path);
}

function goTo(path) {
  if (isOwnPath(path)) window.htmx.ajax("GET", path, "#main");
}

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target !== main) return;
  const page = main.querySelector("[data-active]");
  if (page) reflect(page);
  const went = ctx.cameByLink;
  if (went) {
    window.scrollTo(0, 0);
    if (page) remember(ctx.request.action);
  }
  const lost = !document.activeElement || document.activeElement === document.body;
  if (went || lost) (main.querySelector(wrong) ?? main.querySelector("h1, .message-title") ?? main).focus();
});

// Lists show the workspace one is in, so one begins there anew.
document.addEventListener("getint:workspace-opened", ({ detail }) => {
  const name = document.getElementById("workspace");
  if (name) name.textContent = detail.name;
  document.querySelector('.side-item[data-key="integrations"]')?.click();
});

// Noted before the swap, which may take the link away.
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  ctx.cameByLink = ctx.request.method === "GET" && ctx.sourceElement.hasAttribute("data-go");
});

const firstPath = document.querySelector(".side-item[aria-current]")?.getAttribute("href");

// The bridge may answer a listener once only, or each time; one that has answered is done.
function followHost() {
  let answered = false;
  ap.history?.popState?.((event) => {
    if (answered) return;
    answered = true;
    followHost();
    goTo(event?.newURL || event?.hash || firstPath);
  });
}

// The bridge may answer before the scripts that carry a request have run.
if (ap && main) {
  document.addEventListener("DOMContentLoaded", () => {
    followHost();
    ap.history?.getState?.("hash", goTo);
  });
} else if (main) {
  history.replaceState({ path: location.pathname + location.search }, "");
  window.addEventListener("popstate", (event) => goTo(event.state?.path));
}
