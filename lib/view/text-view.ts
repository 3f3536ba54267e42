/**
 * Text of models and files, made inert: whoever wrote it, it can only be read. Nothing in it is markup, a
 * script, a terminal code, a formula or a change of writing direction; what would be invisible is shown.
 */

// Bidirectional controls, zero-width characters, separators, language tags: they change what is seen without
// being seen.
const INVISIBLE = new RegExp(
  String.raw`[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u2028-\u202E` +
    String.raw`\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\u{E0000}-\u{E01EF}]`,
  "gu",
);
const LONE_SURROGATE = /[\uD800-\uDFFF]/gu;

/**
 * The text with every control character shown: C0 as its picture (ESC → ␛), C1, bidi and zero-width
 * characters as ⟨U+202E⟩, lone surrogates as U+FFFD. Line feeds and tabs stay; CRLF becomes LF.
 *
 * @param max characters kept; a longer text ends in "… (n more characters)". Default 20,000.
 */
export function visibleText(text: string, max = 20_000): string {
  const cut = text.length > max ? text.slice(0, max) : text;
  const shown = cut
    .replace(/\r\n/g, "\n")
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000B-\u001F]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\u007F/g, "␡")
    .replace(/[\u0080-\u009F]/g, codePoint)
    .replace(INVISIBLE, codePoint)
    .replace(LONE_SURROGATE, "\uFFFD");
  return cut === text ? shown : `${shown}… (${(text.length - max).toLocaleString("en-US")} more characters)`;
}

function codePoint(character: string): string {
  return `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * The visible text as HTML that a browser shows letter by letter, for element content and quoted attributes.
 */
export function escapeHtml(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

/**
 * Escaped HTML for notebook pages, which also look for formulas in text: "$" and "\" get an element of their
 * own, so that "$5 … $6" is not set as mathematics. Line breaks and indentation stay.
 */
export function inertHtml(text: string): string {
  return escapeHtml(text)
    .replace(/[$\\]/g, (c) => `<span>${c}</span>`)
    .replace(/(?<=\n)[ \t]+/g, (indent) => "&nbsp;".repeat(indent.replace(/\t/g, "    ").length))
    .replace(/\n/g, "<br>");
}

const WIDE = new RegExp(
  String.raw`[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6` +
    String.raw`\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]`,
  "u",
);

/** Columns of a text in a font of one width; a wide (CJK) character takes two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/**
 * The visible text in lines of at most `columns`, broken at blanks where there are any; the last of `max`
 * lines ends in "…" when there is more. Line breaks stay.
 */
export function wrapText(text: string, columns: number, max: number): string[] {
  const lines = visibleText(text, columns * max * 2)
    .split("\n")
    .flatMap((line) => wrapLine(line, columns));
  return lines.length <= max ? lines : [...lines.slice(0, max - 1), "…"];
}

function wrapLine(line: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (widthOf(rest) > columns) {
    let cut = 0;
    for (let width = 0; cut < rest.length; ) {
      const character = String.fromCodePoint(rest.codePointAt(cut)!);
      width += widthOf(character);
      if (width > columns) break;
      cut += character.length;
    }
    const blank = rest.lastIndexOf(" ", cut);
    const at = blank > cut / 2 ? blank : cut;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}
