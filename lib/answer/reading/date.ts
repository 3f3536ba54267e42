/** Calendar dates and years: 2019年12月31日, FY2019, December 31, 2019, 2019-12-31. */
import { decimal } from "./exact.ts";
import { isSign, roleAt } from "./suffix.ts";
import type { Token } from "./token.ts";
import type { CalendarDate, Quantity, Value } from "./value.ts";

const isYear = (t: Token | undefined): boolean =>
  t?.type === "number" && t.fourDigits && t.mantissa >= 1800 && t.mantissa <= 2200;
const small = (t: Token | undefined, max: number): boolean =>
  t?.type === "number" &&
  t.decimals === 0 &&
  t.exponent === 0 &&
  t.wellFormed &&
  t.mantissa >= 1 &&
  t.mantissa <= max;
const unitAt = (tokens: Token[], i: number): string | null => {
  const role = roleAt(tokens, i);
  return role?.role === "unit" ? role.unit : null;
};
const num = (t: Token | undefined): number => Number(t!.mantissa);

const ORDINALS = ["st", "nd", "rd", "th"];
/** "31st", which is no number elsewhere. */
export const isOrdinalDay = (t: Token | undefined): boolean =>
  t?.type === "unknown" &&
  t.text.length <= 4 &&
  ORDINALS.includes(t.text.slice(-2).toLowerCase()) &&
  dayIn(t) >= 1 &&
  dayIn(t) <= 31;
const dayIn = (t: Token): number => Number(t.text.slice(0, -2));
/** The day that a token names, as a number or an ordinal. */
function dayAt(t: Token | undefined): number | null {
  if (small(t, 31)) return num(t);
  return isOrdinalDay(t) ? dayIn(t!) : null;
}

export interface ReadDate {
  value: Value;
  next: number;
}

/** "in 2000 dollars" is an amount. */
const isMeasured = (role: ReturnType<typeof roleAt>): boolean =>
  role !== null && ["scale", "percent", "unit", "currency", "multiple", "bp", "point"].includes(role.role);

function make(year: number | null, month: number | null, day: number | null, next: number): ReadDate {
  const date: CalendarDate = { year, month, day };
  const bare: Quantity | null = year !== null && month === null ? plainYear(year) : null;
  return { value: { kind: "date", date, year: bare }, next };
}

/** A year as the plain number it also is. */
function plainYear(year: number): Quantity {
  return {
    value: decimal(year, 0),
    step: 0,
    decimals: 0,
    dress: "plain",
    scaled: false,
    sign: "none",
    currency: null,
    spelled: false,
    unit: null,
    per: null,
  };
}

/** 2019年至2021年, from 2019 to 2021: the years as a range; null where no second year follows the first. */
export function readYears(tokens: Token[], first: ReadDate, text: string): ReadDate | null {
  if (first.value.kind !== "date" || first.value.year === null) return null;
  if (!isSign(tokens[first.next], "-") && roleAt(tokens, first.next)?.role !== "join") return null;
  const at = first.next + 1;
  const second =
    readDate(tokens, at, text) ?? (isYear(tokens[at]) ? make(num(tokens[at]), null, null, at + 1) : null);
  if (second === null || second.value.kind !== "date" || second.value.year === null) return null;
  return {
    value: { kind: "range", low: first.value.year, high: second.value.year, ratioLike: false },
    next: second.next,
  };
}

/** The date that starts at token `at`, or null. */
export function readDate(tokens: Token[], at: number, text: string): ReadDate | null {
  const first = tokens[at];
  const role = roleAt(tokens, at);
  if (role?.role === "fiscal") {
    const year = tokens[at + 1];
    if (isYear(year)) return make(num(year), null, null, skipYearWord(tokens, at + 2));
    // FY19
    if (
      year?.type === "number" &&
      year.end - year.start === 2 &&
      year.decimals === 0 &&
      !year.chinese &&
      year.start === first!.end
    )
      return make(2000 + num(year), null, null, at + 2);
    return null;
  }
  if (role?.role === "during")
    return isYear(tokens[at + 1]) && !isMeasured(roleAt(tokens, at + 2))
      ? make(num(tokens[at + 1]), null, null, at + 2)
      : null;
  if (role?.role === "month") return afterMonth(tokens, at, role.month);
  if (isOrdinalDay(first)) return beforeMonth(tokens, at);
  if (first?.type !== "number") return null;
  if (!first.wellFormed) return dotted(first, text, at);
  if (at + 1 === tokens.length) return null;
  if (isYear(first)) return afterYear(tokens, at, first, text);
  if (
    small(first, 12) &&
    unitAt(tokens, at + 1) === "month" &&
    small(tokens[at + 2], 31) &&
    unitAt(tokens, at + 3) === "day"
  )
    return make(null, num(first), num(tokens[at + 2]), at + 4);
  return beforeMonth(tokens, at) ?? yearLast(tokens, at);
}

