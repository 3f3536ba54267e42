/** The most common answer, read without tokens: "-1,234.5", "$29.00", "12.5%". Says exactly what the whole grammar says. */
import { decimal, negate } from "./exact.ts";
import { scanNumeral } from "./numeral.ts";
import type { Quantity } from "./value.ts";

const MINUS = 45;
const DOLLAR = 36;
const PERCENT = 37;

/** The quantity when `text` is one plain number and nothing else, null otherwise. */
export function readPlainNumber(text: string): Quantity | null {
  let i = 0;
  const minus = text.charCodeAt(0) === MINUS;
  if (minus) i++;
  const dollar = text.charCodeAt(i) === DOLLAR;
  if (dollar) i++;
  const c = text.charCodeAt(i);
  if (!(c >= 48 && c <= 57)) return null;
  const n = scanNumeral(text, i);
  const percent = text.charCodeAt(n.end) === PERCENT;
  if (!n.wellFormed || n.end + (percent ? 1 : 0) !== text.length) return null;
  const step = (percent ? -2 : 0) - n.decimals;
  const value = decimal(n.mantissa, step);
  return {
    value: minus ? negate(value) : value,
    step,
    decimals: n.decimals,
    dress: percent ? "percent" : "plain",
    scaled: false,
    sign: minus ? "minus" : "none",
    currency: dollar ? "dollar" : null,
    spelled: false,
    unit: null,
    per: null,
  };
}
