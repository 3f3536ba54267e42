/** Closeness, rounding and writing of exact numbers; all on whole numbers, no doubles. */
import type { Exact } from "./exact.ts";
import { approximately, fraction, isNegative, isZero, shift } from "./exact.ts";

const size = (n: bigint): bigint => (n < 0n ? -n : n);

/** |a − b| ≤ |a| / parts, exactly. */
export function within(a: Exact, b: Exact, parts: bigint): boolean {
  // Doubles settle what is not close to the line.
  const near = (Math.abs(approximately(a) - approximately(b)) * Number(parts)) / Math.abs(approximately(a));
  if (near < 0.999) return true;
  if (near > 1.001) return false;
  const x = fraction(a);
  const y = fraction(b);
  return size(x.n * y.d - y.n * x.d) * parts <= size(x.n) * y.d;
}

/**
 * Is `target` one of the ways to round `a` to whole multiples of 10^power: half up (away from zero) or half
 * even?
 */
export function roundsTo(a: Exact, target: Exact, power: number): boolean {
  const shortly = roundsToShort(a, target, power);
  if (shortly !== null) return shortly;
  const s = fraction(shift(a, -power));
  const t = fraction(shift(target, -power));
  const whole = size(s.n) / s.d;
  const twice = (size(s.n) - whole * s.d) * 2n;
  if (size(t.n) % t.d !== 0n) return false;
  const shown = size(t.n) / t.d;
  if (shown !== 0n && s.n < 0n !== t.n < 0n) return false;
  if (twice < s.d) return shown === whole;
  if (twice > s.d) return shown === whole + 1n;
  return shown === whole + 1n || (shown === whole && whole % 2n === 0n);
}

/** The same for mantissas that are ordinary numbers; null where that would not be exact. */
function roundsToShort(a: Exact, target: Exact, power: number): boolean | null {
  const drop = power - a.e;
  const lift = target.e - power;
  if (a.big || target.big || drop < 0 || drop > 15 || lift < -15 || lift > 15) return null;
  const unit = 10 ** drop;
  const whole = Math.floor(Math.abs(a.m) / unit);
  const rest = Math.abs(a.m) - whole * unit;
  const shown = lift < 0 ? Math.abs(target.m) / 10 ** -lift : Math.abs(target.m) * 10 ** lift;
  if (shown > Number.MAX_SAFE_INTEGER || (lift < 0 && target.m % 10 ** -lift !== 0))
    return shown > Number.MAX_SAFE_INTEGER ? null : false;
  if (shown !== 0 && isNegative(a) !== isNegative(target)) return false;
  if (rest * 2 < unit) return shown === whole;
  if (rest * 2 > unit) return shown === whole + 1;
  return shown === whole + 1 || (shown === whole && whole % 2 === 0);
}

/**
 * The power of ten of the last digit that is not zero: 2 for 1200, −3 for 0.125; null for 0 and for fractions
 * like 1/3.
 */
export function lastDigitPower(a: Exact): number | null {
  if (isZero(a)) return null;
  const { n, d } = fraction(a);
  const denominator = d.toString();
  if (!isPowerOfTen(denominator)) return null;
  const digits = n.toString();
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return digits.length - end - (denominator.length - 1);
}

function isPowerOfTen(digits: string): boolean {
  if (digits[0] !== "1") return false;
  for (let i = 1; i < digits.length; i++) if (digits[i] !== "0") return false;
  return true;
}

/** For messages: "520,000,000", "-0.125", "1/3"; long ones are cut. */
export function show(a: Exact): string {
  let { n, d } = fraction(a);
  const sign = n < 0n ? "-" : "";
  n = size(n);
  while (d % 10n === 0n && n % 10n === 0n) {
    d /= 10n;
    n /= 10n;
  }
  const divisor = gcd(n, d);
  const denominator = d.toString();
  if (!isPowerOfTen(denominator)) return asFraction(sign, n / divisor, d / divisor);
  const places = denominator.length - 1;
  const text = n.toString().padStart(places + 1, "0");
  let whole = "";
  for (let end = text.length - places; end > 0; end -= 3)
    whole = text.slice(Math.max(0, end - 3), end) + (whole ? "," + whole : "");
  const out = sign + whole + (places > 0 ? "." + text.slice(-places) : "");
  return out.length > 60 ? out.slice(0, 57) + "…" : out;
}

function asFraction(sign: string, n: bigint, d: bigint): string {
  for (let k = 0; k <= 12; k++)
    if (10n ** BigInt(k) % d === 0n)
      return show({ m: 0, e: 0, big: { n: (sign ? -n : n) * (10n ** BigInt(k) / d), d: 10n ** BigInt(k) } });
  const out = `${sign}${n}/${d}`;
  return out.length > 60 ? out.slice(0, 57) + "…" : out;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? 1n : a;
}
