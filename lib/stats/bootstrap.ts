/** Intervals by resampling whole questions: answers to one question resemble each other and are not independent trials. */
import { createRandom } from "./random.ts";
import type { Estimate } from "../records.ts";
import { areaUnderCurve, cohenKappa, quantile, wilson } from "./stats.ts";
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
 * `clusters[i]` holds the values of question i (its sampled answers, 0/1 or a score). The mean is over values, Σ values / Σ sizes, so
 * questions with more answers weigh more. Empty clusters are left out; no values at all gives null: nothing was judged.
 * One cluster has no spread to measure: low = high = value. Deterministic for a seed. O(resamples × clusters).
 *
 * Source: Efron & Tibshirani 1993, ch. 13; clusters: Davison & Hinkley 1997, §3.8.
 */
export function bootstrapMean(clusters: readonly (readonly number[])[], options: BootstrapOptions = {}): Estimate | null {
  const sums = clusters.filter((c) => c.length > 0).map((c): Pair => [sum(c), c.length]);
  if (sums.length === 0) return null;
  const ratio = (pairs: readonly Pair[]) => sum(pairs.map((p) => p[0])) / sum(pairs.map((p) => p[1]));
  const { low, high } = interval(resample(sums, ratio, options), options);
  return { value: ratio(sums), low, high };
}

/**
 * A share of independent trials: the percentile bootstrap of `bootstrapMean`, but Wilson's interval at 0 of n and n of n.
 *
 * Resamples of equal values are all alike, so the bootstrap would call a share of 0 certain after ten trials; Wilson's upper end there is
 * z² / (n + z²), 28 % after ten. (Coverage 95 %; another `level` changes the bootstrap alone.) No trials: null.
 *
 * Source: Wilson 1927; Efron & Tibshirani 1993, ch. 13.
 *
 * @example bootstrapShare([false, false, false]) //=> { value: 0, low: 0, high: 0.56 }
 */
export function bootstrapShare(trials: readonly boolean[], options: BootstrapOptions = {}): Estimate | null {
  const hits = trials.filter(Boolean).length;
  return hits === 0 || hits === trials.length ? wilson(hits, trials.length) : bootstrapMean(trials.map((hit) => [Number(hit)]), options);
}

/**
 * A share of answers where a question has several: questions resampled. Where all answers agree, Wilson's interval over the questions, for
 * the reason that `bootstrapShare` has: answers to one question are no independent trials. Values from 0 to 1; nothing: null.
 *
 * @example clusteredShare([[0, 0], [0, 0]]) //=> { value: 0, low: 0, high: 0.66 }
 */
export function clusteredShare(questions: readonly (readonly number[])[], options: BootstrapOptions = {}): Estimate | null {
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
 * `a[i]` and `b[i]` hold the two arms' values for question i; each arm's mean within the question counts once, so questions weigh alike.
 * Questions one arm has no values for are left out; none left gives null. p = (1 + #{|d*| ≥ |d|}) / (1 + resamples), d* with the sign of
 * every question's difference flipped at random: exact under "the arms are exchangeable". For one binary answer a question use
 * `mcnemar`. Throws RangeError when the lists differ in length.
 *
 * Source: Efron & Tibshirani 1993, ch. 13 and 15; Phipson & Smyth 2010 for the +1.
 */
export function pairedDifference(a: readonly (readonly number[])[], b: readonly (readonly number[])[], options: BootstrapOptions = {}): PairedDifference | null {
  if (a.length !== b.length) throw new RangeError(`pairedDifference requires the same questions twice, got ${a.length} and ${b.length}`);
  const differences: number[] = [];
  a.forEach((values, i) => {
    const others = b[i]!;
    if (values.length > 0 && others.length > 0) differences.push(sum(others) / others.length - sum(values) / values.length);
  });
  if (differences.length === 0) return null;
  const delta = sum(differences) / differences.length;
  const { low, high } = interval(resample(differences, (d) => sum(d) / d.length, options), options);
  return { delta, low, high, p: signFlip(differences, options) };
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
 * Cohen's kappa with a percentile interval that resamples items. null as `cohenKappa`; resamples in which kappa is not defined (both
 * raters constant) are left out of the interval.
 */
export function kappaInterval(pairs: readonly (readonly [unknown, unknown])[], options: BootstrapOptions = {}): Estimate | null {
  const value = cohenKappa(pairs);
  if (value === null) return null;
  const drawn = resample(pairs, (p) => cohenKappa(p), options).filter((k): k is number => k !== null);
  return { value, ...interval(drawn, options) };
}

/**
 * Area under the ROC curve with a percentile interval that resamples items. null as `areaUnderCurve`; resamples
 * that drew one side only are left out of the interval.
 */
export function areaInterval(scored: readonly Scored[], options: BootstrapOptions = {}): Estimate | null {
  const value = areaUnderCurve(scored);
  if (value === null) return null;
  const areas = resample(scored, (s) => areaUnderCurve(s), options);
  const drawn = areas.filter((area): area is number => area !== null);
  return { value, ...interval(drawn, options) };
}

type Pair = [total: number, count: number];

function resample<T, S>(items: readonly T[], statistic: (items: readonly T[]) => S, options: BootstrapOptions): S[] {
  const { seed, resamples } = { ...DEFAULTS, ...options };
  const random = createRandom(`${seed}/bootstrap`);
  const drawn = items.slice();
  return Array.from({ length: resamples }, () => {
    for (let i = 0; i < drawn.length; i++) drawn[i] = items[Math.floor(random.next() * items.length)]!;
    return statistic(drawn);
  });
}

function interval(drawn: readonly number[], options: BootstrapOptions): { low: number; high: number } {
  const { level } = { ...DEFAULTS, ...options };
  return { low: quantile(drawn, (1 - level) / 2), high: quantile(drawn, (1 + level) / 2) };
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
