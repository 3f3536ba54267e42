/** Rule 2: one spelling for everything that looks the same. Input is capped first, so that nothing here grows with it. */
import { GROUP_SPACE, stripMarkup } from "./markup.ts";

export { GROUP_SPACE };

/** Characters of an answer that are looked at; a longer answer is not an answer. */
export const MAX_ANSWER = 4096;

const VULGAR: Record<string, string> = {
  "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5", "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
};
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** 1: a sign of LaTeX, markdown or HTML (\ * ` _ { $ # <); 2: printable ASCII that stays as it is; 0: anything else. */
const CLASS = new Uint8Array(128);
CLASS.fill(2, 0x20, 0x7f);
for (const sign of "\\*`_{$#<") CLASS[sign.charCodeAt(0)] = 1;
/** Plain Chinese, 。 and 、 stay as they are. */
const isStable = (c: number) => (c >= 0x4e00 && c <= 0x9fff) || c === 0x3002 || c === 0x3001;

/** The answer in one spelling, trimmed; `text` must not be longer than MAX_ANSWER. */
export function normalise(text: string): string {
  let markup = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 128 ? CLASS[c] === 2 : isStable(c)) continue;
    if (c < 128 && CLASS[c] === 1) markup = true;
    else return normaliseSlowly(text);
  }
  return (markup ? stripMarkup(text) : text).trim();
}

/** Full-width signs may fold to markup: stripMarkup looks at all of it. */
const normaliseSlowly = (text: string): string => stripMarkup(foldCharacters(text)).trim();

/** NFKC with the exceptions that keep numbers whole; control and zero-width characters are left out. */
export function foldCharacters(text: string): string {
  let out = "";
  let done = 0;
  let compose = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 128 ? CLASS[c] !== 0 : isStable(c)) continue;
    const folded = fold(text, i, c);
    if (folded === null) {
      compose = true;
      continue;
    }
    out += text.slice(done, i) + folded;
    done = i + 1;
  }
  if (done === 0 && !compose) return text;
  out += text.slice(done);
  return compose ? out.normalize("NFKC").replaceAll("\u2044", "/") : out;
}

/** What the character at `i` becomes; null leaves it to NFKC. */
function fold(text: string, i: number, c: number): string | null {
  // Full-width forms. The comma groups full-width digits; between others it separates.
  if (c === 0xff0c) return isFullDigit(text.charCodeAt(i - 1)) && isFullDigit(text.charCodeAt(i + 1)) ? "," : ", ";
  if (c >= 0xff01 && c <= 0xff5e) return String.fromCharCode(c - 0xfee0);
  if (c === 0x0a || c === 0x0d || c === 0x2028 || c === 0x2029 || c === 0x85) return "\n";
  if (c === 0x09 || c === 0x3000) return " ";
  if (isInvisible(c)) return "";
  if (c === 0xa0 || c === 0x202f || c === 0x2009 || c === 0x2007) return isDigit(text.charCodeAt(i - 1)) && isDigit(text.charCodeAt(i + 1)) ? GROUP_SPACE : " ";
  if (c === 0x2212 || c === 0xfe63 || (c >= 0x2010 && c <= 0x2012)) return "-";
  const ch = text[i]!;
  const power = c === 0x207b ? "-" : SUPERSCRIPTS.includes(ch) ? String(SUPERSCRIPTS.indexOf(ch)) : null;
  if (power !== null) return i > 0 && (SUPERSCRIPTS.includes(text[i - 1]!) || text[i - 1] === "⁻") ? power : `^${power}`;
  const vulgar = c < 0x2160 ? VULGAR[ch] : undefined;
  if (vulgar !== undefined) return (isDigit(text.charCodeAt(i - 1)) ? " " : "") + vulgar;
  // Dashes, quotes, € and the signs of comparison mean what they are.
  return (c >= 0x2013 && c <= 0x201d) || c === 0x20ac || (c >= 0x2260 && c <= 0x2265) || c === 0x2248 || c === 0xd7 || c === 0xa5 || c === 0xa3 ? ch : null;
}

const isFullDigit = (c: number) => c >= 0xff10 && c <= 0xff19;
const isDigit = (c: number) => (c >= 48 && c <= 57) || isFullDigit(c);

function isInvisible(c: number): boolean {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c === 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c === 0xfeff || c === 0x180e || c === 0x034f;
}
