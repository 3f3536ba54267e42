/** How a text ends that names no answer: "Therefore, the growth is 15%.", "因此，毛利率为12.5%。". */
import { MAX_STATEMENT, predicateEnd, sentenceLength, tidyAnswer, valueOf } from "./statement.ts";
import type { Statement } from "./statement.ts";

/** Characters from the end in which "therefore … is …" concludes the whole text and not one of its steps. */
const CONCLUSION_WITHIN = 600;
/** Lines from the end in which a bare value is looked for: closing signs may stand behind it. */
const MAX_LINES = 6;

const LEAD = new RegExp(
  "^[\\s*_#>\\-\\d.]{0,8}(?:(?:and\\s+)?(?:therefore|thus|so|hence|in conclusion|in summary|consequently" +
    "|finally|overall|as a result|(?:the\\s+)?(?:final\\s+)?result|(?:the\\s+)?total|conclusion)(?![a-z])" +
    "|综上所述|综上|因此|因而|所以|故|由此|" +
    "可见|总之|最终|最后|计算结果|结果|结论|即)",
  "i",
);

/**
 * A text's conclusion: its last sentence with "therefore", "so", "因此", "所以" …, from the last "is", "=",
 * "为", "是" on; the whole sentence where it holds one number and none of these. Null when numbers follow
 * it (it was a step), or when it stands too far from the end.
 */
export function conclusion(text: string): Statement | null {
  const from = Math.max(0, text.length - CONCLUSION_WITHIN);
  for (const { start, end } of sentencesOf(text, from).reverse()) {
    const sentence = text.slice(start, end);
    const lead = LEAD.exec(sentence);
    if (lead) return start === from && from > 0 ? null : concluded(sentence, lead[0].length, start, end);
    if (/[0-9]/.test(sentence)) return null;
  }
  return null;
}

function concluded(sentence: string, lead: number, start: number, end: number): Statement | null {
  if (/[?？]\s*$/.test(sentence)) return null;
  const clause = sentence.slice(lead).replace(/^[\s,，:：*]+/, "");
  const letters = new Set(clause.match(/(?<![A-Za-z])[A-H](?![A-Za-z])/g));
  if (letters.size === 1 && /正确|correct/.test(clause)) return { answer: [...letters][0]!, start, end };
  const answer = tidyAnswer(statedIn(valueOf(clause)));
  return answer === "" ? null : { answer, start, end };
}

function statedIn(clause: string): string {
  const at = predicateEnd(clause);
  const value = clause.slice(at);
  const numbers = clause.match(/\d[\d,.]*/g)?.length ?? 0;
  // "Natalia sold 72 clips.", "10 pens are left.": no "is" before the only number of the sentence.
  if (numbers === 1 && (at === 0 || !/\d/.test(value))) return clause;
  return at > 0 && (numbers === 0 || /\d/.test(value)) ? valueOf(value) : "";
}

/** The sentences and lines of `text` from `from` on. */
function sentencesOf(text: string, from: number): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (let at = from; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const lineEnd = newline < 0 ? text.length : newline;
    const end = at + sentenceLength(text.slice(at, lineEnd));
    if (text.slice(at, end).trim() !== "") found.push({ start: at, end });
    at = end === lineEnd ? lineEnd + 1 : end;
  }
  return found;
}

const BARE_VALUE = new RegExp(
  "^(?:[$¥￥€£]?\\s*-?\\d[\\d,]*(?:\\.\\d+)?(?:\\s*(?:%|[\\p{L}/]+)){0,3}|[（(]?[A-H]{1,6}[)）]?" +
    "|yes|no|是|否|正确|错误)$",
  "iu",
);

/**
 * A last line that is a value and nothing else ("**66**", "B"), or an equation that ends in one ("96 - 30 =
 * 66").
 */
export function bareLine(text: string): Statement | null {
  for (let to = text.trimEnd().length, lines = 0; to > 0 && lines < MAX_LINES; lines++) {
    const start = text.lastIndexOf("\n", to - 1) + 1;
    const line = text.slice(start, to);
    // A box here was never closed: the text is cut. A line of closing signs says nothing.
    if (line.length > MAX_STATEMENT || line.includes("\\boxed")) return null;
    const answer = tidyAnswer(line);
    if (answer !== "") return BARE_VALUE.test(answer) ? { answer, start, end: to } : null;
    to = start - 1;
  }
  return null;
}
