/** The options of a multiple-choice question, however they are labelled: one reader for prepare's keys and the answer checker. */

/** What the labels are: A B C · a b c · 1 2 3 or ① ② ③ · 甲 乙 丙 · 一 二 三 · i ii iii · none. */
export type Labels = "upper" | "lower" | "number" | "stem" | "han" | "roman" | "bullet";

export interface Choices {
  /** The question without its options. */
  stem: string;
  /** Their texts in the order given, labels taken off; empty when there are none. */
  options: string[];
  /** null when there are none. */
  labels: Labels | null;
  /** Each label is closed by a sign ("A.", "(A)") and the first one does not hang on a word: hardly anything else looks so. */
  sure: boolean;
  /** Where the first label starts; −1 when there are none. */
  at: number;
}

/** Longer texts are taken without looking for options; nobody writes such a question by hand. */
const LONG = 100_000;
const MAX_OPTIONS = 20;

/** Where a label stands. */
const LINE = 0, APART = 1, ON_HAN = 2, ON_LATIN = 3;

interface Label {
  /** 0 for A, 1 and 甲. */
  order: number;
  from: number;
  to: number;
  place: number;
  /** Its text follows at once. */
  tight: boolean;
}

/** Labels of one kind, in the order they stand in. */
type Row = Label[];

interface Rows {
  upper: Row;
  lower: Row;
  /** A letter and a blank, at the start of a line. */
  bareUpper: Row;
  bareLower: Row;
  number: Row;
  stem: Row;
  han: Row;
  roman: Row;
}

/**
 * Splits a question into stem and options: the longest run of consecutive labels (A B C …, 1 2 3 …, 甲 乙 丙 …, i ii iii …) of at least
 * two, or at least two lines with bullets.
 *
 * Takes full-width labels as they are. A first label stands at the start of a line, behind white space, a bracket or a stop ("…会？A.
 * 增加"); those that follow may hang on the option before ("A.增加B.减少"), on Latin letters and digits only where no label is followed
 * by white space ("A.1160B.1200"). An option has a text, so that "A、B、C三只基金" is no list. What follows the last option's line belongs
 * to the stem, and so does a request behind the last option ("D. 专利。请选择…"). Figures in a row ("flows: (1) 100 (2) 200") have an
 * order that counts: they are options where the caller says so. Linear in the text.
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
  // Statements are listed, too, and the options come last: one inside an option is shorter than the list that it stands in.
  const last = (best: Listed, other: Listed) => (other.at > best.last && other.options.length >= best.options.length ? other : best);
  return found.length > 0 ? choicesOf(found.reduce(last)) : none;
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
    const run = runs(text, row, firstAt, ON_HAN);
    const behind = run.length > 1 && (onLines.length < 2 || run[0]!.from > onLines.at(-1)!.from);
    const choices = behind ? taken(text, "number", run, true) : null;
    if (choices && (figures || choices.options.every((option) => /^["'“‘「]?\p{L}/u.test(option)))) return choices;
  }
  return taken(text, "number", onLines, true);
}

/** The longest of the runs; where places differ, the stricter one of equals. */
function lettered(text: string, row: Row, labels: Labels): Listed | null {
  let best: Row = [];
  for (const place of [LINE, APART, ON_HAN, ON_LATIN]) {
    const run = runs(text, place === ON_LATIN ? row.filter(({ tight }) => tight) : row, Math.min(place, APART), place);
    if (run.length > best.length) best = run;
  }
  return taken(text, labels, best, true);
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
  return last !== undefined && order === last.order + 1 && order < MAX_OPTIONS && last.to <= from && hasText(text, last.to, from);
}

const SEPARATORS = " \t\n\u3000、,，;；/和与及或";

/** Something but separators stands there: "A、B、C" names letters, it lists no options. */
function hasText(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!SEPARATORS.includes(text[i]!)) return true;
  return false;
}

/** What is asked of the reader behind the last option on its line. */
const REQUEST = /[。.!！;；)）]\s{0,9}(?=请|要求|注意[:：]|please\b|choose\b|select\b|pick\b|answer\b|put\b|give\b)/i;

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

