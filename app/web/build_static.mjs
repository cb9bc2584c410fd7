// Writes app/web/static/vendor/ from the npm packages: htmx, the CSS reset and the design tokens.
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const vendor = new URL("./static/vendor/", import.meta.url);

// Spacing, shape and type are the same in every theme. Colours are light unless the frame's host
// (data-color-mode, set by AP.theming) or, without a host, the browser asks for dark.
const LIGHT = ":root";
const DARK = 'html[data-color-mode="dark"]';
const DARK_BY_BROWSER = "html:not([data-color-mode])";

async function tokens() {
  const { default: getThemeStyles } = require("@atlaskit/tokens/get-theme-styles");
  const { warn } = console;
  console.warn = () => {}; // the package reports that its feature gates are not set up
  const styles = await getThemeStyles("all").finally(() => (console.warn = warn));
  const declarations = (id) => {
    const css = styles.find((style) => style.id === id)?.css;
    const body = css?.match(/\{([^{}]*)\}/)?.[1];
    if (!body?.includes("--ds-")) throw new Error(`@atlaskit/tokens has no theme "${id}"`);
    return body.trim();
  };
  const constant = ["spacing", "shape", "typography"].map(declarations).join("\n  ");
  return [
    `${LIGHT} {\n  ${constant}\n  ${declarations("light")}\n}`,
    `${DARK} {\n  ${declarations("dark")}\n}`,
    `@media (prefers-color-scheme: dark) {\n${DARK_BY_BROWSER} {\n  ${declarations("dark")}\n}\n}\n`,
  ].join("\n");
}

await mkdir(vendor, { recursive: true });
await copyFile(require.resolve("htmx.org/dist/htmx.min.js"), new URL("htmx.min.js", vendor));
await copyFile(
  require.resolve("@atlaskit/css-reset/dist/bundle.css"),
  new URL("css-reset.css", vendor),
);
await writeFile(new URL("tokens.css", vendor), await tokens());
