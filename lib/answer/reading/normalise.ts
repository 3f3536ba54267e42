/**
 * Rule 2: one spelling for everything that looks the same. Input is capped first, so that nothing here grows
 * with it.
 */
import { isDigit } from "./characters.ts";
import { GROUP_SPACE, stripMarkup } from "./markup.ts";

/** Characters of an answer that are looked at; a longer answer is not an answer. */
export const MAX_ANSWER = 4096;

/** Printable ASCII, plain Chinese, 。 and 、 stay as they are. */
const FOLDED = /[^\x20-\x7e\u4e00-\u9fff。、]/g;
/** Signs of LaTeX, markdown and HTML. One dollar sign is a currency, two may be delimiters. */
const MARKUP = /[\\*`_{}#<]|\$[^$]*\$/;

/** The answer in one spelling, trimmed; `text` must not be longer than MAX_ANSWER. */
export function normalise(text: string): string {
  const folded = foldCharacters(text);
  return (MARKUP.test(folded) ? stripMarkup(folded) : folded).trim();
}

/** NFKC with the exceptions that keep numbers whole; control and zero-width characters are left out. */
export function foldCharacters(text: string): string {
  let compose = false;
  const folded = text.replace(FOLDED, (c, at: number) => {
    const other = fold(c, at, text);
    if (other === null) compose = true;
    return other ?? c;
  });
  return compose ? folded.normalize("NFKC").replaceAll("\u2044", "/") : folded;
}

const LINE_ENDS = "\n\r\u0085\u2028\u2029";
const INVISIBLE = /[\0-\x1f\x7f-\x9f\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/;
const NARROW_SPACES = "\u00a0\u2007\u2009\u202f";
const HYPHENS = "\u2010\u2011\u2012\u2212\ufe63";
/** Dashes, quotes, € and the signs of comparison mean what they are. */
const KEPT = /[\u2013-\u201d€≠-≥≈×¥£]/;
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻";
const VULGAR = /[¼-¾⅓-⅞]/;

/** What the character at `at` becomes; null leaves it to NFKC. */
function fold(c: string, at: number, text: string): string | null {
  // The comma groups full-width digits; between others it separates.
  if (c === "，") return isFullDigit(text, at - 1) && isFullDigit(text, at + 1) ? "," : ", ";
  if (c >= "\uff01" && c <= "\uff5e") return String.fromCharCode(c.charCodeAt(0) - 0xfee0);
  if (LINE_ENDS.includes(c)) return "\n";
  if (c === "\t" || c === "\u3000") return " ";
  if (INVISIBLE.test(c)) return "";
  if (NARROW_SPACES.includes(c))
    return isNumeric(text, at - 1) && isNumeric(text, at + 1) ? GROUP_SPACE : " ";
  if (HYPHENS.includes(c)) return "-";
  if (KEPT.test(c)) return c;
  if (SUPERSCRIPTS.includes(c)) {
    const power = c === "⁻" ? "-" : String(SUPERSCRIPTS.indexOf(c));
    return at > 0 && SUPERSCRIPTS.includes(text[at - 1]!) ? power : `^${power}`;
  }
  if (VULGAR.test(c))
    return (isNumeric(text, at - 1) ? " " : "") + c.normalize("NFKC").replace("\u2044", "/");
  return null;
}

const isFullDigit = (text: string, i: number): boolean => "０" <= text.charAt(i) && text.charAt(i) <= "９";
const isNumeric = (text: string, i: number): boolean => isDigit(text.charCodeAt(i)) || isFullDigit(text, i);
