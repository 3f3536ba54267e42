/** Words for comparison: one case, no white space or punctuation between. */
import { digitAt, isDigit, isWide } from "./characters.ts";
import { normalise } from "./normalise.ts";

const isWord = (c: number) => isDigit(c) || (c >= 97 && c <= 122) || isWide(c) || (c >= 0xc0 && c < 0x2000);
const isPunctuation = (c: number) =>
  (c >= 0x3000 && c <= 0x303f) || (c >= 0xff00 && c <= 0xff0f) || (c >= 0xfe30 && c <= 0xfe4f);

/**
 * Lower case, words separated by one space, Chinese run together; signs that carry meaning in numbers (%, .,
 * -) stay inside them.
 */
export function squash(text: string): string {
  const s = normalise(text).toLowerCase();
  let out = "";
  for (let i = 0; i < s.length; ) {
    const from = i;
    while (i < s.length && stays(s, i)) i++;
    if (i > from) {
      if (
        out &&
        !isWide(s.charCodeAt(from)) &&
        !isWide(out.charCodeAt(out.length - 1)) &&
        !joinsDigits(s, from - 1)
      )
        out += " ";
      out += s.slice(from, i);
    }
    i++;
  }
  return out;
}

/** A letter, a digit or a sign that belongs to a number or a name. */
function stays(s: string, i: number): boolean {
  const c = s.charCodeAt(i);
  if (isWord(c)) return !isPunctuation(c);
  if (c === 46) return digitAt(s, i - 1) && digitAt(s, i + 1);
  if (c === 37) return digitAt(s, i - 1);
  return c === 45 ? digitAt(s, i + 1) : c === 47 || c === 38 || c === 43;
}

/** 1,234 and 1234 are one word. */
const joinsDigits = (s: string, i: number): boolean =>
  s.charCodeAt(i) === 44 && digitAt(s, i - 1) && digitAt(s, i + 1);

/** Places where `part` stands in `text`; a part of Latin letters only at word ends. */
export function occurrences(text: string, part: string): number[] {
  const out: number[] = [];
  if (part === "") return out;
  for (let at = text.indexOf(part); at >= 0 && out.length < 100; at = text.indexOf(part, at + part.length)) {
    if (hasEdges(text, part, at)) out.push(at);
  }
  return out;
}

const hasEdges = (text: string, part: string, at: number): boolean =>
  edge(text, at, part.charCodeAt(0), -1) &&
  edge(text, at + part.length - 1, part.charCodeAt(part.length - 1), 1);

const isLatinWord = (c: number) => (c >= 97 && c <= 122) || isDigit(c);

function edge(text: string, at: number, own: number, side: 1 | -1): boolean {
  const other = text.charCodeAt(at + side);
  return !(isLatinWord(own) && isLatinWord(other));
}
