/**
 * The frame of every report page: one file, nothing loaded from outside, and only our own scripts may run.
 */
import { escapeHtml } from "../view/text-view.ts";
import { widgetScripts } from "../widget/page-script.ts";
import { plotlyScripts } from "./plotly.ts";
import { STYLE } from "./style.ts";

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
