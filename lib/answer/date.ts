/** Calendar dates and years: 2019年12月31日, FY2019, December 31, 2019, 2019-12-31. */
import { decimal } from "./exact.ts";
import { isSign, roleAt } from "./suffix.ts";
import type { Token } from "./tokens.ts";
import type { CalendarDate, Quantity, Value } from "./value.ts";

const isYear = (t: Token | undefined): boolean => t?.type === "number" && t.fourDigits && t.mantissa >= 1800 && t.mantissa <= 2200;
const small = (t: Token | undefined, max: number): boolean => t?.type === "number" && t.decimals === 0 && t.exponent === 0 && t.wellFormed && t.mantissa >= 1 && t.mantissa <= max;
const unitAt = (tokens: Token[], i: number): string | null => {
  const role = roleAt(tokens, i);
  return role?.role === "unit" ? role.unit : null;
};
const num = (t: Token | undefined): number => Number(t!.mantissa);

export interface ReadDate {
  value: Value;
  next: number;
}

/** "in 2000 dollars" is an amount. */
const isMeasured = (role: ReturnType<typeof roleAt>): boolean => role !== null && ["scale", "percent", "unit", "currency", "multiple", "bp", "point"].includes(role.role);

function make(year: number | null, month: number | null, day: number | null, next: number): ReadDate {
  const date: CalendarDate = { year, month, day };
  const bare: Quantity | null = year !== null && month === null ? plainYear(year) : null;
  return { value: { kind: "date", date, year: bare }, next };
}

/** A year as the plain number it also is. */
function plainYear(year: number): Quantity {
  return { value: decimal(year, 0), step: 0, decimals: 0, dress: "plain", scaled: false, sign: "none", currency: null, spelled: false, unit: null, per: null };
}

/** The date that starts at token `at`, or null. */
export function readDate(tokens: Token[], at: number, text: string): ReadDate | null {
  const first = tokens[at];
  const role = roleAt(tokens, at);
  if (role?.role === "fiscal") {
    const year = tokens[at + 1];
    if (isYear(year)) return make(num(year), null, null, skipYearWord(tokens, at + 2));
    // FY19
    if (year?.type === "number" && year.end - year.start === 2 && year.decimals === 0 && !year.chinese && year.start === first!.end) return make(2000 + num(year), null, null, at + 2);
    return null;
  }
  if (role?.role === "during") return isYear(tokens[at + 1]) && !isMeasured(roleAt(tokens, at + 2)) ? make(num(tokens[at + 1]), null, null, at + 2) : null;
  if (role?.role === "month") return afterMonth(tokens, at, role.month);
  if (first?.type !== "number") return null;
  if (!first.wellFormed) return dotted(first, text, at);
  if (isYear(first)) return afterYear(tokens, at, first, text);
  if (small(first, 12) && unitAt(tokens, at + 1) === "month" && small(tokens[at + 2], 31) && unitAt(tokens, at + 3) === "day") return make(null, num(first), num(tokens[at + 2]), at + 4);
  const month = roleAt(tokens, at + 1);
  if (small(first, 31) && month?.role === "month") {
    const year = isSign(tokens[at + 2], ",") ? at + 3 : at + 2;
    return isYear(tokens[year]) ? make(num(tokens[year]), month.month, num(first), year + 1) : make(null, month.month, num(first), at + 2);
  }
  return null;
}

/** 年 and its kin after a year, without taking "years" as in "2019 years". */
function skipYearWord(tokens: Token[], i: number): number {
  const role = roleAt(tokens, i);
  if (role?.role === "fiscal") return i + 1;
  return unitAt(tokens, i) === "year" ? i + 1 : i;
}

function afterMonth(tokens: Token[], at: number, month: number): ReadDate | null {
  const one = tokens[at + 1];
  if (isYear(one)) return make(num(one), month, null, at + 2);
  if (!small(one, 31)) return null;
  const year = isSign(tokens[at + 2], ",") ? at + 3 : at + 2;
  if (isYear(tokens[year])) return make(num(tokens[year]), month, num(one), year + 1);
  return make(null, month, num(one), at + 2);
}

function afterYear(tokens: Token[], at: number, year: Token, text: string): ReadDate | null {
  const separator = tokens[at + 1];
  // 2019-12-31, 2019/12/31
  if ((isSign(separator, "-") || isSign(separator, "/")) && small(tokens[at + 2], 12) && tokens[at + 3] !== undefined && isSign(tokens[at + 3], separator!.text) && small(tokens[at + 4], 31)) {
    return make(num(year), num(tokens[at + 2]), num(tokens[at + 4]), at + 5);
  }
  const word = roleAt(tokens, at + 1);
  if (word?.role === "fiscal") return make(num(year), null, null, at + 2);
  if (unitAt(tokens, at + 1) !== "year" || text[tokens[at + 1]!.start] === "y" || text[tokens[at + 1]!.start] === "Y") return null;
  let i = at + 2;
  if (small(tokens[i], 12) && unitAt(tokens, i + 1) === "month") {
    const month = num(tokens[i]);
    i += 2;
    if (small(tokens[i], 31) && unitAt(tokens, i + 1) === "day") return make(num(year), month, num(tokens[i]), i + 2);
    return make(num(year), month, null, i);
  }
  return make(num(year), null, null, i);
}

/** 2019.12.31 */
function dotted(token: Token, text: string, at: number): ReadDate | null {
  const parts = text.slice(token.start, token.end).split(".");
  if (parts.length !== 3 || parts[0]!.length !== 4) return null;
  const [year, month, day] = parts.map(Number) as [number, number, number];
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? make(year, month, day, at + 1) : null;
}
