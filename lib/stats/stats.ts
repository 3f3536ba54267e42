/** Statistics of proportions and agreement. Pure; for resampled intervals see bootstrap.ts. */
import type { Estimate } from "../records.ts";

/** Arithmetic mean. Throws RangeError on an empty list: a mean of nothing is not 0. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("mean requires at least one value, got 0");
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/**
 * Standard deviation √(Σ(x − x̄)² / (n − ddof)); `ddof` 1 (sample, the default) or 0 (population).
 * NaN-free: throws RangeError when n ≤ ddof.
 */
export function standardDeviation(values: readonly number[], ddof: 0 | 1 = 1): number {
  if (values.length <= ddof)
    throw new RangeError(`standardDeviation requires more than ${ddof} values, got ${values.length}`);
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return Math.sqrt(squares / (values.length - ddof));
}

/**
 * The p-quantile, linear between the two nearest order statistics (type 7 of Hyndman & Fan 1996, the default
 * of R and NumPy). `p` in [0, 1]. Throws RangeError on an empty list or another p. O(n log n).
 */
export function quantile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new RangeError("quantile requires at least one value, got 0");
  if (!(p >= 0 && p <= 1)) throw new RangeError(`quantile requires p in [0, 1], got ${p}`);
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - below);
}

/** z of the two-sided 95 % level, Φ⁻¹(0.975). */
const Z95 = 1.959963984540054;

/**
 * A proportion with Wilson's score interval (95 % unless `z` says otherwise).
 *
 * (p̂ + z²/2n ± z·√(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n), p̂ = successes / n. Unlike p̂ ± z·se it stays inside
 * [0, 1] and has a width at 0 of n and n of n. Assumes independent trials: for several answers a question use
 * `bootstrapMean`. n = 0 gives null: nothing was judged. Throws RangeError unless 0 ≤ successes ≤ n are whole
 * numbers.
 *
 * Source: Wilson 1927, JASA 22; Newcombe 1998, Statistics in Medicine 17, method 3.
 */
export function wilson(successes: number, n: number, z: number = Z95): Estimate | null {
  if (!Number.isInteger(successes) || !Number.isInteger(n) || successes < 0 || successes > n)
    throw new RangeError(`wilson requires whole numbers 0 ≤ successes ≤ n, got ${successes} of ${n}`);
  if (n === 0) return null;
  const p = successes / n;
  const scale = 1 + (z * z) / n;
  const centre = (p + (z * z) / (2 * n)) / scale;
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / scale;
  // The ends are exact at 0 and n; floating point would leave 1e-17 there.
  return {
    value: p,
    low: successes === 0 ? 0 : Math.max(0, centre - half),
    high: successes === n ? 1 : Math.min(1, centre + half),
  };
}

/** How the same questions went with two arms: right with both, with one alone, with neither. */
export interface PairedCounts {
  both: number;
  onlyFirst: number;
  onlySecond: number;
  neither: number;
}

/**
 * The difference second − first of two proportions of the same questions, with a 95 % interval. It has a
 * width even when the arms never differ: no change seen on 20 questions is not the certainty of none. No
 * questions: null.
 *
 * Square and add: the distances from both shares to the ends of their Wilson intervals, joined as the sides
 * of a triangle whose angle is the arms' correlation φ; a positive φ is corrected by n/2 in its numerator.
 *
 * Source: Newcombe 1998, Statistics in Medicine 17:2635-2650, method 10.
 */
export function pairedShares({
  both,
  onlyFirst,
  onlySecond,
  neither,
}: PairedCounts): { delta: number; low: number; high: number } | null {
  const n = both + onlyFirst + onlySecond + neither;
  const [first, second] = [wilson(both + onlyFirst, n), wilson(both + onlySecond, n)];
  if (!first || !second) return null;
  const phi = correctedPhi({ both, onlyFirst, onlySecond, neither });
  const joined = (x: number, y: number) => Math.sqrt(Math.max(0, x * x - 2 * phi * x * y + y * y));
  const delta = (onlySecond - onlyFirst) / n;
  return {
    delta,
    low: delta - joined(second.value - second.low, first.high - first.value),
    high: delta + joined(second.high - second.value, first.value - first.low),
  };
}

function correctedPhi({ both, onlyFirst, onlySecond, neither }: PairedCounts): number {
  const n = both + onlyFirst + onlySecond + neither;
  const margins = (both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither);
  const product = both * neither - onlyFirst * onlySecond;
  return margins === 0 ? 0 : (product > 0 ? Math.max(0, product - n / 2) : product) / Math.sqrt(margins);
}

