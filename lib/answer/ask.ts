/** What the question itself states, so that an answer may leave it out: percent, scale, fall, decimals, per. */
import { askedDecimals } from "./ask-decimals.ts";
import { foldCharacters } from "./normalise.ts";

export interface Ask {
  /** A percentage is asked for, or percentage points. */
  percent: boolean;
  points: boolean;
  basisPoints: boolean;
  /** Power of ten of the scale asked for ("in millions", 多少万元); null when none or several. */
  scale: number | null;
  /** Power of ten named by the table above the question ("(in millions)"): fills in where one side names the scale. */
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
export function askingPart(question: string, optionsAt: number): string {
  let text = optionsAt >= 0 ? question.slice(Math.max(0, optionsAt - 2 * ASK_LENGTH), optionsAt) : question.slice(-2 * ASK_LENGTH);
  for (const mark of ["Question:", "问题：", "问题:"]) {
    const at = text.lastIndexOf(mark);
    if (at >= 0) text = text.slice(at + mark.length);
  }
  return foldCharacters(text.slice(-ASK_LENGTH)).toLowerCase();
}

export function readAsk(question: string, optionsAt = -1): Ask {
  if (question === "") return { percent: false, points: false, basisPoints: false, scale: null, tableScale: null, fall: false, decimals: null, per: [] };
  const text = askingPart(question, optionsAt);
  const words = latinWords(text);
  const points = ["百分点", "percentage point", "percent point"].some((w) => text.includes(w));
  return {
    percent: points || asksPercent(text),
    points,
    basisPoints: ["基点", "basis point"].some((w) => text.includes(w)),
    scale: only(statedScales(text)),
    tableScale: only(statedScales(question.slice(0, TABLE_LENGTH).toLowerCase())),
    fall: statesFall(text, words),
    decimals: askedDecimals(text, words),
    per: statedPer(text, words),
  };
}

export function latinWords(text: string): string[] {
  const out: string[] = [];
  let word = "";
  for (const c of text + " ") {
    if ((c >= "a" && c <= "z") || (c >= "0" && c <= "9") || c === "." || c === "'") word += c;
    else if (word) {
      out.push(word);
      word = "";
    }
  }
  return out;
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
  for (const word of ["百分之几", "百分之多少", "百分比", "百分数", "百分率"]) if (text.includes(word)) return true;
  for (const word of ["percent", "per cent", "%", "pct"]) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (!isDigit(before(text, at)) && !text.startsWith("percentage point", at) && !text.startsWith("percent point", at)) return true;
    }
  }
  return false;
}

const ENGLISH_SCALES: [string, number][] = [["thousand", 3], ["million", 6], ["billion", 9], ["trillion", 12], ["us$ m", 6], ["$ m ", 6]];
const CHINESE_SCALES: [string, number][] = [["千万元", 7], ["百万", 6], ["万亿", 12], ["千元", 3], ["万", 4], ["亿", 8]];

/** Every scale that is asked for or named as the unit, not those of the data ("5 million"). */
function statedScales(text: string): Set<number> {
  const found = new Set<number>();
  for (const [word, power] of ENGLISH_SCALES) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
      const lead = text.slice(Math.max(0, at - 12), at).trimEnd();
      if (lead.endsWith(" in") || lead.endsWith("(in") || lead === "in" || lead.endsWith("many") || lead.endsWith("(") || lead.endsWith("in $") || lead.endsWith("in us$") || lead.endsWith("in usd") || lead.endsWith("($") || lead.endsWith("in rmb") || word.startsWith("us$")) found.add(power);
    }
  }
  for (let i = 0; i < text.length; i++) {
    if (!"千百万亿".includes(text[i]!)) continue;
    const lead = text.slice(Math.max(0, i - 3), i);
    const hit = CHINESE_SCALES.find(([word]) => text.startsWith(word, i));
    if (!hit) continue;
    if (lead.endsWith("多少") || lead.endsWith("几") || lead.endsWith("单位:") || lead.endsWith("单位：") || lead.endsWith("单位") || lead.endsWith("(") || lead.endsWith("（") || lead.endsWith("以") || lead.endsWith("单位为")) found.add(hit[1]);
    i += hit[0].length - 1;
  }
  return found;
}

const only = (set: Set<number>): number | null => (set.size === 1 ? [...set][0]! : null);

const FALL = new Set("fall fell falls fallen decrease decreased decreases decline declined declines drop dropped drops shrink shrank reduce reduced reduction lower less fewer lose loses lost slip slipped slump".split(" "));
const RISE = new Set("increase increased increases rise rose rises grow grew growth gain gained gains profit change changed changes variation".split(" "));
const FALL_ZH = ["下降", "减少", "降低", "下滑", "下跌", "亏损", "跌幅", "降幅", "减幅", "净流出", "缩减"];
const RISE_ZH = ["增长", "增加", "上升", "提高", "上涨", "盈利", "涨幅", "增幅", "变动", "变化", "升降", "增减"];
const LOSSES = ["net loss", "operating loss", "loss per", "loss of", "the loss"];

function statesFall(text: string, words: string[]): boolean {
  const falls = words.some((w) => FALL.has(w)) || FALL_ZH.some((w) => text.includes(w)) || LOSSES.some((w) => text.includes(w));
  return falls && !words.some((w) => RISE.has(w)) && !RISE_ZH.some((w) => text.includes(w));
}

function statedPer(text: string, words: string[]): string[] {
  const out: string[] = [];
  if (text.includes("每股") || text.includes("per share") || text.includes("per common share") || words.includes("eps") || text.includes("per diluted share")) out.push("share");
  if (text.includes("每年") || text.includes("per year") || words.includes("annual") || text.includes("年均")) out.push("year");
  if (text.includes("每月") || text.includes("per month") || words.includes("monthly")) out.push("month");
  if (text.includes("每天") || text.includes("每日") || text.includes("per day") || words.includes("daily")) out.push("day");
  if (text.includes("每小时") || text.includes("per hour") || words.includes("hourly")) out.push("hour");
  if (text.includes("每件") || text.includes("每个") || text.includes("per unit")) out.push("piece");
  if (text.includes("人均") || text.includes("每人") || text.includes("per person") || text.includes("per capita")) out.push("person");
  return out;
}
