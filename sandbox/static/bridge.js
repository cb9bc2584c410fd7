// The product's side of Atlassian's bridge: what Jira itself defines for AP.context, AP.history,
// AP.user and AP.navigator. Flags, dialogs, sizing, events and theming are the bridge's own.
const host = window.connectHost;
const frame = JSON.parse(document.getElementById("frame-data").textContent);
const SANDBOX = [
  "allow-downloads",
  "allow-forms",
  "allow-modals",
  "allow-popups",
  "allow-popups-to-escape-sandbox",
  "allow-same-origin",
  "allow-scripts",
  "allow-top-navigation-by-user-activation",
].join(" ");

function extensionOptions(more) {
  return {
    contextPath: "",
    hostOrigin: window.location.origin,
    isFullPage: frame.moduleKind !== "jiraProjectAdminTabPanels",
    moduleType: frame.moduleKind,
    productContext: frame.context,
    sandbox: SANDBOX,
    ...more,
  };
}

/**
 * A method whose promise the bridge carries to the frame, as promise or to a callback.
 * The last argument is the bridge's own way back, used only by methods that return no promise.
 */
function answering(method) {
  const answer = (...args) => Promise.resolve(method(...args.slice(0, -1)));
  answer.returnsPromise = true;
  return answer;
}

async function contextToken() {
  const response = await fetch("/bridge/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ projectKey: frame.projectKey }),
  });
  if (!response.ok) {
    throw new Error(`No context token: ${response.status}`);
  }
  return (await response.json()).token;
}

host.defineModule("context", {
  getToken: answering(contextToken),
  getContext: answering(() => frame.context),
});

host.defineModule("user", {
  getCurrentUser: answering(() => ({ atlassianAccountId: frame.user.atlassianAccountId })),
  getTimeZone: answering(() => frame.user.timeZone),
  getLocale: answering(() => frame.user.locale),
});

let lastState = appState();

/** Jira keeps an app's state behind `#!` of its own address. */
function appState() {
  return window.location.hash.startsWith("#!") ? decodeURI(window.location.hash.slice(2)) : "";
}

function setState(method, state) {
  if (typeof state === "string") {
    window.history[method](null, "", `#!${encodeURI(state)}`);
    lastState = state;
  }
}

// The bridge carries each callback's answer once, so popState tells of the next step only.
let stepListeners = [];

host.defineModule("history", {
  getState: answering(() => appState()),
  go: (delta) => window.history.go(delta),
  back: () => window.history.back(),
  forward: () => window.history.forward(),
  popState: (listener) => stepListeners.push(listener),
  pushState: (state) => setState("pushState", state),
  replaceState: (state) => setState("replaceState", state),
});

window.addEventListener("popstate", () => {
  const step = { key: frame.moduleKey, newURL: appState(), oldURL: lastState };
  lastState = step.newURL;
  const listeners = stepListeners;
  stepListeners = [];
  listeners.forEach((listener) => listener(step));
});

function addressOf(target, context) {
  const project = context?.projectKey ?? "";
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(context?.customData ?? {})) {
    parameters.set(`ac.${name}`, value);
  }
  switch (target) {
    case "addonModule":
    case "addonmodule": {
      const app = context.addonKey ?? frame.appKey;
      return `/plugins/servlet/ac/${app}/${context.moduleKey}?${parameters}`;
    }
    case "projectAdminSummary":
    case "projectAdmin":
      return `/projects/${project}/settings`;
    case "site":
      return new URL(context.relativeUrl ?? "/", window.location.origin).pathname;
    case "dashboard":
      return "/";
    default:
      return null;
  }
}

host.defineModule("navigator", {
  go: (target, context) => {
    const address = addressOf(target, context);
    if (address !== null) {
      window.location.assign(address);
    }
  },
  getLocation: answering(() => ({
    target: "addonmodule",
    context: { addonKey: frame.appKey, moduleKey: frame.moduleKey },
  })),
  reload: () => window.location.reload(),
});

host.registerContentResolver.resolveByExtension((extension) => {
  const parameters = new URLSearchParams();
  if (frame.projectKey) {
    parameters.set("project.key", frame.projectKey);
  }
  const asked = extension.options?.customData ?? {};
  for (const [name, value] of Object.entries(typeof asked === "object" ? asked : {})) {
    parameters.set(`ac.${name}`, value);
  }
  const address = `/bridge/frame/${encodeURIComponent(extension.key)}?${parameters}`;
  return jQuery.getJSON(address).then(({ url }) => ({ url, options: extensionOptions() }));
});

const $frame = host.create({
  addon_key: frame.appKey,
  key: frame.moduleKey,
  url: frame.url,
  options: extensionOptions({ width: "100%" }),
});
jQuery("#app-frame").append($frame);
