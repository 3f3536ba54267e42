/** Western numerals by a strict grammar: what is not exactly a number is malformed, never half read. */
import { digitAt, isDigit } from "./characters.ts";
import { GROUP_SPACE } from "./markup.ts";

export interface Numeral {
  /** Digits without the point. */
  mantissa: number | bigint;
  /** Digits after the point, as written. */
  decimals: number;
  end: number;
  /** False for "1,23", "1.234,5", "0x10", "1_000". */
  wellFormed: boolean;
  /** With separators, to tell 2019 from 2,019. */
  grouped: boolean;
}

const MAX_DIGITS = 400;
const EXACT_DIGITS = 15;
const COMMA = 44;
const POINT = 46;
const SPACE = GROUP_SPACE.charCodeAt(0);

/**
 * The numeral at `start` (a digit, or a point before a digit). Takes every digit, comma and point that belong
 * together.
 */
export function scanNumeral(text: string, start: number): Numeral {
  let i = start;
  let mantissa = 0;
  let digits = 0;
  let c = text.charCodeAt(i);
  for (; isDigit(c); c = text.charCodeAt(++i)) {
    mantissa = mantissa * 10 + c - 48;
    digits++;
  }
  let ok = true;
  let grouped = false;
  if (digits > 0 && (c === COMMA || c === SPACE) && digitAt(text, i + 1)) {
    const separator = c;
    const first = digits;
    grouped = true;
    // Western: groups of three. Indian: groups of two, then three at the end.
    let western = first <= 3;
    let indian = first <= 2 && separator === COMMA;
    let group = 0;
    while (c === separator && digitAt(text, i + 1)) {
      if (group !== 0 && group !== 3) western = false;
      if (group !== 0 && group !== 2) indian = false;
      group = 0;
      for (c = text.charCodeAt(++i); isDigit(c); c = text.charCodeAt(++i)) {
        mantissa = mantissa * 10 + c - 48;
        digits++;
        group++;
      }
    }
    ok = group === 3 && (western || indian) && text.charCodeAt(start) !== 48;
  }
  let decimals = 0;
  if (c === POINT && digitAt(text, i + 1)) {
    for (c = text.charCodeAt(++i); isDigit(c); c = text.charCodeAt(++i)) {
      mantissa = mantissa * 10 + c - 48;
      digits++;
      decimals++;
    }
  }
  // More of the same would be a date, a version, another locale: "1.234,5", "1.2.3", "1_000", "1'000".
  while (
    (c === POINT || c === COMMA || c === 95 || c === 39 || c === 0x2019 || c === SPACE) &&
    digitAt(text, i + 1)
  ) {
    ok = false;
    for (c = text.charCodeAt(++i); isDigit(c); c = text.charCodeAt(++i));
  }
  if (digits <= EXACT_DIGITS) return { mantissa, decimals, end: i, wellFormed: ok, grouped };
  if (digits > MAX_DIGITS || !ok) return { mantissa: 0, decimals: 0, end: i, wellFormed: false, grouped };
  return { mantissa: BigInt(onlyDigits(text, start, i)), decimals, end: i, wellFormed: true, grouped };
}

function onlyDigits(text: string, from: number, to: number): string {
  let out = "";
  for (let i = from; i < to; i++) if (digitAt(text, i)) out += text[i]!;
  return out;
}

/** "e6", "E-05", "×10^6", "x 10^-3", "·10^6" after a number: its exponent and end, or null. */
export function scanExponent(text: string, at: number): { exponent: number; end: number } | null {
  let i = at;
  const c = text.charCodeAt(i);
  if (c === 101 || c === 69) {
    const sign = text[i + 1] === "-" || text[i + 1] === "+" ? 1 : 0;
    return digitAt(text, i + 1 + sign) ? readExponent(text, i + 1) : null;
  }
  while (text.charCodeAt(i) === 32) i++;
  if (!isTimes(text.charCodeAt(i))) return null;
  i++;
  while (text.charCodeAt(i) === 32) i++;
  if (text[i] !== "1" || text[i + 1] !== "0" || text[i + 2] !== "^") return null;
  return readExponent(text, i + 3);
}

/** × x X * · */
const isTimes = (c: number) => c === 0xd7 || c === 120 || c === 88 || c === 42 || c === 0xb7;

/** A signed whole number, capped: larger exponents make the number malformed. */
export function readExponent(text: string, at: number): { exponent: number; end: number } | null {
  let i = at;
  const bracket = text[i] === "(";
  if (bracket) i++;
  let sign = 1;
  if (text[i] === "-") sign = -1;
  if (text[i] === "-" || text[i] === "+") i++;
  let value = 0;
  const from = i;
  while (digitAt(text, i)) value = Math.min(10_000, value * 10 + text.charCodeAt(i++) - 48);
  if (i === from) return null;
  if (bracket && text[i] === ")") i++;
  return { exponent: sign * value, end: i };
}
