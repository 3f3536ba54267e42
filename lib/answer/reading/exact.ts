/**
 * Exact numbers: what a checker needs where doubles would call 12345678901234567890 and …891 equal.
 *
 * A number is a whole mantissa times a power of ten; the mantissa is an ordinary number as long as that is
 * exact (nearly always), and a fraction of BigInts otherwise. Every function here gives the same answer for
 * both.
 */

interface Fraction {
  /** n / d with d > 0, not reduced. */
  readonly n: bigint;
  readonly d: bigint;
}

export interface Exact {
  /** Mantissa, a safe integer; meaningless when `big` is set. */
  readonly m: number;
  /** Power of ten. */
  readonly e: number;
  readonly big: Fraction | null;
}

const SAFE = Number.MAX_SAFE_INTEGER;
const POWERS: bigint[] = [1n];
const SMALL_POWERS = Array.from({ length: 16 }, (_, k) => 10 ** k);

/** 10^k for k ≥ 0. */
export function pow10(k: number): bigint {
  for (let i = POWERS.length; i <= k; i++) POWERS.push(POWERS[i - 1]! * 10n);
  return POWERS[k]!;
}

const small = (m: number, e: number): Exact => ({ m, e, big: null });
const large = (n: bigint, d: bigint): Exact => ({ m: 0, e: 0, big: { n, d } });

/** mantissa × 10^exponent; the mantissa is whole. */
export function decimal(mantissa: number | bigint, exponent: number): Exact {
  if (typeof mantissa === "number") return small(mantissa, exponent);
  if (mantissa <= BigInt(SAFE) && mantissa >= -BigInt(SAFE)) return small(Number(mantissa), exponent);
  return exponent >= 0 ? large(mantissa * pow10(exponent), 1n) : large(mantissa, pow10(-exponent));
}

export function fraction(a: Exact): Fraction {
  if (a.big) return a.big;
  return a.e >= 0 ? { n: BigInt(a.m) * pow10(a.e), d: 1n } : { n: BigInt(a.m), d: pow10(-a.e) };
}

/** a × 10^k. */
export function shift(a: Exact, k: number): Exact {
  if (k === 0) return a;
  if (!a.big) return small(a.m, a.e + k);
  return k > 0 ? large(a.big.n * pow10(k), a.big.d) : large(a.big.n, a.big.d * pow10(-k));
}

export function negate(a: Exact): Exact {
  return a.big ? large(-a.big.n, a.big.d) : small(a.m === 0 ? 0 : -a.m, a.e);
}

export const isZero = (a: Exact): boolean => (a.big ? a.big.n === 0n : a.m === 0);
export const isNegative = (a: Exact): boolean => (a.big ? a.big.n < 0n : a.m < 0);
export const absolute = (a: Exact): Exact => (isNegative(a) ? negate(a) : a);

/** The nearest double, to rule out what is far away; never to decide what is near. */
export function approximately(a: Exact): number {
  if (!a.big)
    return a.e < 0
      ? a.e >= -15
        ? a.m / SMALL_POWERS[-a.e]!
        : a.m * 10 ** a.e
      : a.m * (a.e <= 15 ? SMALL_POWERS[a.e]! : 10 ** a.e);
  return Number(a.big.n) / Number(a.big.d);
}

export function equal(a: Exact, b: Exact): boolean {
  if (!a.big && !b.big) {
    if (a.e === b.e) return a.m === b.m;
    if (a.m === 0 || b.m === 0) return a.m === b.m;
    const [high, low] = a.e > b.e ? [a, b] : [b, a];
    const gap = high.e - low.e;
    // A whole mantissa that is larger than any safe integer equals none.
    if (gap > 15) return false;
    const scaled = high.m * SMALL_POWERS[gap]!;
    return scaled <= SAFE && scaled >= -SAFE && scaled === low.m;
  }
  const x = fraction(a);
  const y = fraction(b);
  return x.n * y.d === y.n * x.d;
}

export function add(a: Exact, b: Exact): Exact {
  if (!a.big && !b.big && a.e === b.e && Math.abs(a.m + b.m) <= SAFE) return small(a.m + b.m, a.e);
  const x = fraction(a);
  const y = fraction(b);
  return large(x.n * y.d + y.n * x.d, x.d * y.d);
}

/** a / b; b is not zero. */
export function divide(a: Exact, b: Exact): Exact {
  const x = fraction(a);
  const y = fraction(b);
  return y.n < 0n ? large(-x.n * y.d, -y.n * x.d) : large(x.n * y.d, y.n * x.d);
}
