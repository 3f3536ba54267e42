/** The reports' one style sheet: style.css, and what it shares with figures and outputs. */
import { readFileSync } from "node:fs";
import { FONT_STACK } from "../figures/theme.ts";
import { BADGES, MARKS, TAG_COLOUR } from "../view/sample-view.ts";

const MONO =
  "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace";

/** Colours that outputs carry themselves, for the dark form: those of light paper cannot be read there. */
const DARK_OUTPUTS = [
  ...Object.entries({ good: "#14452f", bad: "#5a2a17", note: "#4d4310" }).map(
    ([kind, dark]) =>
      `mark[style*="${MARKS[kind as keyof typeof MARKS]}"] { background: ${dark} !important; }`,
  ),
  ...Object.entries({ yes: "#3fb68b", no: "#f0883e", open: "#9aa4ae" }).map(
    ([kind, dark]) =>
      `[style*="color:${BADGES[kind as keyof typeof BADGES].colour}"] { color: ${dark} !important; }`,
  ),
  `[style*="color:${TAG_COLOUR}"] { color: #58a6d6 !important; }`,
].join("\n  ");

export const STYLE = `
:root { --font: ${FONT_STACK}; --mono: ${MONO}; }
${readFileSync(new URL("style.css", import.meta.url), "utf8")}
@media screen and (prefers-color-scheme: dark) {
  ${DARK_OUTPUTS}
}
`;
