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
  /** Where the first option starts in the question; −1 when there are none. */
  at: number;
}

const CLOSERS = ".．、:：)）】]";
const MAX_OPTIONS = 10;

const letterAt = (text: string, i: number): string | null => {
  let c = text.charCodeAt(i);
  if (c >= 0xff21 && c <= 0xff3a) c -= 0xfee0;
  return c >= 65 && c <= 74 ? String.fromCharCode(c) : null;
};

/** A marker may start a line or follow white space, a bracket or a stop; never a letter or digit. */
function opens(text: string, i: number): boolean {
  if (i === 0) return true;
  const c = text.charCodeAt(i - 1);
  return c <= 32 || c === 0x3000 || "（(【[；;，,。．.、%）)：:".includes(text[i - 1]!);
}

/** At least two options in the order A, B, C …, or an empty list. One pass over the question. */
export function readOptions(question: string): Options {
  let marks: { letter: string; from: number; to: number }[] = [];
  for (let i = 0; i < question.length; i++) {
    const letter = letterAt(question, i);
    if (letter === null || !CLOSERS.includes(question[i + 1] ?? " ") || !opens(question, i)) continue;
    const lineStart = i === 0 || question[i - 1] === "\n" || ("（(【[".includes(question[i - 1]!) && (i === 1 || question[i - 2] === "\n"));
    const mark = { letter, from: "（(【[".includes(question[i - 1] ?? " ") ? i - 1 : i, to: i + 2 };
    if (letter === "A" && (marks.length < 2 || lineStart)) marks = [mark];
    else if (marks.length > 0 && marks.length < MAX_OPTIONS && letter.charCodeAt(0) === 65 + marks.length) marks.push(mark);
  }
  if (marks.length < 2) return { list: [], at: -1 };
  const list = marks.map((mark, i) => {
    const next = marks[i + 1]?.from;
    let end = next ?? question.indexOf("\n", mark.to);
    if (end < 0) end = question.length;
    const text = question.slice(mark.to, Math.min(end, mark.to + 1000)).trim();
    return { letter: mark.letter, text, words: squash(text), number: readSingle(text) };
  });
  return { list, at: marks[0]!.from };
}