/**
 * Exact McNemar test of two arms on the same questions: two-sided p of b against c under Binomial(b + c, ½).
 *
 * `b` questions only the first arm got right, `c` only the second; the others carry no information. p =
 * min(1, 2·P(X ≤ min(b, c))). b + c = 0 gives 1. Throws RangeError on negative or fractional counts. O(b +
 * c), no overflow (log-gamma by summed logs).
 *
 * Source: McNemar 1947, Psychometrika 12; exact form as statsmodels `mcnemar(exact=True)`.
 */
export function mcnemar(b: number, c: number): number {
  if (!Number.isInteger(b) || !Number.isInteger(c) || b < 0 || c < 0)
    throw new RangeError(`mcnemar requires counts ≥ 0, got ${b} and ${c}`);
  const n = b + c;
  let logTerm = -n * Math.LN2; // log of C(n, 0) / 2ⁿ
  let tail = Math.exp(logTerm);
  for (let i = 1; i <= Math.min(b, c); i++) {
    logTerm += Math.log(n - i + 1) - Math.log(i);
    tail += Math.exp(logTerm);
  }
  return Math.min(1, 2 * tail);
}

/**
 * pass@k: chance that at least one of k answers is right, estimated without bias from `correct` of `n`
 * sampled answers.
 *
 * 1 − C(n−c, k) / C(n, k), as a product, so no factorial overflows. n − c < k gives 1.
 * Throws RangeError unless 1 ≤ k ≤ n and 0 ≤ correct ≤ n.
 *
 * Source: Chen et al. 2021, https://arxiv.org/abs/2107.03374, eq. 1.
 */
export function passAtK(n: number, correct: number, k: number): number {
  if (!(k >= 1 && k <= n && correct >= 0 && correct <= n))
    throw new RangeError(
      `passAtK requires 1 ≤ k ≤ n and 0 ≤ correct ≤ n, got n ${n}, correct ${correct}, k ${k}`,
    );
  if (n - correct < k) return 1;
  let allWrong = 1;
  for (let i = n - correct + 1; i <= n; i++) allWrong *= 1 - k / i;
  return 1 - allWrong;
}

/**
 * Cohen's kappa of two raters: (p_observed − p_chance) / (1 − p_chance), in [−1, 1].
 *
 * `pairs` holds both raters' labels of each item. null when there are no items, or when both raters always
 * say one and the same thing: chance agreement is then 1 and kappa is not defined.
 *
 * Source: Cohen 1960, Educational and Psychological Measurement 20.
 */
export function cohenKappa(pairs: readonly (readonly [unknown, unknown])[]): number | null {
  const n = pairs.length;
  if (n === 0) return null;
  const first = new Map<unknown, number>();
  const second = new Map<unknown, number>();
  let agreed = 0;
  for (const [a, b] of pairs) {
    if (a === b) agreed++;
    first.set(a, (first.get(a) ?? 0) + 1);
    second.set(b, (second.get(b) ?? 0) + 1);
  }
  let chance = 0;
  for (const [label, count] of first) chance += (count * (second.get(label) ?? 0)) / (n * n);
  return chance === 1 ? null : (agreed / n - chance) / (1 - chance);
}

/** An item of one of two sides, and its score in any unit. */
export type Scored = readonly [positive: boolean, score: number];

/**
 * Area under the ROC curve: the chance that a positive item scores higher than a negative one, a tie counting
 * half.
 *
 * Σ over positives of (negatives below + ½ negatives equal) / (positives × negatives), in [0, 1]; 0.5 is
 * chance. null when either side is empty. O(n + k log k), k different scores.
 *
 * Source: Hanley & McNeil 1982, Radiology 143 (equal to the Mann-Whitney U over its maximum).
 *
 * @example areaUnderCurve([[true, 12], [true, 8], [false, 8]]) //=> 0.75
 */
export function areaUnderCurve(scored: readonly Scored[]): number | null {
  const counts = new Map<number, [negatives: number, positives: number]>();
  for (const [positive, score] of scored) {
    const count = counts.get(score) ?? [0, 0];
    count[positive ? 1 : 0]++;
    counts.set(score, count);
  }
  let below = 0;
  let positives = 0;
  let won = 0;
  for (const [, [negative, positive]] of [...counts].sort(([a], [b]) => a - b)) {
    won += positive * (below + negative / 2);
    below += negative;
    positives += positive;
  }
  return positives === 0 || below === 0 ? null : won / (positives * below);
}

/** How often each value occurs, most frequent first; ties in order of appearance. */
export function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return new Map([...counts].sort((a, b) => b[1] - a[1]));
}
