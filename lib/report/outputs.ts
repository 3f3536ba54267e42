/** What a cell showed, as HTML that cannot act: the richest form of each output that a report knows. */
import { exploreBlock, readBlock } from "../explore/block.ts";
import type { Figure } from "../figures/theme.ts";
import { PLOTLY_MIME } from "../show/show.ts";
import { escapeHtml, visibleText } from "../view/text-view.ts";
import { markdownHtml } from "./markdown.ts";
import type { Output } from "./notebook.ts";
import { sanitiseHtml } from "./sanitise.ts";

/** All outputs of one cell; stream outputs that follow each other are one block. */
export function outputsHtml(outputs: readonly Output[]): string {
  const blocks = joinStreams(outputs).map((output) => {
    if (output.output_type === "error") return streamHtml(`${output.ename}: ${output.evalue}`, "stderr");
    return output.output_type === "stream" ? streamHtml(output.text, output.name) : dataHtml(output.data);
  });
  return blocks
    .filter((block) => block !== "")
    .map((block) => `<div class="output">${block}</div>`)
    .join("\n");
}

function joinStreams(outputs: readonly Output[]): Output[] {
  const joined: Output[] = [];
  for (const output of outputs) {
    const last = joined.at(-1);
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name)
      last.text += output.text;
    else joined.push({ ...output });
  }
  return joined;
}

function streamHtml(text: string, name: string): string {
  return text.trim() === ""
    ? ""
    : `<pre class="stream ` +
        `${name === "stderr" ? "stderr" : ""}">${escapeHtml(withoutColours(text).trimEnd())}</pre>`;
}

function dataHtml(data: Record<string, unknown>): string {
  const figure = data[PLOTLY_MIME];
  const text = typeof data["text/plain"] === "string" ? data["text/plain"] : "";
  if (isFigure(figure))
    return figureHtml(figure, typeof data["image/png"] === "string" ? data["image/png"] : null, text);
  if (typeof data["text/html"] === "string") return htmlOutput(data["text/html"]);
  if (typeof data["text/markdown"] === "string") return markdownHtml(data["text/markdown"]);
  if (typeof data["image/png"] === "string") return pictureHtml(data["image/png"], text);
  return text === "" ? "" : `<pre>${escapeHtml(withoutColours(text))}</pre>`;
}

/** Of an explorer its rows are kept, for the page's own script; of any other HTML what cannot act. */
function htmlOutput(html: string): string {
  const block = readBlock(html);
  return block ? exploreBlock(sanitiseHtml(block.staticHtml), block.packed) : sanitiseHtml(html);
}

/** A place for plotly.js to draw in; until then, and where no script runs, the picture. */
export function figureHtml(figure: Figure, png: string | null, text: string): string {
  const height = Number(figure.layout.height) || 450;
  const still = png ? pictureHtml(png, text) : `<p class="still">${escapeHtml(text)}</p>`;
  return (
    `<figure class="plot" style="min-height:${height}px">${still}<script ` +
    `type="application/json">${embedJson({ data: figure.data, layout: figure.layout })}</script></figure>`
  );
}

/**
 * JSON inside a script element: the only sequence that could end or change the element is spelt with escapes.
 */
export function embedJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function pictureHtml(png: string, alt: string): string {
  const base64 = png.replace(/\s/g, "");
  return /^[\w+/=]+$/.test(base64)
    ? `<img class="still" src="data:image/png;base64,${base64}" alt="${escapeHtml(visibleText(alt, 300))}">`
    : "";
}

function isFigure(value: unknown): value is Figure {
  return (
    typeof value === "object" &&
    value !== null &&
    Array.isArray((value as Figure).data) &&
    typeof (value as Figure).layout === "object"
  );
}

/** Colour codes say nothing on a page; other control codes are shown. */
function withoutColours(text: string): string {
  return text.replace(/\u001B\[[0-9;]*m/g, "");
}
