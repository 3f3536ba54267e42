/**
 * The frame of every report page: one file, nothing loaded from outside, and only our own scripts may run.
 */
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { escapeHtml } from "../view/text-view.ts";
import { widgetScripts } from "../widget/page-script.ts";
import { FONT_STACK } from "../figures/theme.ts";
import { BADGES, MARKS, TAG_COLOUR } from "../view/sample-view.ts";
import { PLOTLY_PATH, PLOTLY_VERSION } from "../show/png.ts";
import { DRAW } from "./draw.ts";

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

/** A line of the table of contents. */
export interface Entry {
  address: string;
  /** Inline HTML. */
  html: string;
  /** Below it, folded away. */
  inside?: readonly Entry[];
}

/** Addresses of what comes before and after; null at an end. */
export interface Neighbours {
  before: Entry | null;
  after: Entry | null;
}

export interface PageParts {
  title: string;
  /** Where the page's head leads: the index. */
  home: string;
  neighbours: Neighbours | null;
  contents: readonly Entry[];
  body: string;
  /** Under everything: when and from what this was made. */
  footer: string;
}

/** The whole HTML file. plotly.js and the script of each widget are in it once, and only when needed. */
export async function pageHtml(parts: PageParts): Promise<string> {
  const { title, home, neighbours, contents, body, footer } = parts;
  const widgets = await widgetScripts(body);
  const figures = body.includes('<figure class="plot"') ? plotlyScripts() : null;
  const hashes = [...(figures?.hashes ?? []), ...widgets.map(({ hash }) => hash)];
  // Widgets first: one can type while the figures are being drawn.
  const scripts = [
    ...widgets.map(({ script }) => `<script>${script}</script>`),
    ...(figures ? [figures.script] : []),
  ];
  const policy =
    `default-src 'none'; script-src ${hashes.join(" ") || "'none'"}; style-src 'unsafe-inline'; ` +
    `img-src data: ` +
    "blob:; base-uri 'none'; form-action 'none'";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${widgets.map(({ style }) => style).join("")}</style>
</head>
<body id="top">
<header>
<a href="${escapeHtml(home)}"><b>FTModel Lab</b></a>
${neighbours ? neighboursHtml(neighbours) : ""}
</header>
<div class="columns">
<details class="contents"><summary>Contents</summary><nav>${entriesHtml(contents)}</nav></details>
<main>
${body}
</main>
</div>
<footer>${escapeHtml(footer)}</footer>
${scripts.join("\n")}
</body>
</html>
`;
}

/** "← 04 sft   06 evaluate →". */
export function neighboursHtml({ before, after }: Neighbours): string {
  const link = (entry: Entry | null, write: (html: string) => string) =>
    entry ? `<a href="${escapeHtml(entry.address)}">${write(entry.html)}</a>` : "<span></span>";
  return (
    `<nav class="neighbours">${link(before, (html) => `← ${html}`)}` +
    `${link(after, (html) => `${html} →`)}</nav>`
  );
}

function entriesHtml(entries: readonly Entry[]): string {
  const items = entries.map(({ address, html, inside = [] }) => {
    const link = `<a href="${escapeHtml(address)}">${html}</a>`;
    return inside.length === 0
      ? `<li>${link}</li>`
      : `<li><details><summary>${link}</summary>${entriesHtml(inside)}</details></li>`;
  });
  return `<ul>${items.join("\n")}</ul>`;
}

interface Packed {
  script: string;
  hashes: string[];
}
let packed: Packed | null = null;

/** The elements that draw a page's figures, and the hashes of the two scripts that may run there. */
export function plotlyScripts(): Packed {
  if (packed) return packed;
  const plotly = readFileSync(PLOTLY_PATH);
  const base64 = gzipSync(plotly, { level: 9 }).toString("base64");
  const banner =
    `<!-- plotly.js v${PLOTLY_VERSION}, Copyright 2012-2026 Plotly, Inc., MIT license ` +
    "(https://github.com/plotly/plotly.js), gzip + base64 -->";
  packed = {
    script:
      `${banner}\n<script id="plotly-js" ` +
      `type="application/octet-stream">${base64}</script>\n<script>${DRAW}</script>`,
    hashes: [DRAW, plotly].map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`),
  };
  return packed;
}
