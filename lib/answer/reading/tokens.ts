/**
 * A normalised answer as a row of tokens: numerals, known words, unknown words, signs. One pass, no pattern
 * matching.
 */
import { digitAt, isDigit, isLatin, latinAt } from "./characters.ts";
import { LATIN_WORDS } from "./lexicon.ts";
import { scanExponent, scanNumeral } from "./numeral.ts";
import { numberToken, otherToken } from "./token.ts";
import type { Token } from "./token.ts";
import { pushLatin, pushOther } from "./words.ts";

const MAX_EXPONENT = 400;

export function tokenise(text: string): Token[] {
  const out: Token[] = [];
  let i = 0;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === 32) i++;
    else if (isDigit(c) || (c === 46 && digitAt(text, i + 1) && !digitAt(text, i - 1)))
      i = pushNumber(text, i, out);
    else if (isLatin(c)) i = pushLatin(text, i, out);
    else i = pushOther(text, i, out);
  }
  return out;
}

/** Hexadecimal, binary and octal numerals: malformed. */
const RADIX = /0[xXbBoO][\dA-Fa-f]+/y;

function pushNumber(text: string, start: number, out: Token[]): number {
  RADIX.lastIndex = start;
  if (RADIX.test(text)) {
    out.push(numberToken(start, RADIX.lastIndex, { wellFormed: false }));
    return RADIX.lastIndex;
  }
  const n = scanNumeral(text, start);
  const power = scanExponent(text, n.end, n.mantissa === 10 && n.decimals === 0);
  const end = power?.end ?? n.end;
  const exponent = power?.exponent ?? 0;
  if (latinAt(text, end)) {
    const stop = endOfMangled(text, end);
    if (stop > 0) {
      out.push(otherToken("unknown", text.slice(start, stop), start, stop));
      return stop;
    }
  }
  const wellFormed = n.wellFormed && exponent <= MAX_EXPONENT && exponent >= -MAX_EXPONENT;
  const { mantissa, decimals } = n;
  const fourDigits = end - start === 4 && decimals === 0 && !n.grouped && !power;
  out.push(
    numberToken(start, end, wellFormed ? { mantissa, decimals, exponent, fourDigits } : { wellFormed }),
  );
  return end;
}

/**
 * "1st", "3D", "5xyz" are no numbers: where they end; 0 when the letters are a known suffix ("5m", "25bp").
 */
function endOfMangled(text: string, from: number): number {
  let stop = from + 1;
  while (latinAt(text, stop)) stop++;
  if (LATIN_WORDS.has(text.slice(from, stop).toLowerCase())) return 0;
  while (latinAt(text, stop) || digitAt(text, stop)) stop++;
  return stop;
}
