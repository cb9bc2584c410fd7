// How a request proves who is asking, and what is said when it cannot be answered.

const TOKEN_TIMEOUT_MS = 10_000;
const BY_ITSELF = new Set(["load", "every", "revealed", "intersect"]);

// The bridge exists only inside of Jira; elsewhere the session cookie proves the asker.
const bridge = () => (window.AP?.context?.getToken ? window.AP : null);

// Asked for anew each time: a token lives for minutes, a page for hours.
function freshToken(ap) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("Jira did not answer")), TOKEN_TIMEOUT_MS);
  });
  return Promise.race([ap.context.getToken(), late]);
}

async function send(url, init = {}) {
  const address = new URL(url, document.baseURI);
  if (address.origin !== location.origin) throw new Error("Not an address of Getint");
  const headers = new Headers(init.headers);
  const ap = bridge();
  if (ap) headers.set("Authorization", `JWT ${await freshToken(ap)}`);
  return fetch(address, {
    ...init,
    headers,
    mode: "same-origin",
    credentials: ap ? "omit" : "same-origin",
  });
}

// Notices: what went wrong, beside what was asked, with a way on.

function region(source) {
  return source?.closest("dialog[open]")?.querySelector("[data-notices]")
    ?? document.getElementById("notices") ?? document.body;
}

function clearNotices() {
  for (const notices of document.querySelectorAll("[data-notices]")) notices.replaceChildren();
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function ownNotice(title, text) {
  const words = element("div", {}, element("h2", { className: "message-title", tabIndex: -1, textContent: title }));
  words.append(element("p", { textContent: text }));
  const notice = element("section", { className: "message message-error" }, words);
  notice.setAttribute("role", "alert");
  return notice;
}

function serverNotice(html) {
  const template = element("template", { innerHTML: html });
  return template.content.firstElementChild;
}

function show(notice, source, { label, act } = {}, takeFocus = true) {
  if (act) {
    const button = element("button", { type: "button", className: "button button-default", textContent: label });
    button.addEventListener("click", act);
    notice.lastElementChild.append(element("div", { className: "button-row" }, button));
  }
  region(source).replaceChildren(notice);
  if (takeFocus) notice.querySelector("h2")?.focus();
}

function reload() {
  if (window.AP?.navigator?.reload) window.AP.navigator.reload();
  else location.reload();
}

const reloading = { label: "Reload the page", act: reload };
const signingIn = { label: "Sign in", act: () => location.assign("/sign-in") };

function showSessionOver(source, takeFocus) {
  const [title, text, way] = bridge()
    ? ["Reload the page", "Jira no longer confirms who you are on this page. Nothing was changed.", reloading]
    : ["You are not signed in", "Your session has ended. Nothing was changed.", signingIn];
  show(ownNotice(title, text), source, way, takeFocus);
}

const unreachable = (why) => ownNotice("We can't reach Getint", why);

function askAgain({ sourceElement: source, sourceEvent, request }) {
  if (!source?.isConnected) reload();
  else if (source.matches("form")) source.requestSubmit(request.submitter);
  else if (BY_ITSELF.has(sourceEvent?.type)) window.htmx.process(source, true);
  else window.htmx.trigger(source, sourceEvent?.type ?? "click");
}

const retrying = (ctx) => ({ label: "Try again", act: () => { clearNotices(); askAgain(ctx); } });
const askedByPerson = (ctx) => !BY_ITSELF.has(ctx.sourceEvent?.type);

// What htmx asks for.

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  delete ctx.request.headers["HX-Current-URL"]; // a frame's address carries Jira's token
  ctx.fetch = send;
});

function submitters(ctx) {
  const source = ctx.sourceElement;
  if (source.matches("form")) return [...source.querySelectorAll("button[type=submit]")];
  return source.matches("button") ? [source] : [];
}

// Of two pages that were asked for, the later one is wanted, whichever answers first.
let awaitedPage = null;

