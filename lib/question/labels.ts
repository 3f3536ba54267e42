/** The places in a question where the label of an option may stand. */

export const MAX_OPTIONS = 20;

/**
 * Where a label stands: at the start of a line; behind white space, a bracket or a stop; on Chinese; on
 * Latin.
 */
export const LINE = 0,
  APART = 1,
  ON_HAN = 2,
  ON_LATIN = 3;

export interface Label {
  /** 0 for A, 1 and 甲. */
  order: number;
  from: number;
  to: number;
  place: number;
  /** Its text follows at once. */
  tight: boolean;
}

/** Labels of one kind, in the order they stand in. */
export type Row = Label[];

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

/** What a character may begin. */
const NOTHING = 0,
  LETTER = 1,
  DIGIT = 2,
  STEM = 3,
  HAN = 4,
  ROMAN = 5,
  ENCIRCLED = 6;
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
const STOPS = '；;，,。．.、%％）)】]：:？?！!…”"』」》>}|/_—';

export const isBlank = (c: number): boolean => c <= 32 || c === 0x3000 || c === 0xa0;
const isDigit = (c: number): boolean => (c >= 48 && c <= 57) || (c >= 0xff10 && c <= 0xff19);
/** Full width as half width. */
const plain = (c: number): number => (c >= 0xff01 && c <= 0xff5e ? c - 0xfee0 : c);
const isBetween = (c: number, low: number, high: number): boolean => c >= low && c <= high;
const isLatin = (c: number): boolean => isBetween(plain(c), 65, 90) || isBetween(plain(c), 97, 122);

export function skipBlank(text: string, from: number): number {
  let i = from;
  while (i < text.length && isBlank(text.charCodeAt(i))) i++;
  return i;
}

/** Every label of every kind, in the order they stand in. One pass. */
export function readLabels(text: string): Rows {
  const letters = { upper: [], lower: [], bareUpper: [], bareLower: [] };
  const rows: Rows = { ...letters, number: [], stem: [], han: [], roman: [] };
  for (let i = 0; i < text.length; i++) {
    switch (KINDS[text.charCodeAt(i)]) {
      case NOTHING:
        continue;
      case LETTER:
        readLetter(text, i, rows);
        continue;
      case DIGIT: {
        const inside = text[i - 1] === "." ? i - 2 : i - 1; // of a number: 0.12
        if (isDigit(text.charCodeAt(inside))) continue;
        const two = isDigit(text.charCodeAt(i + 1)) ? 2 : 1;
        const value = Number(text.slice(i, i + two).normalize("NFKC"));
        push(text, rows.number, value - 1, i, i + two, true);
        i += two - 1;
        continue;
      }
      case ENCIRCLED: {
        const order = (text.charCodeAt(i) - 0x2460) % 20;
        const to = skipBlank(text, ".、:：".includes(text[i + 1] ?? "?") ? i + 2 : i + 1);
        let place = Math.min(placeOf(text, i), ON_HAN); // it hangs on nothing, whatever stands before
        if (order === 0 && place > APART) place = APART;
        rows.number.push({ order, from: i, to, place, tight: true });
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

/**
 * Adds the label between `from` and `to` when a sign closes it. `decimal`: no point before a digit closes it.
 */
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
