// Copies the text of a [data-copy] button and says so.

const SAID_MS = 2000;

// The clipboard API needs the host's leave inside of a frame; the older way does not.
function copyBySelection(text) {
  const box = Object.assign(document.createElement("textarea"), { value: text, readOnly: true });
  box.className = "visually-hidden";
  (document.querySelector("dialog[open]") ?? document.body).append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  return done;
}

// Asking where it is not allowed would be told to the console as a violation.
const mayWrite = () => document.featurePolicy?.allowsFeature("clipboard-write") ?? true;

async function copy(text) {
  if (!mayWrite()) return copyBySelection(text);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const said = (await copy(button.dataset.copy)) ? "Copied" : "Select the text and copy it";
  button.focus();
  const live = document.getElementById("live");
  if (live) live.textContent = said;
  const words = document.getElementById(button.dataset.tooltip) ?? button.querySelector("span");
  if (!words || words.dataset.words) return;
  words.dataset.words = words.textContent;
  words.textContent = said;
  setTimeout(() => {
    words.textContent = words.dataset.words;
    delete words.dataset.words;
    if (live) live.textContent = "";
  }, SAID_MS);
});
