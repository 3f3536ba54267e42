/**
 * The frame of every report page: one file, nothing loaded from outside, and only our two scripts may run.
 */
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
}

/** The whole HTML file. plotly.js is in it once, and only when there is a figure. */
export function pageHtml({ title, links, body, footer }: PageParts): string {
  const { script, hashes } = body.includes('<figure class="plot"')
    ? plotlyScripts()
    : { script: "", hashes: ["'none'"] };
  const policy =
    `default-src 'none'; script-src ${hashes.join(" ")}; style-src 'unsafe-inline'; img-src data: ` +
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
<style>${STYLE}</style>
</head>
<body>
<nav>${nav}</nav>
<main>
${body}
</main>
<footer>${escapeHtml(footer)}</footer>
${script}
</body>
</html>
`;
}
