/** What stays of a question when everything that does not make it another question is taken away. */
import { arabicDigits } from "./arabic-digits.ts";
import { splitOptions } from "./options.ts";

/** Longer texts are compared without looking for options; nobody writes such a question by hand. */
const LONG = 100_000;

/**
 * A key that two texts share when they are the same question in other white space, letter case, width,
 * punctuation, item numbers, option labels or option order, or in Chinese against Arabic digits, or wrapped
 * in other answering instructions ("put your answer in \boxed{}").
 *
 * Numbers, percent signs, currencies, minus signs and arithmetic stay: the same template with other values
 * has another key. Numbers keep a boundary between them ("3-5" is not "35"). Linear in the text.
 */
export function canonicalKey(question: string): string {
  const text = plain(question);
  if (text.length > LONG) return canonicalText(text);
  const { stem, options } = splitOptions(stripItemNumber(stripInstructions(text)));
  const parts = [canonicalText(stripItemLetter(stem)), ...options.map(canonicalText).sort()];
  return parts.join("\u0001");
}

/**
 * Full width to half width, lower case, circled numbers to (1), invisible characters out, runs of white space
 * to one.
 */
export function plain(text: string): string {
  return text
    .replace(/[①-⑳]/g, (c) => `(${c.charCodeAt(0) - 0x245f})`)
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\p{Cf}\u0000-\u0008\u000e-\u001f]/gu, "")
    .replace(/[\r\u2028\u2029]/g, "\n")
    .replace(/[^\S\n]+/g, " ")
    .replace(/ ?\n[ \n]*/g, "\n");
}

const INSTRUCTIONS = [
  /^\s*假设你是[^。\n]{0,40}(?:专家|助手|分析师)[,，。][^。\n]{0,20}(?:问题|题目)[。:]?\s*/,
  /^\s*注意[:：]?\s*题目是[^。\n]{0,8}选题[^。\n]{0,30}。?/,
  /^\s*please answer the (?:given|following) [a-z ]{0,40}question[a-z ]{0,40}[.:]/,
  /^\s*(?:例\s?\d{1,3}|no\.\s?\d{1,4}|#\s?\d{1,4})\s/,
  new RegExp(
    String.raw`^\s*[[(【]?\s*(?:question|problem|exercise|example|task|item|ex|no|q|` +
      "问题|题目|例题|习题|练习|例|题|问)" +
      String.raw`\.?\s*[\d一二三四五六七八九十]{0,4}\s*(?:[)\]】]\s*[:.、]?|[:.、)])(?!\d)`,
  ),
  /^\s*[([【](?:单选|多选|单项选择|多项选择|不定项选择|判断|计算)题?[)\]】]/,
  /(?:请|let's|please)?\s*(?:一步步|逐步|一步一步地?)思考[,，。]?|(?:please |let's )?(?:reason|think) step by step[,.]?/g,
];

function stripInstructions(text: string): string {
  let left = dropBoxedSentences(text);
  for (const pattern of INSTRUCTIONS) left = left.replace(pattern, "");
  return left;
}

/** Sentences that tell where to put the answer name an empty box. */
function dropBoxedSentences(text: string): string {
  let left = text;
  for (let times = 0; times < 4; times++) {
    const at = left.search(/\\boxed\s?\{\s{0,3}\}/);
    if (at === -1) break;
    let start = at;
    while (start > 0 && !/[。.!?\n]/.test(left[start - 1]!)) start--;
    let end = left.indexOf("}", at) + 1;
    while (end < left.length && !/[。.!?\n]/.test(left[end - 1]!)) end++;
    left = left.slice(0, start) + left.slice(end);
  }
  return left;
}

/** 第3题, (3), Q3., 3), 三、 */
const ITEM_NUMBER = new RegExp(
  `^\\s*(?:${[
    /第\s*[\d一二三四五六七八九十百]{1,4}\s*[题问][.、:)]?/,
    /[([【〔]\s*[\d一二三四五六七八九十]{1,4}\s*[)\]】〕]/,
    /[qno]{1,2}\.?\s?\d{1,4}\s*[.、:)](?!\d)/,
    /\d{1,3}\s*[.、:)](?!\d)/,
    /[一二三四五六七八九十]{1,3}\s*[.、:)]/,
  ]
    .map(({ source }) => source)
    .join("|")})\\s*`,
);

function stripItemNumber(text: string): string {
  return text.replace(ITEM_NUMBER, "");
}

/**
 * (a), b) and the longer Roman numbers, which are nobody's initial. After the options are off, whose labels
 * look the same.
 */
function stripItemLetter(stem: string): string {
  return stem.replace(
    /^\s*(?:\((?:[a-z]|[ivx]{1,4})\)|[a-z]\)|[ivx]{1,4}\)|(?:i{2,3}|iv|vi{1,3}|ix|xi{1,3})[.、])\s*/,
    "",
  );
}

/** A number, a word, or a sign that carries a value: each a group of its own. */
const TOKEN = new RegExp(
  [
    String.raw`(\d*\.\d+|\d+)|([\p{L}\p{M}]+)`,
    String.raw`([%‰$€£¥<>=≤≥≠±×÷+^]|(?<=\d\s?)[/*](?=\s?\d)|` +
      String.raw`(?<![\p{L}\d])[-−](?=\d)|(?<=\p{Script=Han})[-−](?=\d))`,
  ].join("|"),
  "gu",
);

const SAME_SIGN: Record<string, string> = { "−": "-", "×": "*", "÷": "/" };

/** Letters, numbers and the signs that carry a value; everything else goes. Expects `plain` text. */
export function canonicalText(text: string): string {
  const joined = text
    .replace(/\s(?=\p{Script=Han})|(?<=\p{Script=Han})\s/gu, "")
    .replace(/(?<=\d)[, ](?=\d{3}(?!\d))/g, "");
  const digits = arabicDigits(joined);
  let out = "";
  let numberBefore = false;
  for (const match of digits.matchAll(TOKEN)) {
    if (match[1] !== undefined && numberBefore) out += "|";
    out += SAME_SIGN[match[0]] ?? match[0];
    numberBefore = match[1] !== undefined;
  }
  return out;
}
