/**
 * What the question itself states, so that an answer may leave it out: percent, scale, fall, decimals, per.
 */
import { askedDecimals } from "./decimals.ts";
import { statesFall } from "./fall.ts";
import { statedScales } from "./scale.ts";
import { latinWords } from "./latin-words.ts";
import { foldCharacters } from "../reading/normalise.ts";

export interface Ask {
  /** A percentage is asked for, or percentage points. */
  percent: boolean;
  points: boolean;
  basisPoints: boolean;
  /** Power of ten of the scale asked for ("in millions", 多少万元); null when none or several. */
  scale: number | null;
  /**
   * Power of ten named by the table above the question ("(in millions)"): fills in where one side names the
   * scale.
   */
  tableScale: number | null;
  /** It asks how much something fell. */
  fall: boolean;
  /** Decimals asked for. */
  decimals: number | null;
  /** "per" units it names. */
  per: string[];
}

const ASK_LENGTH = 600;
const TABLE_LENGTH = 65_536;

/** The sentence that asks: after the last "Question:" and before the options; its last 600 characters. */
function askingPart(question: string, optionsAt: number): string {
  let text =
    optionsAt >= 0
      ? question.slice(Math.max(0, optionsAt - 2 * ASK_LENGTH), optionsAt)
      : question.slice(-2 * ASK_LENGTH);
  for (const mark of ["Question:", "问题：", "问题:"]) {
    const at = text.lastIndexOf(mark);
    if (at >= 0) text = text.slice(at + mark.length);
  }
  return foldCharacters(text.slice(-ASK_LENGTH)).toLowerCase();
}

export function readAsk(question: string, optionsAt = -1): Ask {
  if (question === "")
    return {
      percent: false,
      points: false,
      basisPoints: false,
      scale: null,
      tableScale: null,
      fall: false,
      decimals: null,
      per: [],
    };
  const text = askingPart(question, optionsAt);
  const words = latinWords(text);
  const points = ["百分点", "percentage point", "percent point"].some((w) => text.includes(w));
  return {
    percent: points || asksPercent(text),
    points,
    basisPoints: ["基点", "basis point"].some((w) => text.includes(w)),
    scale: only(statedScales(text)),
    tableScale: only(statedScales(question.slice(0, TABLE_LENGTH).toLowerCase())),
    fall: statesFall(text),
    decimals: askedDecimals(text, words),
    per: statedPer(text, words),
  };
}

/** The character before `at` that is not white space. */
function before(text: string, at: number): string {
  let i = at - 1;
  while (i >= 0 && text[i] === " ") i--;
  return text[i] ?? "";
}

const isDigit = (c: string) => c >= "0" && c <= "9";

/** "5 percent" and "5%" are data; "what percentage", "(%)", 百分之几 ask. */
function asksPercent(text: string): boolean {
  for (const word of ["百分之几", "百分之多少", "百分比", "百分数", "百分率"])
    if (text.includes(word)) return true;
  for (const word of ["percent", "per cent", "%", "pct"]) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (
        !isDigit(before(text, at)) &&
        !text.startsWith("percentage point", at) &&
        !text.startsWith("percent point", at)
      )
        return true;
    }
  }
  return false;
}

const only = (set: Set<number>): number | null => (set.size === 1 ? [...set][0]! : null);

function statedPer(text: string, words: string[]): string[] {
  const out: string[] = [];
  if (
    text.includes("每股") ||
    text.includes("per share") ||
    text.includes("per common share") ||
    words.includes("eps") ||
    text.includes("per diluted share")
  )
    out.push("share");
  if (text.includes("每年") || text.includes("per year") || words.includes("annual") || text.includes("年均"))
    out.push("year");
  if (text.includes("每月") || text.includes("per month") || words.includes("monthly")) out.push("month");
  if (text.includes("每天") || text.includes("每日") || text.includes("per day") || words.includes("daily"))
    out.push("day");
  if (text.includes("每小时") || text.includes("per hour") || words.includes("hourly")) out.push("hour");
  if (text.includes("每件") || text.includes("每个") || text.includes("per unit")) out.push("piece");
  if (text.includes("每吨") || text.includes("per ton")) out.push("ton");
  if (
    text.includes("每公斤") ||
    text.includes("每千克") ||
    text.includes("per kg") ||
    text.includes("per kilogram")
  )
    out.push("kg");
  if (
    text.includes("人均") ||
    text.includes("每人") ||
    text.includes("per person") ||
    text.includes("per capita")
  )
    out.push("person");
  return out;
}
