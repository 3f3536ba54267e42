/**
 * Intervals by resampling whole questions: answers to one question resemble each other and are not
 * independent trials.
 */

import { createRandom } from "./random.ts";
import type { Estimate } from "../records.ts";
import { areaUnderCurve, cohenKappa, countBy, quantile, wilson } from "./stats.ts";
import type { Scored } from "./stats.ts";

export interface BootstrapOptions {
  seed?: number | string;
  /** Resamples; the interval's ends wobble by about 1 % of its width at 2,000. */
  resamples?: number;
  /** Coverage, 0.95 unless told. */
  level?: number;
}

const DEFAULTS = { seed: 42, resamples: 2000, level: 0.95 };

/**
 * Mean of all values with a percentile interval that resamples clusters (questions) with replacement.
 *
 * `clusters[i]` holds the values of question i (its sampled answers, 0/1 or a score). The mean is over
 * values, Σ values / Σ sizes, so questions with more answers weigh more. Empty clusters are left out; no
 * values at all gives null: nothing was judged. Where all values are alike, or of one question, resamples are
 * alike, too, and would call the mean certain: see `unseen`. Deterministic for a seed. O(resamples ×
 * clusters).
 *
 * Source: Efron & Tibshirani 1993, ch. 13; clusters: Davison & Hinkley 1997, §3.8.
 */
export function bootstrapMean(
  clusters: readonly (readonly number[])[],
  options: BootstrapOptions = {},
): Estimate | null {
  const sums = clusters.filter((c) => c.length > 0).map((c): Pair => [sum(c), c.length]);
  if (sums.length === 0) return null;
  const ratio = (pairs: readonly Pair[]) => sum(pairs.map((p) => p[0])) / sum(pairs.map((p) => p[1]));
  const value = ratio(sums);
  const all = clusters.flat();
  if (sums.length === 1 || all.every((x) => x === all[0]))
    return { value, ...unseen(value, sums.length, rangeOf(all)) };
  return { value, ...interval(resample(sums, ratio, options), options) };
}

/**
 * A share of independent trials: the percentile bootstrap of `bootstrapMean`, but Wilson's interval at 0 of n
 * and n of n.
 *
 * Resamples of equal values are all alike, so the bootstrap would call a share of 0 certain after ten trials;
 * Wilson's upper end there is z² / (n + z²), 28 % after ten. (Coverage 95 %; another `level` changes the
 * bootstrap alone.) No trials: null.
 *
 * Source: Wilson 1927; Efron & Tibshirani 1993, ch. 13.
 *
 * @example bootstrapShare([false, false, false]) //=> { value: 0, low: 0, high: 0.56 }
 */
export function bootstrapShare(trials: readonly boolean[], options: BootstrapOptions = {}): Estimate | null {
  const hits = trials.filter(Boolean).length;
  return hits === 0 || hits === trials.length
    ? wilson(hits, trials.length)
    : bootstrapMean(
        trials.map((hit) => [Number(hit)]),
        options,
      );
}

/**
 * A share of answers where a question has several: questions resampled. Where all answers agree, Wilson's
 * interval over the questions, for the reason that `bootstrapShare` has: answers to one question are no
 * independent trials. Values from 0 to 1; nothing: null.
 *
 * @example clusteredShare([[0, 0], [0, 0]]) //=> { value: 0, low: 0, high: 0.66 }
 */
export function clusteredShare(
  questions: readonly (readonly number[])[],
  options: BootstrapOptions = {},
): Estimate | null {
  const answered = questions.filter((values) => values.length > 0);
  const all = (value: number): boolean => answered.every((values) => values.every((x) => x === value));
  if (answered.length > 0 && (all(0) || all(1))) return wilson(all(1) ? answered.length : 0, answered.length);
  return bootstrapMean(questions, options);
}

export interface PairedDifference {
  /** mean(b) − mean(a), in the values' unit. */
  delta: number;
  low: number;
  high: number;
  /** Two-sided p of a sign-flip permutation test on the questions' differences. */
  p: number;
}

/**
 * How much better `b` is than `a` on the same questions, with a percentile interval that resamples questions.
 *
 * `a[i]` and `b[i]` hold the two arms' values for question i; each arm's mean within the question counts
 * once, so questions weigh alike. Questions one arm has no values for are left out; none left gives null. p =
 * (1 + #{|d*| ≥ |d|}) / (1 + resamples), d* with the sign of every question's difference flipped at random:
 * exact under "the arms are exchangeable". For one binary answer a question use `mcnemar`. Throws RangeError
 * when the lists differ in length.
 *
 * Where every question has the same difference, above all none, the interval is `unseen`'s: no change on 20
 * questions is not the certainty of none.
 *
 * Source: Efron & Tibshirani 1993, ch. 13 and 15; Phipson & Smyth 2010 for the +1.
 */
