/** What a sentence states as its answer: the value alone, as plain text. */
import { stripMarkup } from "../reading/markup.ts";
import { stripTags } from "./tags.ts";

/**
 * What a text says its answer is, and where: from its marker to the end of its sentence, in UTF-16 offsets.
 */
export interface Statement {
  answer: string;
  start: number;
  end: number;
}

/** Characters of a statement; what is longer is no answer but a text about one. */
export const MAX_STATEMENT = 400;

const SENTENCE_END = /[。！？]|[.!?](?=[*_)"”\]]*\s+["“*(]*[A-Z\u4e00-\u9fff])/g;
/** A stop behind these ends no sentence: "B. Increase", "U.S. Treasury", "vs. Cost". */
const ABBREVIATION = /(?:(?:^|[^A-Za-z])[A-Za-z]|\b(?:inc|co|corp|ltd|vs|mr|ms|no|approx|dept|fig))$/i;

/** Where the first sentence of a line ends, its stop included. */
export function sentenceLength(line: string): number {
  for (const { 0: stop, index } of line.matchAll(SENTENCE_END)) {
    if (stop !== "." || !ABBREVIATION.test(line.slice(Math.max(0, index - 10), index))) return index + 1;
  }
  return line.length;
}

/** What explains a value, behind it: "12.5%, which is above …", "12.5%，高于…". */
const AFTERTHOUGHT = new RegExp(
  "[,，;；]?\\s+(?:which|as|because|since|so that|indicating|meaning|representing|assuming|when)(?![a-z])" +
    "|[，；](?![A-H\\d])",
  "i",
);
/** A number, options, yes or no. */
const SAYS_ENOUGH = new RegExp(
  "\\d|^[^A-Za-z]*[A-H]{1,6}[^A-Za-z]*$" +
    "|^[\\s:：*]*(?:yes|no|true|false|correct|incorrect|是的?|否|不是|不能|正确|错误)[\\s*]*$",
  "i",
);

/** Up to what only explains it, once enough has been said. */
export function valueOf(stated: string): string {
  const aside = AFTERTHOUGHT.exec(stated);
  if (!aside) return stated;
  const value = stated.slice(0, aside.index);
  return SAYS_ENOUGH.test(value) ? value : stated;
}

const PREDICATES = [
  /\s(?:is|are|was|were|be|equals|equal to|amounts to|comes to|totals)(?![a-z])(?:\s+about)?[\s:]*/gi,
  // Not 因为, 认为, 行为 …, not 但是, 还是, 就是 …, not 是否.
  /(?:等于|约为|约是|达到|(?<![因认作成行以分视称])为|(?<![但于还不要就只可总凡若])是)(?![否了什不])[约\s:：]*/g,
  /[:：]\s*/g,
];

/**
 * Behind the last predicate ("is", "为", ":") or equals sign that something follows; 0 when there is none.
 */
export function predicateEnd(clause: string): number {
  let end = Math.max(0, equalsAt(clause) + 1);
  for (const pattern of PREDICATES) {
    for (const { 0: predicate, index } of clause.matchAll(pattern)) {
      const after = index + predicate.length;
      if (trimTrailing(clause.slice(after)) !== "") end = Math.max(end, after);
    }
  }
  return end;
}

/** "The total cost is $7" says $7. */
export function numberSaid(sentence: string): string {
  const at = predicateEnd(sentence);
  return /\d/.test(sentence.slice(at)) && !/\d/.test(sentence.slice(0, at)) ? sentence.slice(at) : sentence;
}

const LEADING = new RegExp(
  "^(?:[\\s:：=≈*_`#\"“‘'’”}\\])】）」』,，、]+|\\\\[[(]|\\$\\$|[-–•]\\s+(?!\\d)|that\\s+|```\\w*" +
    "|选项(?=[A-H])|option\\s+(?=[（(]?[A-H](?![A-Za-z])))+",
  "i",
);
const TRAILING = " \t\r\n.。;；,，、!！*_`\"”’'\\";

/**
 * An answer as it is stated, without what stands around it: tags, markup, LaTeX (`12.5\%` → 12.5%,
 * `\frac{1}{3}` → 1/3), colons and stops; of an equation the last right-hand side. "" where nothing is left.
 */
export function tidyAnswer(stated: string): string {
  let text = stripTags(stated).trim().replace(LEADING, "");
  if (/^\\(?:begin|end)\{/.test(text)) return "";
  if (/[\\*`#]|\$[^$]*\$/.test(text)) {
    const plain = stripMarkup(text);
    // stripMarkup writes one sign for all functions: a root stays LaTeX.
    if (!plain.includes("√")) text = plain.replaceAll("\u0002", ",").replace(/\s+/g, " ");
  }
  text = rightSide(trimTrailing(text.replace(LEADING, "")));
  return closeBrackets(trimTrailing(text.replace(LEADING, "")));
}

function trimTrailing(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** The last "=" or "≈" that is one and has something behind it; -1 when there is none. */
function equalsAt(text: string): number {
  const at = Math.max(text.lastIndexOf("="), text.lastIndexOf("≈"));
  const isOther = "<>!≠≤≥=".includes(text[at - 1] ?? "");
  return at < 0 || isOther || trimTrailing(text.slice(at + 1)) === "" ? -1 : at;
}

/** Behind the last equals sign: "1,200 - 800 = 400" → 400. */
const rightSide = (text: string): string => text.slice(equalsAt(text) + 1).trim();

/** Without a bracket at the end that nothing opened. */
function closeBrackets(text: string): string {
  const open = { ")": "(", "]": "[", "）": "（", "}": "{" }[text.at(-1) ?? ""];
  return open !== undefined && !text.includes(open) ? text.slice(0, -1).trim() : text;
}
