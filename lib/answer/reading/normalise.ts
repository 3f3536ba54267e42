/**
 * Rule 2: one spelling for everything that looks the same. Input is capped first, so that nothing here grows
 * with it.
 */
import { codeAt } from "./characters.ts";
import { GROUP_SPACE, stripMarkup } from "./markup.ts";
import { TextBuffer } from "./text-buffer.ts";

export { GROUP_SPACE };

/** Characters of an answer that are looked at; a longer answer is not an answer. */
export const MAX_ANSWER = 4096;

const VULGAR: Record<string, string> = {
  "½": "1/2",
  "⅓": "1/3",
  "⅔": "2/3",
  "¼": "1/4",
  "¾": "3/4",
  "⅕": "1/5",
  "⅖": "2/5",
  "⅗": "3/5",
  "⅘": "4/5",
  "⅙": "1/6",
  "⅚": "5/6",
  "⅛": "1/8",
  "⅜": "3/8",
  "⅝": "5/8",
  "⅞": "7/8",
};
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * 1: a sign of LaTeX, markdown or HTML (\ * ` _ { } # <); 3: the dollar; 2: printable ASCII that stays as it
 * is; 0: anything else.
 */
const CLASS = new Uint8Array(128);
CLASS.fill(2, 0x20, 0x7f);
for (const sign of "\\*`_{}#<") CLASS[sign.charCodeAt(0)] = 1;
CLASS["$".charCodeAt(0)] = 3;
/** Plain Chinese, 。 and 、 stay as they are. */
const isStable = (c: number) => (c >= 0x4e00 && c <= 0x9fff) || c === 0x3002 || c === 0x3001;

/** The answer in one spelling, trimmed; `text` must not be longer than MAX_ANSWER. */
export function normalise(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const c = codeAt(text, i);
    if (c < 128 ? CLASS[c] !== 0 : isStable(c)) continue;
    return withoutMarkup(foldCharacters(text));
  }
  return withoutMarkup(text);
}

/** One dollar sign is a currency, two may be delimiters. */
function withoutMarkup(text: string): string {
  let dollars = 0;
  for (let i = 0; i < text.length; i++) {
    const c = codeAt(text, i);
    const kind = c < 128 ? CLASS[c] : 0;
    if (kind === 1 || (kind === 3 && ++dollars > 1)) return stripMarkup(text).trim();
  }
  return text.trim();
}

const out = new TextBuffer();

/** NFKC with the exceptions that keep numbers whole; control and zero-width characters are left out. */
export function foldCharacters(text: string): string {
  let compose = false;
  let same = true;
  out.clear();
  for (let i = 0; i < text.length; i++) {
    const c = codeAt(text, i);
    if (c < 128 ? CLASS[c] !== 0 : isStable(c)) {
      out.push(c);
      continue;
    }
    // Full-width forms
    const folded = c >= 0xff01 && c <= 0xff5e && c !== 0xff0c ? c - 0xfee0 : fold(text, i, c);
    if (folded === KEPT) compose = true;
    else if (folded !== c) same = false;
    if (typeof folded === "string") out.write(folded);
    else out.push(folded === KEPT ? c : folded);
  }
  if (!compose) return same ? text : out.toString();
  return out.toString().normalize("NFKC").replaceAll("\u2044", "/");
}

/** Left to NFKC. */
const KEPT = -1;

/** What the character at `i` becomes: a character's code, a text, or KEPT. */
function fold(text: string, i: number, c: number): number | string {
  // The comma groups full-width digits; between others it separates.
  if (c === 0xff0c)
    return isFullDigit(text.charCodeAt(i - 1)) && isFullDigit(text.charCodeAt(i + 1)) ? "," : ", ";
  if (c === 0x0a || c === 0x0d || c === 0x2028 || c === 0x2029 || c === 0x85) return 0x0a;
  if (c === 0x09 || c === 0x3000) return 0x20;
  if (isInvisible(c)) return "";
  if (c === 0xa0 || c === 0x202f || c === 0x2009 || c === 0x2007)
    return isDigit(text.charCodeAt(i - 1)) && isDigit(text.charCodeAt(i + 1)) ? GROUP_SPACE : " ";
  if (c === 0x2212 || c === 0xfe63 || (c >= 0x2010 && c <= 0x2012)) return 0x2d;
  // Dashes, quotes, € and the signs of comparison mean what they are.
  if (
    (c >= 0x2013 && c <= 0x201d) ||
    c === 0x20ac ||
    (c >= 0x2260 && c <= 0x2265) ||
    c === 0x2248 ||
    c === 0xd7 ||
    c === 0xa5 ||
    c === 0xa3
  )
    return c;
  const ch = text[i]!;
  const power = c === 0x207b ? "-" : SUPERSCRIPTS.includes(ch) ? String(SUPERSCRIPTS.indexOf(ch)) : null;
  if (power !== null)
    return i > 0 && (SUPERSCRIPTS.includes(text[i - 1]!) || text[i - 1] === "⁻") ? power : `^${power}`;
  const vulgar = c < 0x2160 ? VULGAR[ch] : undefined;
  if (vulgar !== undefined) return (isDigit(text.charCodeAt(i - 1)) ? " " : "") + vulgar;
  return KEPT;
}

const isFullDigit = (c: number) => c >= 0xff10 && c <= 0xff19;
const isDigit = (c: number) => (c >= 48 && c <= 57) || isFullDigit(c);

function isInvisible(c: number): boolean {
  return (
    c < 0x20 ||
    (c >= 0x7f && c <= 0x9f) ||
    c === 0xad ||
    (c >= 0x200b && c <= 0x200f) ||
    (c >= 0x202a && c <= 0x202e) ||
    (c >= 0x2060 && c <= 0x206f) ||
    c === 0xfeff ||
    c === 0x180e ||
    c === 0x034f
  );
}