/** 31 December 2019, 31st of December */
function beforeMonth(tokens: Token[], at: number): ReadDate | null {
  const day = dayAt(tokens[at]);
  const of = roleAt(tokens, at + 1)?.role === "hedge" ? at + 2 : at + 1;
  const month = roleAt(tokens, of);
  if (day === null || month?.role !== "month") return null;
  const year = afterStop(tokens, of + 1);
  return isYear(tokens[year])
    ? make(num(tokens[year]), month.month, day, year + 1)
    : make(null, month.month, day, of + 1);
}

const afterStop = (tokens: Token[], i: number): number =>
  isSign(tokens[i], ",") || isSign(tokens[i], ".") ? i + 1 : i;

/** 31/12/2019 and 12/31/2019 where they can be read in one way only. */
function yearLast(tokens: Token[], at: number): ReadDate | null {
  const slash = tokens[at + 1]!;
  if (!(isSign(slash, "/") || isSign(slash, "-")) || !isSign(tokens[at + 3], slash.text)) return null;
  const a = tokens[at];
  const b = tokens[at + 2];
  const year = tokens[at + 4];
  if (!small(a, 31) || !small(b, 31) || !isYear(year)) return null;
  if (num(a) > 12 ? num(b) > 12 : num(b) <= 12 && num(a) !== num(b)) return null;
  return make(num(year), Math.min(num(a), num(b)), Math.max(num(a), num(b)), at + 5);
}

/** 年 and its kin after a year, without taking "years" as in "2019 years". */
function skipYearWord(tokens: Token[], i: number): number {
  const role = roleAt(tokens, i);
  if (role?.role === "fiscal") return i + 1;
  return unitAt(tokens, i) === "year" ? i + 1 : i;
}

function afterMonth(tokens: Token[], at: number, month: number): ReadDate | null {
  const one = afterStop(tokens, at + 1);
  if (isYear(tokens[one])) return make(num(tokens[one]), month, null, one + 1);
  const day = dayAt(tokens[one]);
  if (day === null) return null;
  const year = afterStop(tokens, one + 1);
  return isYear(tokens[year])
    ? make(num(tokens[year]), month, day, year + 1)
    : make(null, month, day, one + 1);
}

function afterYear(tokens: Token[], at: number, year: Token, text: string): ReadDate | null {
  const separator = tokens[at + 1];
  // 2019-12-31, 2019/12/31
  if (
    (isSign(separator, "-") || isSign(separator, "/")) &&
    small(tokens[at + 2], 12) &&
    tokens[at + 3] !== undefined &&
    isSign(tokens[at + 3], separator!.text) &&
    small(tokens[at + 4], 31)
  ) {
    return make(num(year), num(tokens[at + 2]), num(tokens[at + 4]), at + 5);
  }
  const word = roleAt(tokens, at + 1);
  if (word?.role === "fiscal") return make(num(year), null, null, at + 2);
  if (
    unitAt(tokens, at + 1) !== "year" ||
    text[tokens[at + 1]!.start] === "y" ||
    text[tokens[at + 1]!.start] === "Y"
  )
    return null;
  let i = at + 2;
  if (small(tokens[i], 12) && unitAt(tokens, i + 1) === "month") {
    const month = num(tokens[i]);
    i += 2;
    if (small(tokens[i], 31) && unitAt(tokens, i + 1) === "day")
      return make(num(year), month, num(tokens[i]), i + 2);
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
