/** The options a question lists: "A. 10%\nB. 12.5%", "(A) yes (B) no", several on one line too. */

import { readSingle } from "./single.ts";
import { squash } from "./squash.ts";
import type { Quantity } from "./value.ts";

export interface Option {
  letter: string;
  text: string;
  /** The text without case and punctuation. */
  words: string;
  /** The number the text is, if it is one. */
  number: Quantity | null;
}

export interface Options {
  list: Option[];
  /** Their letters, "ABCD"; null when there are none. */
  letters: string | null;
  /** Where the first option starts in the question; −1 when there are none. */
  at: number;
}

const NO_OPTIONS: Options = { list: [], letters: null, at: -1 };
const CLOSERS = ".．、:：)）】]";
const BRACKETS = "（(【[";
const STOPS = "；;，,。．.、%）)：:";
const MAX_OPTIONS = 10;
const A = 65;

/** A to J as 65 to 74, full-width ones too; 0 for everything else. */
function letterAt(text: string, i: number): number {
  const c = text.charCodeAt(i);
  if (c >= 65 && c <= 74) return c;
  return c >= 0xff21 && c <= 0xff2a ? c - 0xfee0 : 0;
}

const isBracket = (text: string, i: number): boolean => i >= 0 && BRACKETS.includes(text[i]!);

/** A marker may start a line or follow white space, a bracket or a stop; never a letter or digit. */
function opens(text: string, i: number): boolean {
  if (i === 0) return true;
  const c = text.charCodeAt(i - 1);
  return c <= 32 || c === 0x3000 || isBracket(text, i - 1) || STOPS.includes(text[i - 1]!);
}

/** At least two options in the order A, B, C …, or an empty list. One pass over the question. */
export function readOptions(question: string): Options {
  let marks: { letter: number; from: number; to: number }[] = [];
  for (let i = 0; i < question.length; i++) {
    const letter = letterAt(question, i);
    // Cheapest first: of a long text's letters hardly one is the next that a list wants.
    if (letter === 0 || (letter !== A && (letter !== A + marks.length || marks.length === MAX_OPTIONS))) continue;
    if (!CLOSERS.includes(question[i + 1] ?? " ") || !opens(question, i)) continue;
    const bracketed = isBracket(question, i - 1);
    const from = bracketed ? i - 1 : i;
    const startsLine = from === 0 || question[from - 1] === "\n" || question[i - 1] === "\n";
    if (letter !== A) marks.push({ letter, from, to: i + 2 });
    else if (marks.length < 2 || startsLine) marks = [{ letter, from, to: i + 2 }];
  }
  if (marks.length < 2) return NO_OPTIONS;
  const list = marks.map((mark, i) => {
    const next = marks[i + 1]?.from;
    let end = next ?? question.indexOf("\n", mark.to);
    if (end < 0) end = question.length;
    const text = question.slice(mark.to, Math.min(end, mark.to + 1000)).trim();
    return { letter: String.fromCharCode(mark.letter), text, words: squash(text), number: readSingle(text) };
  });
  return { list, letters: list.map(({ letter }) => letter).join(""), at: marks[0]!.from };
}
