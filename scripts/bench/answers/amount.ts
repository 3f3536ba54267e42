/**
 * Exact amounts of the pair generator and the ways to write one down. Knows the policy's text, not the
 * checker.
 */
import type { Random } from "../../../lib/stats/random.ts";

/** The value units / 10^decimals; units may be negative. */
export interface Amount {
  units: bigint;
  decimals: number;
}

/** "1234.50" for {123450n, 2}: all decimals shown. */
export function plain({ units, decimals }: Amount): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** The amount times 10^power, with the fewest decimals that show it exactly. */
export function shift(a: Amount, power: number): Amount {
  let { units, decimals } = a;
  decimals -= power;
  while (decimals < 0) {
    units *= 10n;
    decimals++;
  }
  while (decimals > 0 && units % 10n === 0n) {
    units /= 10n;
    decimals--;
  }
  return { units, decimals };
}

function splitNumber(text: string): { sign: string; whole: string; fraction: string } {
  const sign = text.startsWith("-") ? "-" : "";
  const body = text.slice(sign.length);
  const dot = body.indexOf(".");
  return dot < 0
    ? { sign, whole: body, fraction: "" }
    : { sign, whole: body.slice(0, dot), fraction: body.slice(dot) };
}

/** Groups of three from the right. */
export function grouped(text: string, separator: string): string {
  const { sign, whole, fraction } = splitNumber(text);
  const parts: string[] = [];
  for (let end = whole.length; end > 0; end -= 3) parts.unshift(whole.slice(Math.max(0, end - 3), end));
  return sign + parts.join(separator) + fraction;
}

/** 12,34,567: the last group has three digits, the others two. */
function indian(text: string): string {
  const { sign, whole, fraction } = splitNumber(text);
  if (whole.length <= 3) return text;
  const parts = [whole.slice(-3)];
  for (let end = whole.length - 3; end > 0; end -= 2) parts.unshift(whole.slice(Math.max(0, end - 2), end));
  return sign + parts.join(",") + fraction;
}

export function fullWidth(text: string): string {
  return Array.from(text, (c) =>
    c > " " && c < "\x7f" ? String.fromCharCode(c.charCodeAt(0) + 0xfee0) : c,
  ).join("");
}

/** 1.2345 and 4 for 12345: the parts of scientific notation. Zero has no such form. */
export function scientific(a: Amount): { mantissa: string; exponent: number } {
  const { sign, whole, fraction } = splitNumber(plain(shift(a, 0)));
  const digits = (whole + fraction.slice(1)).replace(/^0+/, "");
  const leading = (whole + fraction.slice(1)).length - digits.length;
  const exponent = whole.length - 1 - leading;
  const trimmed = digits.replace(/0+$/, "") || "0";
  return { mantissa: sign + trimmed[0] + (trimmed.length > 1 ? "." + trimmed.slice(1) : ""), exponent };
}

/**
 * Ways to write the same number without any scale word, sign words or percent; exact and with the same
 * decimals shown.
 */
export function sameDecimals(a: Amount, random: Random): string {
  const text = plain(a);
  const styles: ((t: string) => string)[] = [
    (t) => t,
    (t) => grouped(t, ","),
    (t) => grouped(t, "\u202f"),
    (t) => grouped(t, "\u00a0"),
    indian,
    fullWidth,
  ];
  let out = random.pick(styles)(text);
  if (a.units < 0n) {
    const minus = random.pick(["-", "\u2212", "\uff0d"]);
    out = random.next() < 0.25 ? `(${grouped(text.slice(1), ",")})` : minus + out.slice(1);
  } else if (text.startsWith("0.") && random.next() < 0.1) out = text.slice(1);
  return out;
}

/** Zeros after the last decimal change nothing about the value. */
export function withMoreZeros(a: Amount, random: Random): Amount {
  const more = random.int(1, 2);
  return { units: a.units * 10n ** BigInt(more), decimals: a.decimals + more };
}

export function isRound(a: Amount): boolean {
  return shift(a, 0).decimals === 0;
}
