// The frame around the content: Jira's theme and size, the active menu entry, title, focus, history.

const FRAME_HEIGHT = "720px";
const ap = window.AP?.context ? window.AP : null;
const main = document.getElementById("main");

if (ap) {
  ap.theming?.initializeTheming?.();
  // Filling the page keeps dialogs in sight, but only whole pages may; others get a good height.
  ap.resize?.("100%", FRAME_HEIGHT);
  setTimeout(() => (ap.sizeToParent ?? ap.env?.sizeToParent)?.(true), 150);
}

const wrong = ":is(input, select, textarea)[aria-invalid=true], fieldset[aria-invalid=true] input";

function reflect(page) {
  for (const item of document.querySelectorAll(".side-item[data-key]")) {
    if (item.dataset.key === page.dataset.active) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
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

if (ap && main) {
  followHost();
  ap.history?.getState?.("hash", goTo);
} else if (main) {
  history.replaceState({ path: location.pathname + location.search }, "");
  window.addEventListener("popstate", (event) => goTo(event.state?.path));
}
