/**
 * Markdown cells as HTML: GitHub's dialect, formulas as MathML, links between notebooks turned into links
 * between reports.
 */
import { Marked, type TokenizerAndRendererExtension } from "marked";
import temml from "temml";
import { escapeHtml } from "../view/text-view.ts";
import { sanitiseHtml } from "./sanitise.ts";

const BLOCK_MATH = /^ {0,3}\$\$([\s\S]{1,2000}?)\$\$[ \t]*(?:\n|$)/;
// As in Jupyter and Pandoc: "$5 and $6" is money. No space inside the dollars, no digit after the second.
const INLINE_MATH = /^\$(?![\s$])((?:\\.|[^$\\\n]){1,500}?)(?<!\s)\$(?!\d)/;

const mathBlock: TokenizerAndRendererExtension = {
  name: "mathBlock",
  level: "block",
  start: (text) => text.indexOf("$$"),
  tokenizer(text) {
    const match = BLOCK_MATH.exec(text);
    return match ? { type: "mathBlock", raw: match[0], formula: match[1]!.trim() } : undefined;
  },
  renderer: (token) => `<div class="formula">${formula(String(token.formula), true)}</div>\n`,
};

const mathInline: TokenizerAndRendererExtension = {
  name: "mathInline",
  level: "inline",
  start: (text) => text.indexOf("$"),
  tokenizer(text) {
    const match = INLINE_MATH.exec(text);
    return match ? { type: "mathInline", raw: match[0], formula: match[1]! } : undefined;
  },
  renderer: (token) => formula(String(token.formula), false),
};

const marked = new Marked({
  gfm: true,
  extensions: [mathBlock, mathInline],
  renderer: {
    html: ({ text }) => sanitiseHtml(text),
    image: ({ href, text }) =>
      /^data:image\/(?:png|jpeg|gif|webp);base64,[\w+/=]+$/.test(href)
        ? `<img src="${href}" alt="${escapeHtml(text)}">`
        : escapeHtml(text),
    link({ href, tokens }) {
      const inner = this.parser.parseInline(tokens);
      const target = linkTarget(href);
      return target === null ? inner : `<a href="${escapeHtml(target)}">${inner}</a>`;
    },
    heading({ tokens, depth, text }) {
      return `<h${depth} id="${slug(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
  },
});

/** One cell's markdown. Raw HTML in it goes through the same sieve as outputs. */
export function markdownHtml(markdown: string): string {
  return marked.parse(markdown, { async: false });
}

/** Inline markdown on one line: a title. */
export function inlineHtml(markdown: string): string {
  return marked.parseInline(markdown, { async: false });
}

function formula(tex: string, displayMode: boolean): string {
  return temml.renderToString(tex, { displayMode, throwOnError: false, trust: false, strict: false });
}

/** Web pages, places on this page, and files beside the notebook; a notebook becomes its report. */
function linkTarget(written: string): string | null {
  const href = written.replace(/[\p{Cc}\s]/gu, ""); // browsers read past them: java<tab>script:
  if (/^https?:\/\/\S+$/i.test(href) || href.startsWith("#")) return href;
  if (/^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith("//")) return null;
  return href.replace(/\.ipynb(?=#|$)/, ".html");
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
}
