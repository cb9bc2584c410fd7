// Flags: Jira's own inside of Jira, otherwise ours in a live region.

const SHOWN_MS = 8000;
const ICONS = { success: "check-circle", info: "info", warning: "warning", error: "error" };
const flags = document.getElementById("flags");

function drawing(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${flags.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

function raise({ title, body, kind }) {
  const flag = document.createElement("div");
  flag.className = `flag flag-${kind}`;
  const words = document.createElement("div");
  const heading = document.createElement("strong");
  heading.textContent = title;
  words.append(heading);
  if (body) words.append(Object.assign(document.createElement("p"), { textContent: body }));
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button button-subtle button-icon";
  close.setAttribute("aria-label", "Dismiss");
  close.append(drawing("cross"));
  close.addEventListener("click", () => flag.remove());
  flag.append(drawing(ICONS[kind]), words, close);
  flags.append(flag);
  if (kind === "success" || kind === "info") setTimeout(() => flag.remove(), SHOWN_MS);
}

document.addEventListener("getint:flag", ({ detail }) => {
  const flag = { body: "", ...detail, kind: detail.kind in ICONS ? detail.kind : "info" };
  if (window.AP?.flag?.create) {
    const close = flag.kind === "success" || flag.kind === "info" ? "auto" : "manual";
    window.AP.flag.create({ title: flag.title, body: flag.body, type: flag.kind, close });
  } else if (flags) raise(flag);
});
