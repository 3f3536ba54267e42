/** The options of a multiple-choice question, however they are labelled. */

export interface Choices {
  /** The question without its options. */
  stem: string;
  /** Their texts in the order given, labels taken off; empty when there are none. */
  options: string[];
}

const NUMBERS = Array.from({ length: 20 }, (_, i) => String(i + 1));
const ROMAN = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"];

/** Places a label of one family can stand; the label is in one of the groups. */
const FAMILIES: { labels: readonly string[]; pattern: RegExp }[] = [
  // (A) · [A] · A. · A、 · A: · A) · Option A:    anywhere, unless a Latin letter or digit stands before
  { labels: [..."abcdefghij"], pattern: /(?<![a-z0-9])(?:(?:option|choice)\s)?(?:选项\s?)?(?:[([【]([a-j])[)\]】]|([a-j])\s?[.、:)](?!\d))\s*/gi },
  // A apples, at the start of lines only
  { labels: [..."abcdefghij"], pattern: /(?<=^|\n)[^\S\n]*([a-j])[^\S\n]+(?=\S)/gi },
  // 1. · (1) · 1) · 1、 at the start of lines
  { labels: NUMBERS, pattern: /(?<=^|\n)[^\S\n]*(?:\((\d{1,2})\)|(\d{1,2})[.、:)](?!\d))\s*/g },
  { labels: [..."甲乙丙丁戊己"], pattern: /(?<=^|[\n\s;])[^\S\n]*(?:\(([甲乙丙丁戊己])\)|([甲乙丙丁戊己])[.、:)])\s*/g },
  { labels: [..."一二三四五六七八九十"], pattern: /(?<=^|\n)[^\S\n]*(?:\(([一二三四五六七八九十])\)|([一二三四五六七八九十])[.、:)])\s*/g },
  // (i) · ii. · iii)
  { labels: ROMAN, pattern: /(?<![a-z0-9])(?:\(([ivx]{1,4})\)|([ivx]{1,4})[.、:)](?!\d))\s*/gi },
  // (1) · 1) · 1. · 1、 on one line, before words: rows of figures have an order that counts
  { labels: NUMBERS, pattern: /(?<![\p{L}\d.])(?:\((\d{1,2})\)|(\d{1,2})[.、)])\s?(?=[\p{L}"'])/gu },
];

/** Options that have a dash or a dot instead of a label. */
const BULLETS = /(?:(?:^|\n)[^\S\n]*[-*•·▪●○][^\S\n]+[^\n]+){2,}/;

interface Label {
  index: number;
  end: number;
  label: string;
}

/**
 * Splits a question into stem and options: the longest run of consecutive labels (A B C …, 1 2 3 …, 甲 乙 丙 …, i ii iii …) of at least two, or
 * at least two lines with bullets.
 *
 * Expects NFKC text (full-width labels made plain). What follows the last option's line belongs to the stem. Linear in the text.
 */
export function splitOptions(text: string): Choices {
  for (const { labels, pattern } of FAMILIES) {
    const run = longestRun(text, labels, pattern);
    if (run.length < 2) continue;
    const options = run.map(({ end }, i) => text.slice(end, run[i + 1]?.index ?? text.length));
    const last = options[options.length - 1]!;
    const lineEnd = last.trimEnd().indexOf("\n");
    const rest = lineEnd === -1 ? "" : last.slice(lineEnd);
    if (lineEnd !== -1) options[options.length - 1] = last.slice(0, lineEnd);
    return { stem: text.slice(0, run[0]!.index) + rest, options: options.map((o) => o.trim()) };
  }
  const listed = BULLETS.exec(text);
  if (!listed) return { stem: text, options: [] };
  const options = listed[0].split("\n").map((line) => line.replace(/^\s*[-*•·▪●○]\s+/, "").trim());
  return { stem: text.slice(0, listed.index) + text.slice(listed.index + listed[0].length), options: options.filter((option) => option !== "") };
}

/** Of all runs that start with the first label and go on in order, the longest; of equals the last. */
function longestRun(text: string, labels: readonly string[], pattern: RegExp): Label[] {
  let best: Label[] = [];
  let run: Label[] = [];
  for (const match of text.matchAll(pattern)) {
    const label = (match[1] ?? match[2]!).toLowerCase();
    const found = { index: match.index, end: match.index + match[0].length, label };
    if (label === labels[run.length]) run.push(found);
    else if (label === labels[0]) run = [found];
    else continue;
    if (run.length >= best.length) best = run.slice();
  }
  return best;
}
