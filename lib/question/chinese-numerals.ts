/**
 * Chinese and banker's numerals: 一万二千三百四十五, 壹佰万, 十二点五, 二〇一九. One reader for comparing
 * questions and for reading answers.
 */

/** Character code → digit 0–9, or minus the power of ten that a unit stands for. */
const VALUES = new Map<number, number>();
for (const digits of [
  "零一二三四五六七八九",
  "〇壹贰叁肆伍陆柒捌玖",
  "〇壹貳參肆伍陸柒捌玖",
  "零壹贰叄肆伍陆柒捌玖",
])
  for (let i = 0; i < 10; i++) VALUES.set(digits.charCodeAt(i), i);
for (const two of "两兩") VALUES.set(two.charCodeAt(0), 2);
for (const [unit, power] of [
  ["十拾", 1],
  ["百佰", 2],
  ["千仟", 3],
  ["万萬", 4],
  ["亿億", 8],
] as const)
  for (const c of unit) VALUES.set(c.charCodeAt(0), -power);

const POINTS = "点點";
const MAX_LENGTH = 60;

export interface ChineseNumeral {
  mantissa: number | bigint;
  decimals: number;
  end: number;
  /** One character only: 一, 三, 十. May be part of a word. */
  single: boolean;
  /** False for a run that is too long for any number. */
  wellFormed: boolean;
}

/** 0–9 for 〇 to 九, 壹 to 玖 and 两; null for any other character. */
export function chineseDigit(c: string): number | null {
  const value = VALUES.get(c.charCodeAt(0));
  return value !== undefined && value >= 0 ? value : null;
}
export const isChineseDigit = (code: number): boolean => (VALUES.get(code) ?? -1) >= 0;
/** The zeros of a unit's power of ten: 1 for 十, 8 for 亿; 0 for a digit. */
export const zerosOf = (unit: string): number => -Math.min(0, VALUES.get(unit.charCodeAt(0)) ?? 0);

/**
 * Powers of ten that scale characters stand for after a western number: 万亿 → 12; and where they end. Zero
 * when none.
 */
export function scanScale(text: string, at: number): { power: number; end: number } {
  let power = 0;
  let i = at;
  for (; i < text.length; i++) {
    const value = VALUES.get(text.charCodeAt(i));
    if (value === undefined || value >= 0) break;
    power -= value;
  }
  return { power, end: i };
}

/** The numeral at `at`, or null where the characters do not make one (万科, 百货) or it is above 9·10^15. */
export function scanChineseNumeral(text: string, at: number): ChineseNumeral | null {
  const first = VALUES.get(text.charCodeAt(at));
  if (first === undefined) return null;
  let end = at + 1;
  let units = first < 0;
  for (let v = VALUES.get(text.charCodeAt(end)); v !== undefined; v = VALUES.get(text.charCodeAt(++end)))
    if (v < 0) units = true;
  if (end - at > MAX_LENGTH) return { mantissa: 0, decimals: 0, end, single: false, wellFormed: false };
  const single = end - at === 1;
  const whole = units ? readUnits(text, at, end, first) : readDigits(text, at, end, 0);
  if (whole === null || (!single && !units && text[at] === "两")) return null;
  if (!POINTS.includes(text[end] ?? "?"))
    return { mantissa: whole, decimals: 0, end, single, wellFormed: true };
  let stop = end + 1;
  while (stop - end <= MAX_LENGTH && isChineseDigit(text.charCodeAt(stop))) stop++;
  const decimals = stop - end - 1;
  if (decimals === 0) return { mantissa: whole, decimals: 0, end, single, wellFormed: true };
  return {
    mantissa: readDigits(text, end + 1, stop, whole),
    decimals,
    end: stop,
    single: false,
    wellFormed: true,
  };
}

/** The digits one after the other, behind `before`. */
function readDigits(text: string, from: number, to: number, before: number | bigint): number | bigint {
  if (typeof before === "number" && before < 1000 && to - from <= 12) {
    let n = before;
    for (let i = from; i < to; i++) n = n * 10 + VALUES.get(text.charCodeAt(i))!;
    return n;
  }
  let n = BigInt(before);
  for (let i = from; i < to; i++) n = n * 10n + BigInt(VALUES.get(text.charCodeAt(i))!);
  return n;
}

/**
 * 一百五 is 150, 一万五 is 15,000: a digit right behind a unit counts the next lower place. 二十五 and
 * 一百零五 are as they stand.
 */
function placeOfLast(text: string, from: number, to: number): number {
  const unit = to - from > 1 ? VALUES.get(text.charCodeAt(to - 2))! : 0;
  return unit < -1 ? 10 ** (-unit - 1) : 1;
}

/** total + the section below the next 万 or 亿 + the digit before the next 十, 百 or 千. */
function readUnits(text: string, from: number, to: number, first: number): number | null {
  if (first < -3 || (first < -1 && to - from === 1)) return null;
  let total = 0;
  let section = 0;
  let digit: number | null = null;
  let lastSmall = 4;
  for (let i = from; i < to; i++) {
    const value = VALUES.get(text.charCodeAt(i))!;
    if (value >= 0) {
      if (digit !== null && digit !== 0) return null;
      digit = value;
    } else if (value > -4) {
      if (-value >= lastSmall) return null;
      lastSmall = -value;
      section += (digit ?? 1) * 10 ** -value;
      digit = null;
    } else {
      const unit = 10 ** -value;
      section += digit ?? 0;
      // 二千三百万亿 multiplies all that stands before; 一亿二千万 adds.
      if (total !== 0 && ((value === -8 && total < unit) || section === 0)) total = (total + section) * unit;
      else total += section * unit;
      section = 0;
      lastSmall = 4;
      digit = null;
    }
  }
  const all = total + section + (digit ?? 0) * placeOfLast(text, from, to);
  return all <= Number.MAX_SAFE_INTEGER ? all : null;
}
