/**
 * What the question itself states, so that an answer may leave it out: percent, scale, fall, decimals, per.
 */
import { wordsOf } from "../reading/characters.ts";
import { foldCharacters } from "../reading/normalise.ts";
import { askedDecimals } from "./decimals.ts";
import { latinWords, statesFall } from "./fall.ts";
import { statedScales } from "./scale.ts";

export interface Hints {
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
  const end = optionsAt >= 0 ? optionsAt : question.length;
  let text = question.slice(Math.max(0, end - 2 * ASK_LENGTH), end);
  for (const mark of ["Question:", "问题：", "问题:"]) {
    const at = text.lastIndexOf(mark);
    if (at >= 0) text = text.slice(at + mark.length);
  }
  return foldCharacters(text.slice(-ASK_LENGTH)).toLowerCase();
}

/** `optionsAt`: where the question's options start, −1 where it has none. */
export function readHints(question: string, optionsAt = -1): Hints {
  const text = askingPart(question, optionsAt);
  const words = latinWords(text);
  const points = includesAny(text, POINTS);
  return {
    percent: points || asksPercent(text),
    points,
    basisPoints: includesAny(text, BASIS_POINTS),
    scale: only(statedScales(text)),
    tableScale: only(statedScales(question.slice(0, TABLE_LENGTH).toLowerCase())),
    fall: statesFall(text),
    decimals: askedDecimals(text, words),
    per: PER.filter(
      ([, parts, ...own]) => includesAny(text, parts) || own.some((word) => words.includes(word)),
    ).map(([unit]) => unit),
  };
}

const includesAny = (text: string, listed: string): boolean =>
  wordsOf(listed).some((word) => text.includes(word));
const only = (set: Set<number>): number | null => (set.size === 1 ? [...set][0]! : null);

const POINTS = "百分点|percentage point|percent point";
const BASIS_POINTS = "基点|basis point";
/** Names of percent that ask, and those that also stand in data. */
const ASKING_PERCENT = "百分之几|百分之多少|百分比|百分数|百分率";
const PERCENT = wordsOf("percent|per cent|%|pct");

/** "5 percent" and "5%" are data; "what percentage", "(%)", 百分之几 ask. */
function asksPercent(text: string): boolean {
  if (includesAny(text, ASKING_PERCENT)) return true;
  for (const word of PERCENT) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      const isPoint = text.startsWith("percentage point", at) || text.startsWith("percent point", at);
      if (!isPoint && !/[0-9] *$/.test(text.slice(0, at))) return true;
    }
  }
  return false;
}

/** A unit, what names it anywhere in the text, and what names it as a word of its own. */
const PER: [unit: string, parts: string, ...words: string[]][] = [
  ["share", "每股|per share|per common share|per diluted share", "eps"],
  ["year", "每年|per year|年均", "annual"],
  ["month", "每月|per month", "monthly"],
  ["day", "每天|每日|per day", "daily"],
  ["hour", "每小时|per hour", "hourly"],
  ["piece", "每件|每个|per unit"],
  ["ton", "每吨|per ton"],
  ["kg", "每公斤|每千克|per kg|per kilogram"],
  ["person", "人均|每人|per person|per capita"],
];
