/** Western numerals by a strict grammar: what is not exactly a number is malformed, never half read. */

export interface Numeral {
  /** Digits without the point. */
  mantissa: number | bigint;
  /** Digits after the point, as written. */
  decimals: number;
  end: number;
  /** False for "1,23", "1.234,5", "1_000". */
  wellFormed: boolean;
  /** With separators, to tell 2019 from 2,019. */
  grouped: boolean;
}

const MAX_DIGITS = 400;
const EXACT_DIGITS = 15;

// \u0002 is GROUP_SPACE of markup.ts: a space that separates thousands.
/** What follows the decimals would make a date, a version, another locale: "1.234,5", "1.2.3", "1'000". */
const NUMERAL = /(?:\d+((?:,\d+)+|(?:\u0002\d+)+)?)?(?:\.(\d+))?([.,_'’\u0002]\d+)*/y;
/** Groups of three; or of two, then three at the end. */
const WESTERN = /^[1-9]\d{0,2}(?:[,\u0002]\d{3})+(?:\.|$)/;
const INDIAN = /^[1-9]\d?(?:,\d\d)*,\d{3}(?:\.|$)/;

/**
 * The numeral at `start` (a digit, or a point before a digit). Takes every digit, comma and point that belong
 * together.
 */
export function scanNumeral(text: string, start: number): Numeral {
  NUMERAL.lastIndex = start;
  const [written, groups, fraction = "", more] = NUMERAL.exec(text)!;
  const end = start + written.length;
  const grouped = groups !== undefined;
  const digits = grouped || fraction !== "" ? written.replace(/\D/g, "") : written;
  const wellFormed =
    more === undefined &&
    (!grouped || WESTERN.test(written) || INDIAN.test(written)) &&
    digits.length <= MAX_DIGITS;
  const mantissa = digits.length <= EXACT_DIGITS ? Number(digits) : BigInt(wellFormed ? digits : 0);
  return { mantissa, decimals: fraction.length, end, wellFormed, grouped };
}

/** "e6", "E-05", "×10^6", "x 10^-3", "·10^(6)" after a number. */
const EXPONENT = /(?:[eE](?=[-+]?\d)| *[×xX*·] *10\^)(\(?)([-+]?\d+)/y;
/** The same after 10 itself: "^6". */
const POWER = /\^(\(?)([-+]?\d+)/y;

/** An exponent that stands at `at` and where it ends; null where none does. */
export function scanExponent(
  text: string,
  at: number,
  isTen: boolean,
): { exponent: number; end: number } | null {
  return (isTen ? readExponent(POWER, text, at, -1) : null) ?? readExponent(EXPONENT, text, at, 0);
}

function readExponent(
  pattern: RegExp,
  text: string,
  at: number,
  more: number,
): { exponent: number; end: number } | null {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  if (!found) return null;
  const end = at + found[0].length;
  return { exponent: Number(found[2]) + more, end: found[1] !== "" && text[end] === ")" ? end + 1 : end };
}
