/**
 * Other ways to write a real gold, and other values of its kind: for golds whose text is all that is known.
 */
import { fullWidth, grouped } from "./amount.ts";

const isNumber = (s: string): boolean => s !== "" && Number.isFinite(Number(s)) && !s.includes("e");

/**
 * A number with its tail: "-12.6 million" → ["-12.6", " million"]; null when it does not start with a plain
 * number.
 */
function splitNumber(gold: string): [number: string, tail: string] | null {
  let end = gold.startsWith("-") ? 1 : 0;
  while (end < gold.length && "0123456789.,".includes(gold[end]!)) end++;
  const number = gold.slice(0, end).replaceAll(",", "");
  return isNumber(number) ? [number, gold.slice(end)] : null;
}

/** At least four rewritings of a numeric gold that rules 2–6 allow. */
export function rewriteNumber(gold: string): string[] {
  const split = splitNumber(gold);
  const around = [
    `\\boxed{${gold.replace("%", "\\%")}}`,
    `**${gold}**`,
    `答案：${gold}`,
    `The answer is ${gold}.`,
    `= ${gold}`,
    ` ${gold}\n`,
    `约${gold}`,
  ];
  if (!split) return around;
  const [number, tail] = split;
  const size = number.replace("-", "");
  const minus = number.startsWith("-") ? "-" : "";
  const out = [
    ...around,
    grouped(number, ",") + tail,
    fullWidth(number) + tail,
    (number.includes(".") ? `${number}0` : `${number}.0`) + tail,
  ];
  if (minus && Number(size) !== 0) out.push(`\u2212${size}${tail}`, `(${size})${tail}`, `负${size}${tail}`);
  if (tail === "%")
    out.push(`${number} percent`, `${minus ? "-" : ""}${size}％`, ...(minus ? [] : [`百分之${size}`]));
  if (tail === " thousand") out.push(`${number}k`, `${number}千`);
  if (tail === " million") out.push(`${number}m`, `${number}百万`, `${number} mn`);
  if (tail === " billion") out.push(`${number}bn`, `${number}十亿`);
  return out;
}

/** Other values in the same dress: the leading digit changed, ten times as much. */
export function otherNumbers(gold: string): string[] {
  const split = splitNumber(gold);
  if (!split) return [`not ${gold}`, `${gold} or 98765.4321`];
  const [number, tail] = split;
  const at = Array.from(number).findIndex((c) => c >= "1" && c <= "9");
  const spoiled = [`not ${gold}`, `${gold} or 98765.4321${tail}`];
  if (at < 0) return [`1${tail}`, `0.5${tail}`, ...spoiled];
  const digit = Number(number[at]);
  const changed = number.slice(0, at) + (digit === 9 ? 4 : digit + 1) + number.slice(at + 1);
  const tenfold = number.includes(".") ? shiftPoint(number) : `${number}0`;
  return [changed + tail, tenfold + tail, ...spoiled];
}

function shiftPoint(number: string): string {
  const dot = number.indexOf(".");
  const digits = number.slice(0, dot) + number.slice(dot + 1);
  return dot + 1 >= digits.length ? digits : `${digits.slice(0, dot + 1)}.${digits.slice(dot + 1)}`;
}

export function rewriteLetter(gold: string): string[] {
  return [
    gold.toLowerCase(),
    `(${gold})`,
    `选${gold}`,
    `答案：${gold}`,
    `The answer is ${gold}.`,
    `**${gold}**`,
    `\\boxed{${gold}}`,
  ];
}

const YES = ["是的", "Yes", "正确", "答案：是", "是。"];
const NO = ["不是", "No", "不正确", "答案：否", "否。"];

export function rewriteYesNo(yes: boolean): { same: string[]; other: string[] } {
  return yes ? { same: YES, other: NO } : { same: NO, other: YES };
}
