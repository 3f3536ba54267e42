/**
 * Markdown cells as HTML: GitHub's dialect, formulas as MathML, links between notebooks turned into links
 * between reports.
 */
import { Marked, Renderer, type TokenizerAndRendererExtension } from "marked";
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
  renderer: (token) => `<span class="inline-formula">${formula(String(token.formula), false)}</span>`,
};

/** From a notebook to a term, in the file beside it. */
const GLOSSARY_LINK = /^README\.md#([\w-]+)$/;

/** Where a notebook's markdown will stand. */
export interface Place {
  /** Before every heading's id: in a file of several notebooks each has its own. */
  prefix: string;
  /** Address of another notebook in this place, or of a heading in it; null when it is not there. */
  addressOf(notebook: string, heading: string | null): string | null;
  /** Place and meaning of a term of the glossary, null where there is none. Default: there is no glossary. */
  termOf?(term: string): { address: string; meaning: string } | null;
}

export interface Heading {
  id: string;
  depth: number;
  /** Inline HTML. */
  html: string;
}

export interface MarkdownWriter {
  /** One cell's markdown as HTML. Raw HTML in it goes through the same sieve as outputs. */
  write(markdown: string): string;
  /** The headings of all that was written, in order. */
  headings: readonly Heading[];
}

/** Writes the markdown of one notebook for a place: no two of its headings get the same id. */
export function markdownWriter(place: Place): MarkdownWriter {
  const headings: Heading[] = [];
  const taken = new Map<string, number>();
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
        const [, word] = GLOSSARY_LINK.exec(href) ?? [];
        const term = word === undefined ? null : place.termOf?.(word);
        if (term)
          return `<a href="${escapeHtml(term.address)}" title="${escapeHtml(term.meaning)}">${inner}</a>`;
        const target = linkTarget(href, place);
        return target === null ? inner : `<a href="${escapeHtml(target)}">${inner}</a>`;
      },
      heading({ tokens, depth, text }) {
        const html = this.parser.parseInline(tokens);
        const name = slug(text);
        const before = taken.get(name) ?? 0;
        taken.set(name, before + 1);
        const id = `${place.prefix}${name}${before === 0 ? "" : `-${before + 1}`}`;
        headings.push({ id, depth, html: html.replace(/<\/?a\b[^>]*>/g, "") });
        return `<h${depth} id="${id}">${html}</h${depth}>\n`;
      },
      table(token) {
        return `<div class="scroll">${Renderer.prototype.table.call(this, token)}</div>`;
      },
    },
  });
  return { write: (markdown) => marked.parse(markdown, { async: false }), headings };
}

const plain = new Marked({ gfm: true, renderer: { html: ({ text }) => sanitiseHtml(text) } });

/** Inline markdown on one line, links as their words: a title, a sentence of numbers. */
export function inlineHtml(markdown: string): string {
  return plain.parseInline(markdown, { async: false }).replace(/<\/?(?:a|img)\b[^>]*>/g, "");
}

function formula(tex: string, displayMode: boolean): string {
  return temml.renderToString(tex, { displayMode, throwOnError: false, trust: false, strict: false });
}

/** Web pages, places on this page, other notebooks. Any other file does not travel with the report. */
function linkTarget(written: string, { prefix, addressOf }: Place): string | null {
  const href = written.replace(/[\p{Cc}\s]/gu, ""); // browsers read past them: java<tab>script:
  if (/^https?:\/\/\S+$/i.test(href)) return href;
  if (href.startsWith("#")) return `#${prefix}${href.slice(1)}`;
  const [, notebook, heading] = /^(?:\.\/)?([^/:]+)\.ipynb(?:#(.+))?$/.exec(href) ?? [];
  return notebook === undefined ? null : addressOf(decodeURI(notebook), heading ?? null);
}

/** A heading or a file's name as the id of its place on a page. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
}
