/**
 * The options of a multiple-choice question, however they are labelled: one reader for prepare and the
 * checker.
 */
import { APART, isBlank, LINE, MAX_OPTIONS, ON_HAN, ON_LATIN, readLabels, skipBlank } from "./labels.ts";
import type { Label, Row } from "./labels.ts";

/** What the labels are: A B C · a b c · 1 2 3 or ① ② ③ · 甲 乙 丙 · 一 二 三 · i ii iii · none. */
export type Labels = "upper" | "lower" | "number" | "stem" | "han" | "roman" | "bullet";

export interface Choices {
  /** The question without its options. */
  stem: string;
  /** Their texts in the order given, labels taken off; empty when there are none. */
  options: string[];
  /** null when there are none. */
  labels: Labels | null;
  /**
   * Each label is closed by a sign ("A.", "(A)") and the first one hangs on no word: hardly anything else
   * looks so.
   */
  sure: boolean;
  /** Where the first label starts; −1 when there are none. */
  at: number;
}

/** Longer texts are taken without looking for options; nobody writes such a question by hand. */
const LONG = 100_000;
/**
 * Splits a question into stem and options: the longest run of consecutive labels (A B C …, 1 2 3 …,
 * 甲 乙 丙 …, i ii iii …) of at least two, or at least two lines with bullets.
 *
 * Takes full-width labels as they are. A first label stands at the start of a line, behind white space, a
 * bracket or a stop ("…会？A. 增加"); those that follow may hang on the option before ("A.增加B.减少"),
 * on Latin letters and digits only where no label is followed by white space ("A.1160B.1200"). An option has
 * a text, so that "A、B、C三只基金" is no list. What follows the last option's line belongs to the stem, and
 * so does a request behind the last option ("D. 专利。请选择…"). Figures in a row ("flows: (1) 100 (2) 200")
 * have an order that counts: they are options where the caller says so. Linear in the text.
 *
 * @example
 * splitOptions("利率会？A.上升B.下降").options //=> ["上升", "下降"]
 */
export function splitOptions(text: string, { figures = false } = {}): Choices {
  const none: Choices = { stem: text, options: [], labels: null, sure: false, at: -1 };
  if (text.length > LONG) return none;
  const rows = readLabels(text);
  const upper = lettered(text, rows.upper, "upper");
  if (upper) return choicesOf(upper);
  const found = [
    taken(text, "upper", runs(text, rows.bareUpper, LINE, LINE), false),
    lettered(text, rows.lower, "lower"),
    taken(text, "lower", runs(text, rows.bareLower, LINE, LINE), false),
    taken(text, "stem", runs(text, rows.stem, APART, APART), true),
    numbered(text, rows.number, figures),
    taken(text, "han", runs(text, rows.han, LINE, LINE), true),
    taken(text, "roman", runs(text, rows.roman, APART, ON_HAN), true),
    taken(text, "upper", runs(text, rows.upper, ON_HAN, ON_HAN), false),
    bulleted(text),
  ].filter((choices) => choices !== null);
  if (found.length === 0) return none;
  return choicesOf(found.reduce((best, other) => (comesLater(text, best, other) ? other : best)));
}

/**
 * Whether the second list is rather the options: statements are listed, too, and the options come last. A
 * list within the last option stands on its line and is not longer than the list of options.
 */
function comesLater(text: string, first: Listed, second: Listed): boolean {
  if (second.at < first.last || second.options.length < first.options.length) return false;
  return second.options.length > first.options.length || text.slice(first.last, second.at).includes("\n");
}

/** Choices, and where the last label starts. */
interface Listed extends Choices {
  last: number;
}

const choicesOf = ({ last: _, ...choices }: Listed): Choices => choices;

/** On lines, or behind one another; statements are numbered, too, and the options come last. */
function numbered(text: string, row: Row, figures: boolean): Listed | null {
  const onLines = runs(text, row, LINE, LINE);
  for (const firstAt of [APART, ON_HAN]) {
    const run = longest(text, row, firstAt, [ON_HAN, ON_LATIN]);
    const behind = run.length > 1 && (onLines.length < 2 || run[0]!.from > onLines.at(-1)!.from);
    const choices = behind ? taken(text, "number", run, true) : null;
    if (choices && (figures || choices.options.every((option) => WORD.test(option)))) return choices;
  }
  return taken(text, "number", onLines, true);
}

