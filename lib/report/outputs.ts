/** What a cell showed, as HTML that cannot act: the richest form of each output that a report knows. */
import type { Figure } from "../figures/theme.ts";
import { PLOTLY_MIME } from "../show/show.ts";
import { escapeHtml, visibleText } from "../view/text-view.ts";
import type { MarkdownWriter } from "./markdown.ts";
import { readBlock, widgetBlock } from "../widget/block.ts";
import type { Output } from "./notebook.ts";
import { sanitiseHtml } from "./sanitise.ts";

/** All outputs of one cell; stream outputs that follow each other are one block. */
export function outputsHtml(outputs: readonly Output[], markdown: MarkdownWriter): string {
  const blocks = joinStreams(outputs).map((output) => {
    if (output.output_type === "error") return streamHtml(`${output.ename}: ${output.evalue}`, "stderr");
    return output.output_type === "stream"
      ? streamHtml(output.text, output.name)
      : dataHtml(output.data, markdown);
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
  if (text.trim() === "") return "";
  const shown = name === "stderr" ? messagesOf(withoutColours(text)) : withoutColours(text);
  return `<pre class="stream ${name === "stderr" ? "stderr" : ""}">${escapeHtml(shown.trimEnd())}</pre>`;
}

/** Errors without their stacks, and without the object that Node prints behind one: `at f (file:1:2) {`. */
function messagesOf(text: string): string {
  let inObject = false;
  const kept = text.split("\n").filter((line) => {
    const frame = /^\s+at (?:.*:\d+:\d+\)?|.*<anonymous>\)?)( \{)?$/.exec(line);
    if (frame?.[1]) inObject = true;
    const dropped = inObject || frame !== null;
    if (line === "}") inObject = false;
    return !dropped;
  });
  return kept.join("\n");
}

function dataHtml(data: Record<string, unknown>, markdown: MarkdownWriter): string {
  const figure = data[PLOTLY_MIME];
  const text = typeof data["text/plain"] === "string" ? data["text/plain"] : "";
  if (isFigure(figure))
    return figureHtml(figure, typeof data["image/png"] === "string" ? data["image/png"] : null, text);
  if (typeof data["text/html"] === "string") return htmlOutput(data["text/html"]);
  if (typeof data["text/markdown"] === "string") return markdown.write(data["text/markdown"]);
  if (typeof data["image/png"] === "string") return pictureHtml(data["image/png"], text);
  return text === "" ? "" : `<pre>${escapeHtml(withoutColours(text))}</pre>`;
}

/**
 * Of a widget what its script reads is kept, for the page's own script; of any other HTML what cannot act.
 */
function htmlOutput(html: string): string {
  const block = readBlock(html);
  return block ? widgetBlock(block.name, sanitiseHtml(block.staticHtml), block.packed) : sanitiseHtml(html);
}

/**
 * A place for plotly.js to draw in; until then, and where no script runs, the picture. The caption holds the
 * title for a screen too narrow for it (draw.ts).
 */
export function figureHtml(figure: Figure, png: string | null, text: string): string {
  const height = Number(figure.layout.height) || 450;
  const still = png ? pictureHtml(png, text) : `<p class="still">${escapeHtml(text)}</p>`;
  const title = (figure.layout.title as { text?: unknown } | undefined)?.text;
  const [head = "", ...rest] = plainLines(typeof title === "string" ? title : "");
  const caption = `<figcaption><b>${escapeHtml(head)}</b> ${escapeHtml(rest.join(" "))}</figcaption>`;
  return (
    `<figure class="plot" style="min-height:${height}px">${head ? caption : ""}${still}<script ` +
    `type="application/json">${embedJson({ data: figure.data, layout: figure.layout })}</script></figure>`
  );
}

/** The lines of Plotly's own markup as plain text. */
function plainLines(markup: string): string[] {
  return markup
    .split(/<br\s*\/?>/)
    .map((line) => line.replace(/<[^>]*>/g, ""))
    .map((line) => line.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&"))
    .map((line) => visibleText(line, 300));
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
