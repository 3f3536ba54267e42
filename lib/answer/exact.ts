/** Exact fractions of whole numbers: what a checker needs where doubles would call 12345678901234567890 and …891 equal. */

/** n / d with d > 0, not reduced. */
export interface Exact {
  readonly n: bigint;
  readonly d: bigint;
}

const POWERS: bigint[] = [1n];

/** 10^k for k ≥ 0. */
export function pow10(k: number): bigint {
  for (let i = POWERS.length; i <= k; i++) POWERS.push(POWERS[i - 1]! * 10n);
  return POWERS[k]!;
}

/** mantissa × 10^exponent. */
export function decimal(mantissa: bigint, exponent: number): Exact {
  return exponent >= 0 ? { n: mantissa * pow10(exponent), d: 1n } : { n: mantissa, d: pow10(-exponent) };
}

/** a × 10^k. */
export function shift(a: Exact, k: number): Exact {
  if (k === 0) return a;
  return k > 0 ? { n: a.n * pow10(k), d: a.d } : { n: a.n, d: a.d * pow10(-k) };
}

export const abs = (n: bigint): bigint => (n < 0n ? -n : n);
export const negate = (a: Exact): Exact => ({ n: -a.n, d: a.d });
export const absolute = (a: Exact): Exact => (a.n < 0n ? negate(a) : a);

export function equal(a: Exact, b: Exact): boolean {
  return a.d === b.d ? a.n === b.n : a.n * b.d === b.n * a.d;
}

/** |a − b| ≤ |a| / parts, exactly. */
export function within(a: Exact, b: Exact, parts: bigint): boolean {
  return abs(a.n * b.d - b.n * a.d) * parts <= abs(a.n) * b.d;
}

/** Is `target` one of the ways to round `a` to whole multiples of 10^power: half up (away from zero) or half even? */
export function roundsTo(a: Exact, target: Exact, power: number): boolean {
  const s = shift(a, -power);
  const size = abs(s.n);
  const q = size / s.d;
  const twice = (size - q * s.d) * 2n;
  const t = shift(target, -power);
  if (abs(t.n) % t.d !== 0n) return false;
  const shown = abs(t.n) / t.d;
  if (shown !== 0n && s.n < 0n !== t.n < 0n) return false;
  if (twice < s.d) return shown === q;
  if (twice > s.d) return shown === q + 1n;
  return shown === q + 1n || (shown === q && q % 2n === 0n);
}

/** The power of ten of the last digit that is not zero: 2 for 1200, −3 for 0.125; null for 0 and for fractions like 1/3. */
export function lastDigitPower(a: Exact): number | null {
  if (a.n === 0n) return null;
  let power = 0;
  let n = abs(a.n);
  const digits = a.d.toString();
  if (!isPowerOfTen(digits)) return null;
  while (n % 10n === 0n) {
    n /= 10n;
    power++;
  }
  return power - (digits.length - 1);
}

function isPowerOfTen(digits: string): boolean {
  if (digits[0] !== "1") return false;
  for (let i = 1; i < digits.length; i++) if (digits[i] !== "0") return false;
  return true;
}

/** For messages: "520,000,000", "-0.125", "1/3"; long ones are cut. */
export function show(a: Exact): string {
  let n = abs(a.n);
  let d = a.d;
  const sign = a.n < 0n ? "-" : "";
  while (d % 10n === 0n && n % 10n === 0n) {
    d /= 10n;
    n /= 10n;
  }
  const denominator = d.toString();
  if (!isPowerOfTen(denominator)) return `${sign}${n}/${d}`;
  const places = denominator.length - 1;
  const text = n.toString().padStart(places + 1, "0");
  let whole = "";
  for (let end = text.length - places; end > 0; end -= 3) whole = text.slice(Math.max(0, end - 3), end) + (whole ? "," + whole : "");
  const out = sign + whole + (places > 0 ? "." + text.slice(-places) : "");
  return out.length > 60 ? out.slice(0, 57) + "…" : out;
}