const WORD = /^["'“‘「]?\p{L}/u;

function lettered(text: string, row: Row, labels: Labels): Listed | null {
  return taken(text, labels, longest(text, row, APART, [LINE, APART, ON_HAN, ON_LATIN]), true);
}

/** The longest run whose labels stand at one of the places or a stricter one; the strictest of equals. */
function longest(text: string, row: Row, firstAt: number, places: number[]): Row {
  let best: Row = [];
  for (const place of places) {
    const possible = place === ON_LATIN ? row.filter(({ tight }) => tight) : row;
    const run = runs(text, possible, Math.min(place, firstAt), place);
    if (run.length > best.length) best = run;
  }
  return best;
}

/** Of all runs that begin with the first label and go on in order, the longest; of equals the last. */
function runs(text: string, row: Row, firstAt: number, othersAt: number): Row {
  let best: Row = [];
  // The best run so far may still grow where a first label stands inside one of its options.
  let open: Row = [];
  for (const label of row) {
    if (label.order === 0 && label.place <= firstAt) {
      if (open.length > best.length || (open.length === best.length && open.length > 1)) best = open;
      open = [label];
    } else if (label.place <= othersAt) {
      if (follows(text, open, label)) open.push(label);
      if (best !== open && follows(text, best, label)) best.push(label);
    }
  }
  return open.length >= best.length ? open : best;
}

function follows(text: string, run: Row, { order, from }: Label): boolean {
  const last = run.at(-1);
  if (last === undefined || order !== last.order + 1 || order >= MAX_OPTIONS) return false;
  return last.to <= from && hasText(text, last.to, from);
}

const SEPARATORS = " \t\n\u3000、,，;；/和与及或";

/** Something but separators stands there: "A、B、C" names letters, it lists no options. */
function hasText(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!SEPARATORS.includes(text[i]!)) return true;
  return false;
}

/** What is asked of the reader behind the last option on its line. */
const REQUEST =
  /[。.!！;；)）]\s{0,9}(?=请|要求|注意[:：]|please\b|choose\b|select\b|pick\b|answer\b|put\b|give\b)/i;

function taken(text: string, labels: Labels, run: Row, closed: boolean): Listed | null {
  if (run.length < 2) return null;
  const [first, last] = [run[0]!, run.at(-1)!];
  const begin = skipBlank(text, last.to);
  let end = text.indexOf("\n", begin);
  if (end === -1) end = text.length;
  const request = text.slice(begin, end).search(REQUEST);
  if (request > 0) end = begin + request + 1;
  if (!hasText(text, last.to, end)) {
    if (run.length < 3) return null;
    return taken(text, labels, run.slice(0, -1), closed);
  }
  const options = run.map(({ to }, i) => trimSeparators(text.slice(to, run[i + 1]?.from ?? end)));
  const stem = text.slice(0, first.from) + text.slice(end);
  return { stem, options, labels, sure: closed && first.place <= APART, at: first.from, last: last.from };
}

function trimSeparators(text: string): string {
  let end = text.length;
  while (end > 0 && (isBlank(text.charCodeAt(end - 1)) || ";；,，、|".includes(text[end - 1]!))) end--;
  return text.slice(0, end).trim();
}

/** Options that have a dash or a dot instead of a label. */
const BULLETS = /(?:(?:^|\n)[^\S\n]*[-*•·▪●○][^\S\n]+[^\n]+){2,}/;

function bulleted(text: string): Listed | null {
  const listed = BULLETS.exec(text);
  if (!listed) return null;
  const lines = listed[0].split("\n").map((line) => line.replace(/^\s*[-*•·▪●○]\s+/, "").trim());
  const options = lines.filter((line) => line !== "");
  const stem = text.slice(0, listed.index) + text.slice(listed.index + listed[0].length);
  return { stem, options, labels: "bullet", sure: false, at: listed.index, last: listed.index };
}
