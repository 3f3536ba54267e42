/** What an answer says once it is read. */
import type { Exact } from "./exact.ts";
import { show } from "./exact-rounding.ts";

/** How a number is dressed. `plain` has no sign of percent, points, ratio or multiple. */
export type Dress = "plain" | "percent" | "point" | "bp" | "multiple" | "fraction" | "ratio";

export interface Quantity {
  /** With scale, percent and sign worked in: 5.2亿 is 520,000,000, 12.5% is 0.125. */
  value: Exact;
  /**
   * Power of ten of one unit in the last place shown: −3 for 12.5%; null for fractions and ratios, which
   * round nowhere.
   */
  step: number | null;
  /** Decimals as written, before scale and percent. */
  decimals: number;
  dress: Dress;
  /** A scale word or character stands with it. */
  scaled: boolean;
  /** What the sign rests on; `none` is an unmarked positive number. */
  sign: "none" | "minus" | "plus" | "down" | "up";
  currency: string | null;
  /** The currency is spelled after the number (元, dollars), so that the amount is complete as it stands. */
  spelled: boolean;
  unit: string | null;
  per: string | null;
}

export interface CalendarDate {
  year: number | null;
  month: number | null;
  day: number | null;
}

export type Value =
  | { kind: "number"; number: Quantity }
  | { kind: "range"; low: Quantity; high: Quantity; ratioLike: boolean }
  | { kind: "inequality"; op: string; number: Quantity }
  | { kind: "date"; date: CalendarDate; year: Quantity | null }
  /** 3:2:1 */
  | { kind: "parts"; parts: Quantity[] };

export const numberValue = (number: Quantity): Value => ({ kind: "number", number });

/** One value with its place in the text, and whether the text denies it. */
export interface Found {
  value: Value;
  start: number;
  end: number;
  negated: boolean;
  /** A single Chinese numeral without a unit: perhaps no value at all. */
  weak: boolean;
}

/** What a text says about values. */
export interface Reading {
  found: Found[];
  /** Numbers that no grammar allows ("1,23", "0x10"). */
  malformed: number;
  /** Unknown words before the first and after the last value: a long sentence is not a number. */
  wordsBefore: number;
  wordsAfter: number;
}

const mayBeYear = (q: Quantity): boolean =>
  q.dress === "plain" && q.step === 0 && q.value.e === 0 && q.value.m >= 1800 && q.value.m <= 2200;
/** A bare number that may be a year: 1800–2200 without decimals. */
export const isYear = (v: Value): boolean => v.kind === "number" && mayBeYear(v.number);
/** A date, a year or years that tell when, not how much. */
export const isWhen = (v: Value): boolean =>
  v.kind === "date" ||
  (v.kind === "range" && v.low.currency === null && mayBeYear(v.low) && mayBeYear(v.high));

/** "520,000,000", "12.5 %", "3 % to 5 %": for messages. */
export function showValue(v: Value): string {
  if (v.kind === "number") return showQuantity(v.number);
  if (v.kind === "range") return `${showQuantity(v.low)} to ${showQuantity(v.high)}`;
  if (v.kind === "inequality") return `${v.op} ${showQuantity(v.number)}`;
  if (v.kind === "parts") return v.parts.map(showQuantity).join(":");
  return [v.date.year, v.date.month, v.date.day].filter((x) => x !== null).join("-");
}

function showQuantity(q: Quantity): string {
  const number = show(q.value);
  const tail = [
    q.dress === "point" ? "points" : "",
    q.currency ?? "",
    q.unit ? `${q.unit}s` : "",
    q.per ? `per ${q.per}` : "",
  ].filter(Boolean);
  return tail.length ? `${number} ${tail.join(" ")}` : number;
}
