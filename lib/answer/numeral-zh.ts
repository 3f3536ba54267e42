/** Chinese and banker's numerals: 一万二千三百四十五, 壹佰万, 十二点五, 二〇一九. */

const DIGITS = new Map<string, number>([..."零一二三四五六七八九"].map((c, i) => [c, i]));
for (const [i, c] of [..."〇壹贰叁肆伍陆柒捌玖"].entries()) DIGITS.set(c, i);
for (const [c, n] of [["两", 2], ["兩", 2], ["貳", 2], ["參", 3], ["叄", 3], ["陸", 6], ["弍", 2]] as const) DIGITS.set(c, n);
const SMALL = new Map([["十", 10n], ["拾", 10n], ["百", 100n], ["佰", 100n], ["千", 1000n], ["仟", 1000n]]);
const LARGE = new Map([["万", 10_000n], ["萬", 10_000n], ["亿", 100_000_000n], ["億", 100_000_000n]]);

export interface ChineseNumeral {
  mantissa: bigint;
  decimals: number;
  end: number;
  /** One character only: 一, 三, 十. May be part of a word. */
  single: boolean;
}

export const isChineseDigit = (c: string): boolean => DIGITS.has(c);
const belongs = (c: string | undefined) => c !== undefined && (DIGITS.has(c) || SMALL.has(c) || LARGE.has(c));

/** Powers of ten that scale characters stand for after a western number: 万亿 → 12; and where they end. Zero when none. */
export function scanScale(text: string, at: number): { power: number; end: number } {
  let power = 0;
  let i = at;
  for (; i < text.length; i++) {
    const c = text[i]!;
    const unit = SMALL.get(c) ?? LARGE.get(c);
    if (unit === undefined) break;
    power += unit.toString().length - 1;
  }
  return { power, end: i };
}

/** The numeral at `at`, or null where the characters do not make one (万科, 百货). */
export function scanChineseNumeral(text: string, at: number): ChineseNumeral | null {
  let end = at;
  while (belongs(text[end])) end++;
  if (end === at || end - at > 60) return null;
  const whole = readWhole(text, at, end);
  if (whole === null) return null;
  const single = end - at === 1;
  if (text[end] !== "点" && text[end] !== "點") return { mantissa: whole, decimals: 0, end, single };
  let i = end + 1;
  let mantissa = whole;
  while (i < text.length && DIGITS.has(text[i]!) && i - end < 60) mantissa = mantissa * 10n + BigInt(DIGITS.get(text[i++]!)!);
  const decimals = i - end - 1;
  if (decimals === 0) return { mantissa: whole, decimals: 0, end, single };
  return { mantissa, decimals, end: i, single: false };
}

function readWhole(text: string, from: number, to: number): bigint | null {
  const first = text[from]!;
  if (LARGE.has(first) || (SMALL.has(first) && first !== "十" && first !== "拾" && to - from === 1)) return null;
  if (allDigits(text, from, to)) {
    if (to - from > 1 && text[from] === "两") return null;
    let n = 0n;
    for (let i = from; i < to; i++) n = n * 10n + BigInt(DIGITS.get(text[i]!)!);
    return n;
  }
  // total + the section below the next 万 or 亿 + the digit before the next 十, 百 or 千
  let total = 0n;
  let section = 0n;
  let digit: bigint | null = null;
  let lastSmall = 10_000n;
  for (let i = from; i < to; i++) {
    const c = text[i]!;
    const d = DIGITS.get(c);
    if (d !== undefined) {
      if (digit !== null && digit !== 0n) return null;
      digit = BigInt(d);
      continue;
    }
    const small = SMALL.get(c);
    if (small !== undefined) {
      if (small >= lastSmall) return null;
      lastSmall = small;
      section += (digit ?? 1n) * small;
    } else {
      const large = LARGE.get(c)!;
      section += digit ?? 0n;
      // 二千三百万亿 multiplies what stands before; 一亿二千万 adds.
      if (total !== 0n && large > 10_000n && total < large) total = (total + section) * large;
      else if (section === 0n && total !== 0n) total *= large;
      else total += section * large;
      section = 0n;
      lastSmall = 10_000n;
    }
    digit = null;
  }
  return total + section + (digit ?? 0n);
}

function allDigits(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!DIGITS.has(text[i]!)) return false;
  return true;
}