export function pairedDifference(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
  options: BootstrapOptions = {},
): PairedDifference | null {
  if (a.length !== b.length)
    throw new RangeError(
      `pairedDifference requires the same questions twice, got ${a.length} and ${b.length}`,
    );
  const differences: number[] = [];
  a.forEach((values, i) => {
    const others = b[i]!;
    if (values.length > 0 && others.length > 0)
      differences.push(sum(others) / others.length - sum(values) / values.length);
  });
  if (differences.length === 0) return null;
  const delta = sum(differences) / differences.length;
  const p = signFlip(differences, options);
  if (differences.every((d) => d === differences[0])) {
    const { low, high } = rangeOf([...a, ...b].flat());
    return { delta, ...unseen(delta, differences.length, { low: low - high, high: high - low }), p };
  }
  return {
    delta,
    ...interval(
      resample(differences, (d) => sum(d) / d.length, options),
      options,
    ),
    p,
  };
}

function signFlip(differences: readonly number[], options: BootstrapOptions): number {
  const { seed, resamples } = { ...DEFAULTS, ...options };
  const random = createRandom(`${seed}/sign-flip`);
  // Rounding must not decide whether a flip is "as large as" what was seen.
  const seen = Math.abs(sum(differences)) - 1e-9;
  let asLarge = 0;
  for (let r = 0; r < resamples; r++) {
    let total = 0;
    for (const d of differences) total += random.next() < 0.5 ? d : -d;
    if (Math.abs(total) >= seen) asLarge++;
  }
  return (1 + asLarge) / (1 + resamples);
}

/**
 * Cohen's kappa with a percentile interval that resamples items. null as `cohenKappa`; resamples in which
 * kappa is not defined (both raters constant) are left out of the interval. Raters who agree on every item
 * may yet differ on an unseen one: the lower end is then the kappa of Wilson's lower end for their agreement.
 */
export function kappaInterval(
  pairs: readonly (readonly [unknown, unknown])[],
  options: BootstrapOptions = {},
): Estimate | null {
  const value = cohenKappa(pairs);
  if (value === null) return null;
  if (value === 1) {
    const shares = [...countBy(pairs, ([first]) => String(first)).values()].map(
      (count) => count / pairs.length,
    );
    const byChance = sum(shares.map((share) => share * share));
    return { value, low: (wilson(pairs.length, pairs.length)!.low - byChance) / (1 - byChance), high: 1 };
  }
  const drawn = resample(pairs, (p) => cohenKappa(p), options).filter((k): k is number => k !== null);
  return { value, ...interval(drawn, options) };
}

/**
 * Area under the ROC curve with a percentile interval that resamples items. null as `areaUnderCurve`;
 * resamples that drew one side only are left out of the interval. Sides that do not overlap at all may do so
 * in an unseen item: the end is then Wilson's, for as many trials as the smaller side has items.
 */
export function areaInterval(scored: readonly Scored[], options: BootstrapOptions = {}): Estimate | null {
  const value = areaUnderCurve(scored);
  if (value === null) return null;
  if (value === 0 || value === 1) {
    const good = scored.filter(([positive]) => positive).length;
    const trials = Math.min(good, scored.length - good);
    return wilson(value * trials, trials);
  }
  const areas = resample(scored, (s) => areaUnderCurve(s), options);
  const drawn = areas.filter((area): area is number => area !== null);
  return { value, ...interval(drawn, options) };
}

/**
 * The interval of a mean when all n clusters have the same value: of those not seen a share of up to Wilson's
 * upper end of 0 of n may have any other value of the range. (Coverage 95 %.)
 *
 * @example unseen(0, 20, { low: -1, high: 1 }) //=> { low: -0.16, high: 0.16 }
 */
function unseen(value: number, n: number, range: Ends): Ends {
  const share = wilson(0, n)!.high;
  return { low: value - share * (value - range.low), high: value + share * (range.high - value) };
}

/** What a value may be: from 0 to 1, or further where one was. */
function rangeOf(values: readonly number[]): Ends {
  return values.reduce(({ low, high }, x) => ({ low: Math.min(low, x), high: Math.max(high, x) }), {
    low: 0,
    high: 1,
  });
}

interface Ends {
  low: number;
  high: number;
}

type Pair = [total: number, count: number];

function resample<T, S>(
  items: readonly T[],
  statistic: (items: readonly T[]) => S,
  options: BootstrapOptions,
): S[] {
  const { seed, resamples } = { ...DEFAULTS, ...options };
  const random = createRandom(`${seed}/bootstrap`);
  const drawn = items.slice();
  return Array.from({ length: resamples }, () => {
    for (let i = 0; i < drawn.length; i++) drawn[i] = items[Math.floor(random.next() * items.length)]!;
    return statistic(drawn);
  });
}

function interval(drawn: readonly number[], options: BootstrapOptions): Ends {
  const { level } = { ...DEFAULTS, ...options };
  return { low: quantile(drawn, (1 - level) / 2), high: quantile(drawn, (1 + level) / 2) };
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
