/**
 * Long texts of questions and answers, told apart into what a reader needs first and what is a click away: a
 * page of report before a question, or an answer that repeats itself, would bury everything below it.
 */
import { withoutContext } from "../question/asked.ts";
import { widthOf } from "./text-view.ts";

/** Columns of a question that is shown whole: ours take a third; a published one may bring a report. */
const WHOLE = 640;
/** Columns shown of a longer one. */
const START = 90;
const END = 320;

/** A long question by its beginning and, where it is asked, its end; null for one that is not long. */
export function shortQuestion(question: string): string | null {
  if (widthOf(question) <= WHOLE) return null;
  const asked = withoutContext(question);
  const end = asked.length < question.length && widthOf(asked) <= END ? asked : tailOf(question, END);
  return `${headOf(question, START).replace(/\s+/g, " ")} …\n… ${end}`;
}

/** Characters of the wrapped lines that are counted, a Chinese one for two. */
export interface Room {
  /** Of a line. */
  columns: number;
  /** A text with more is folded. */
  lines: number;
}

/**
 * The stretch of a long text that is folded away: all but its first and its last lines, where an answer
 * begins and ends. null for a text that has room.
 */
export function foldedStretch(text: string, { columns, lines }: Room): { start: number; end: number } | null {
  const ends = lineEnds(text, columns);
  if (ends.length <= lines) return null;
  const [first, last] = [Math.ceil(lines * 0.4), Math.ceil(lines * 0.2)];
  return { start: ends[first - 1]!, end: ends.at(-1 - last)! };
}

/** Where each line ends, its line break included, when a line takes so many columns. */
function lineEnds(text: string, columns: number): number[] {
  const ends: number[] = [];
  let width = 0;
  let at = 0;
  let blank = 0;
  for (const character of text) {
    if (width > 0 && character !== "\n" && width + widthOf(character) > columns) {
      const end = blank > (ends.at(-1) ?? 0) ? blank : at;
      ends.push(end);
      width = widthOf(text.slice(end, at));
    }
    at += character.length;
    if (character === " ") blank = at;
    width += widthOf(character);
    if (character === "\n") {
      ends.push(at);
      width = 0;
    }
  }
  if (at > (ends.at(-1) ?? 0)) ends.push(at);
  return ends;
}

function headOf(text: string, columns: number): string {
  const cut = text.slice(0, prefix([...text], columns));
  const blank = cut.lastIndexOf(" ");
  return blank > cut.length / 2 ? cut.slice(0, blank) : cut;
}

function tailOf(text: string, columns: number): string {
  const cut = text.slice(-prefix([...text].reverse(), columns));
  const blank = cut.search(/\s/);
  return blank >= 0 && blank < cut.length / 2 ? cut.slice(blank + 1).trimStart() : cut;
}

/** How many code units the first characters take that fit into so many columns. */
function prefix(characters: readonly string[], columns: number): number {
  let [units, width] = [0, 0];
  for (const character of characters) {
    width += widthOf(character);
    if (width > columns) break;
    units += character.length;
  }
  return units;
}
