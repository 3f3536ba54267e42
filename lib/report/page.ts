/**
 * The frame of every report page: one file, nothing loaded from outside, and only our own scripts may run.
 */
import { escapeHtml } from "../view/text-view.ts";
import type { PageScript } from "../widget/page-script.ts";
import { plotlyScripts } from "./plotly.ts";
import { STYLE } from "./style.ts";

export interface PageParts {
  title: string;
  /** Links at the top: text and file beside this one; no file: where we are. */
  links: readonly { text: string; file: string | null }[];
  body: string;
  /** Under everything: when and from what this was made. */
  footer: string;
  /** What makes its widgets live, each once. */
  widgets: readonly PageScript[];
}

/** The whole HTML file. plotly.js is in it once, and only when there is a figure. */
export function pageHtml({ title, links, body, footer, widgets }: PageParts): string {
  const figures = body.includes('<figure class="plot"') ? plotlyScripts() : null;
  const hashes = [...(figures?.hashes ?? []), ...widgets.map(({ hash }) => hash)];
  // Widgets first: one can type while the figures are being drawn.
  const scripts = [
    ...widgets.map(({ script }) => `<script>${script}</script>`),
    ...(figures ? [figures.script] : []),
  ];
  const policy =
    `default-src 'none'; script-src ${hashes.join(" ") || "'none'"}; style-src 'unsafe-inline'; img-src data: ` +
    "blob:; base-uri 'none'; form-action 'none'";
  const nav = links
    .map(({ text, file }) =>
      file === null ? `<b>${escapeHtml(text)}</b>` : `<a href="${escapeHtml(file)}">${escapeHtml(text)}</a>`,
    )
    .join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${widgets.map(({ style }) => style).join("")}</style>
</head>
<body>
<nav>${nav}</nav>
<main>
${body}
</main>
<footer>${escapeHtml(footer)}</footer>
${scripts.join("\n")}
</body>
</html>
`;
}