function awaitPage(ctx) {
  if (ctx.request.method !== "GET" || ctx.target?.id !== "main") return;
  if (awaitedPage) {
    awaitedPage.overtaken = true;
    awaitedPage.request.abort();
  }
  awaitedPage = ctx;
}

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  awaitPage(ctx);
  if (askedByPerson(ctx)) {
    clearNotices();
    ctx.target?.setAttribute("aria-busy", "true");
  }
  ctx.hadFocus = document.activeElement;
  ctx.held = submitters(ctx).filter((button) => !button.disabled);
  for (const button of ctx.held) button.disabled = true;
});

// What was swapped away may have come back anew.
const asItIsNow = (element) =>
  element.isConnected || !element.id ? element : document.getElementById(element.id);

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (!ctx.overtaken) ctx.target?.removeAttribute("aria-busy");
  if (awaitedPage === ctx) awaitedPage = null;
  for (const button of ctx.held ?? []) button.disabled = false;
  const lost = document.activeElement === document.body || document.activeElement === null;
  if (lost && ctx.held?.includes(ctx.hadFocus)) asItIsNow(ctx.hadFocus)?.focus();
});

// A file may hold what people typed; only what a template has drawn becomes part of the page.
const isPiece = (status, headers) =>
  status === 204 || (headers.get("Content-Type") ?? "").startsWith("text/html");

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const { status, headers } = ctx.response;
  if (status < 400) {
    if (isPiece(status, headers)) return;
    event.preventDefault();
    show(unreachable("It answered with a file where a page belongs."), ctx.sourceElement);
    return;
  }
  if (headers.has("Getint-Gone")) { // what the page shows may not be seen any more
    event.preventDefault();
    reload();
    return;
  }
  const isProblem = headers.has("Getint-Problem");
  const inDialog = ctx.sourceElement.closest("dialog[open]");
  if (status === 422 && !isProblem) {
    if (inDialog) { // the form again, with what to mend
      ctx.hx.retarget = inDialog;
      ctx.hx.reswap = "innerHTML"; // whatever a success would have swapped
    }
    return;
  }
  const opensPage = ctx.request.method === "GET" && ctx.target?.id === "main";
  if (isProblem && opensPage && status !== 401 && status < 500) return;
  event.preventDefault();
  explain(ctx, status, isProblem);
});

function explain(ctx, status, isProblem) {
  const takeFocus = askedByPerson(ctx);
  if (status === 401) showSessionOver(ctx.sourceElement, takeFocus);
  else if (status < 500 && isProblem) show(serverNotice(ctx.text), ctx.sourceElement, {}, takeFocus);
  else {
    const notice = isProblem ? serverNotice(ctx.text) : unreachable("It did not give a proper answer.");
    show(notice, ctx.sourceElement, retrying(ctx), takeFocus);
  }
}

document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (!ctx || ctx.response || ctx.overtaken) return;
  const notice = unreachable("Check your connection, then try again.");
  show(notice, ctx.sourceElement, retrying(ctx), askedByPerson(ctx));
});

// Downloads: a link could not carry the token.

async function download(button) {
  const response = await send(button.dataset.download, { headers: { "HX-Request": "true" } });
  if (response.headers.has("Getint-Gone")) return reload();
  if (response.status === 401) return showSessionOver(button);
  if (!response.ok) return show(serverNotice(await response.text()), button);
  const address = URL.createObjectURL(await response.blob());
  element("a", { href: address, download: button.dataset.filename ?? "" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-download]");
  if (!button || button.disabled) return;
  clearNotices();
  button.disabled = true;
  button.classList.add("htmx-request");
  try {
    await download(button);
  } catch {
    show(unreachable("The download did not arrive. Try again."), button);
  } finally {
    button.disabled = false;
    button.classList.remove("htmx-request");
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-reload]")) reload();
});

// Before all scripts have run, a link would take the frame to an address that Jira may not frame.
document.addEventListener("DOMContentLoaded", () => {
  if (!window.htmx) return;
  window.htmx.process(document.body); // its own beginning may come a moment later
  document.querySelector(".shell")?.removeAttribute("inert");
  document.getElementById("unready")?.remove();
});
