/** Western numerals by a strict grammar: what is not exactly a number is malformed, never half read. */
import { GROUP_SPACE } from "./normalise.ts";

export interface Numeral {
  /** Digits without the point. */
  mantissa: bigint;
  /** Digits after the point, as written. */
  decimals: number;
  end: number;
  /** False for "1,23", "1.234,5", "0x10", "1_000". */
  wellFormed: boolean;
  /** Digits before the point, to tell 2019 from 2,019. */
  grouped: boolean;
}

const isDigit = (c: number) => c >= 48 && c <= 57;
const MAX_DIGITS = 400;

/** The numeral at `start` (a digit, or a point before a digit). Takes every digit, comma and point that belong together. */
export function scanNumeral(text: string, start: number): Numeral {
  let i = start;
  while (i < text.length && isDigit(text.charCodeAt(i))) i++;
  let grouped = false;
  let ok = true;
  const firstGroup = i - start;
  let digits = text.slice(start, i);
  if (firstGroup > 0 && isSeparator(text, i)) {
    const separator = text[i];
    const sizes: number[] = [];
    while (text[i] === separator && isDigit(text.charCodeAt(i + 1))) {
      let j = i + 1;
      while (isDigit(text.charCodeAt(j))) j++;
      sizes.push(j - i - 1);
      digits += text.slice(i + 1, j);
      i = j;
    }
    grouped = true;
    ok = groupsFit(firstGroup, sizes, separator === ",") && text.charCodeAt(start) !== 48;
  }
  let decimals = 0;
  if (text[i] === "." && isDigit(text.charCodeAt(i + 1))) {
    let j = i + 1;
    while (isDigit(text.charCodeAt(j))) j++;
    decimals = j - i - 1;
    digits += text.slice(i + 1, j);
    i = j;
  }
  // More of the same would be a date, a version, another locale: "1.234,5", "1.2.3", "1_000", "1'000".
  while ((text[i] === "." || text[i] === "," || text[i] === "_" || text[i] === "'" || text[i] === GROUP_SPACE) && isDigit(text.charCodeAt(i + 1))) {
    ok = false;
    i += 2;
    while (isDigit(text.charCodeAt(i))) i++;
  }
  if (digits.length > MAX_DIGITS) return { mantissa: 0n, decimals: 0, end: i, wellFormed: false, grouped };
  return { mantissa: BigInt(digits), decimals, end: i, wellFormed: ok, grouped };
}

function isSeparator(text: string, i: number): boolean {
  const c = text[i];
  return (c === "," || c === GROUP_SPACE) && isDigit(text.charCodeAt(i + 1));
}

/** 1,234,567 or 12,34,567; the last group always has three digits. */
function groupsFit(first: number, sizes: number[], comma: boolean): boolean {
  if (sizes.at(-1) !== 3 || first > 3) return false;
  const inner = sizes.slice(0, -1);
  return inner.every((n) => n === 3) || (comma && first <= 2 && inner.every((n) => n === 2));
}

/** "e6", "E-05", "×10^6", "x 10^-3", "·10^6" after a number: its exponent and end, or null. */
export function scanExponent(text: string, at: number): { exponent: number; end: number } | null {
  let i = at;
  const c = text[i];
  if (c === "e" || c === "E") {
    const sign = text[i + 1] === "-" || text[i + 1] === "+" ? 1 : 0;
    return isDigit(text.charCodeAt(i + 1 + sign)) ? readExponent(text, i + 1) : null;
  }
  while (text[i] === " ") i++;
  if (text[i] !== "×" && text[i] !== "x" && text[i] !== "X" && text[i] !== "*" && text[i] !== "·") return null;
  i++;
  while (text[i] === " ") i++;
  if (text[i] !== "1" || text[i + 1] !== "0" || text[i + 2] !== "^") return null;
  return readExponent(text, i + 3);
}

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
  while (isDigit(text.charCodeAt(i))) value = Math.min(10_000, value * 10 + text.charCodeAt(i++) - 48);
  if (i === from) return null;
  if (bracket && text[i] === ")") i++;
  return { exponent: sign * value, end: i };
}