function skipBlank(text: string, from: number): number {
  let i = from;
  while (i < text.length && isBlank(text.charCodeAt(i))) i++;
  return i;
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

// What stands where

/** What a character may begin. */
const NOTHING = 0, LETTER = 1, DIGIT = 2, STEM = 3, HAN = 4, ROMAN = 5, ENCIRCLED = 6;
const STEMS = "甲乙丙丁戊己庚辛壬癸";
const HAN_NUMBERS = "一二三四五六七八九十";
const KINDS = new Uint8Array(65_536);
for (const [kind, characters] of [
  [LETTER, "ABCDEFGHIJabcdefghijＡＢＣＤＥＦＧＨＩＪａｂｃｄｅｆｇｈｉｊ"],
  [DIGIT, "123456789１２３４５６７８９"],
  [STEM, STEMS],
  [HAN, HAN_NUMBERS],
  [ROMAN, "vxVX"],
] as const)
  for (const c of characters) KINDS[c.charCodeAt(0)] = kind;
KINDS.fill(ENCIRCLED, 0x2460, 0x249c); // ① ⑴ ⒈, twenty of each
KINDS.fill(ROMAN, 0x2160, 0x2168); // Ⅰ to Ⅷ

const ROMANS = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"];
const OPENERS = "（(【[";
const CLOSERS = ".．、:：)）】]";
/** Behind them a first label may stand. */
const STOPS = "；;，,。．.、%％）)】]：:？?！!…”\"』」》>}|/_—";

const isBlank = (c: number): boolean => c <= 32 || c === 0x3000 || c === 0xa0;
const isDigit = (c: number): boolean => (c >= 48 && c <= 57) || (c >= 0xff10 && c <= 0xff19);
/** Full width as half width. */
const plain = (c: number): number => (c >= 0xff01 && c <= 0xff5e ? c - 0xfee0 : c);
const isLatin = (c: number): boolean => (plain(c) >= 65 && plain(c) <= 90) || (plain(c) >= 97 && plain(c) <= 122);

function readLabels(text: string): Rows {
  const rows: Rows = { upper: [], lower: [], bareUpper: [], bareLower: [], number: [], stem: [], han: [], roman: [] };
  for (let i = 0; i < text.length; i++) {
    switch (KINDS[text.charCodeAt(i)]) {
      case NOTHING:
        continue;
      case LETTER:
        readLetter(text, i, rows);
        continue;
      case DIGIT: {
        if (i > 0 && (isDigit(text.charCodeAt(i - 1)) || (text[i - 1] === "." && isDigit(text.charCodeAt(i - 2))))) continue;
        const two = isDigit(text.charCodeAt(i + 1)) ? 2 : 1;
        const value = Number(text.slice(i, i + two).normalize("NFKC"));
        push(text, rows.number, value - 1, i, i + two, true);
        i += two - 1;
        continue;
      }
      case ENCIRCLED: {
        const order = (text.charCodeAt(i) - 0x2460) % 20;
        const to = skipBlank(text, ".、:：".includes(text[i + 1] ?? "?") ? i + 2 : i + 1);
        const place = Math.min(placeOf(text, i), ON_HAN); // it hangs on nothing, whatever stands before
        rows.number.push({ order, from: i, to, place: order === 0 && place === ON_HAN ? APART : place, tight: true });
        continue;
      }
      case STEM:
        push(text, rows.stem, STEMS.indexOf(text[i]!), i, i + 1, false);
        continue;
      case HAN:
        push(text, rows.han, HAN_NUMBERS.indexOf(text[i]!), i, i + 1, false);
        continue;
      case ROMAN:
        i = readRoman(text, i, rows);
    }
  }
  return rows;
}

function readLetter(text: string, i: number, rows: Rows): void {
  const c = plain(text.charCodeAt(i));
  const [order, lower] = c >= 97 ? [c - 97, true] : [c - 65, false];
  if (c === 105 || c === 73) readRoman(text, i, rows);
  if (push(text, lower ? rows.lower : rows.upper, order, i, i + 1, false)) return;
  const next = text.charCodeAt(i + 1);
  if (next !== 10 && isBlank(next) && placeOf(text, i) === LINE && i + 2 < text.length)
    (lower ? rows.bareLower : rows.bareUpper).push({ order, from: i, to: i + 2, place: LINE, tight: false });
}

/** i, ii … viii; where the last of its letters stands. */
function readRoman(text: string, i: number, rows: Rows): number {
  if (text.charCodeAt(i) >= 0x2160) {
    push(text, rows.roman, text.charCodeAt(i) - 0x2160, i, i + 1, false);
    return i;
  }
  if (i > 0 && isLatin(text.charCodeAt(i - 1))) return i;
  let end = i;
  while (end < i + 5 && "ivxIVX".includes(text[end] ?? "?")) end++;
  const order = ROMANS.indexOf(text.slice(i, end).toLowerCase());
  if (order >= 0) push(text, rows.roman, order, i, end, false);
  return Math.max(i, end - 1);
}

/** Adds the label between `from` and `to` when a sign closes it. `decimal`: a point before a digit makes it another number. */
function push(text: string, row: Row, order: number, from: number, to: number, decimal: boolean): boolean {
  if (order < 0 || order >= MAX_OPTIONS) return false;
  const bracketed = from > 0 && OPENERS.includes(text[from - 1]!);
  let close = to;
  if (isBlank(text.charCodeAt(close)) && text[close] !== "\n") close++;
  if (close >= text.length || !CLOSERS.includes(text[close]!)) return false;
  if (decimal && isDigit(text.charCodeAt(close + 1)) && ".．:：".includes(text[close]!)) return false;
  const start = withPrefix(text, bracketed ? from - 1 : from);
  const tight = close + 1 < text.length && !isBlank(text.charCodeAt(close + 1));
  const place = bracketed ? Math.min(placeOf(text, start), APART) : placeOf(text, start);
  // Words that end a sentence are not even looked at again.
  if (place !== ON_LATIN || tight) row.push({ order, from: start, to: close + 1, place, tight });
  return true;
}

const PREFIXES = ["选项", "option", "choice"];

/** Where "选项A", "Option A" begins. */
function withPrefix(text: string, at: number): number {
  const end = at > 0 && text[at - 1] === " " ? at - 1 : at;
  if (end < 2 || !"项nNeE".includes(text[end - 1]!)) return at;
  const before = text.slice(Math.max(0, end - 6), end).toLowerCase();
  const prefix = PREFIXES.find((word) => before.endsWith(word));
  return prefix === undefined ? at : end - prefix.length;
}

function placeOf(text: string, at: number): number {
  let i = at - 1;
  while (i >= 0 && text[i] !== "\n" && isBlank(text.charCodeAt(i))) i--;
  if (i < 0 || text[i] === "\n" || text[i] === "\r") return LINE;
  if (i < at - 1) return APART;
  if (STOPS.includes(text[i]!) || OPENERS.includes(text[i]!)) return APART;
  const c = text.charCodeAt(i);
  return isLatin(c) || isDigit(c) ? ON_LATIN : ON_HAN;
}
