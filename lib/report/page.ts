/**
 * The frame of every report page: one file, nothing loaded from outside, and only our own scripts may run.
 */
import type { PageScript } from "../explore/page-script.ts";
import { escapeHtml } from "../view/text-view.ts";
import { plotlyScripts } from "./plotly.ts";
import { STYLE } from "./style.ts";

export interface PageParts {
  title: string;
  /** Links at the top: text and file beside this one; no file: where we are. */
  links: readonly { text: string; file: string | null }[];
  body: string;
  /** Under everything: when and from what this was made. */
  footer: string;
  /** What makes its explorers live. */
  explorer: PageScript;
}

/** The whole HTML file. plotly.js and the explorers' script are in it once each, and only when needed. */
export function pageHtml({ title, links, body, footer, explorer }: PageParts): string {
  const figures = body.includes('<figure class="plot"') ? plotlyScripts() : null;
  const tables = body.includes('<div class="ftmodel-explore">') ? explorer : null;
  const hashes = [...(figures?.hashes ?? []), ...(tables ? [tables.hash] : [])];
  const scripts = [figures?.script, tables && `<script>${tables.script}</script>`].filter(Boolean);
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
<style>${STYLE}${tables?.style ?? ""}</style>
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
