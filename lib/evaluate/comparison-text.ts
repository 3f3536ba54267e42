/** A comparison of two arms as a sentence. Pure. */
import type { Comparison, Metric } from "./compare.ts";
import { styleOf } from "../view/arms.ts";
import { formatCount } from "../view/numbers.ts";

interface ComparedPair {
  a: string;
  b: string;
  metrics: readonly Comparison[];
}

const NAMES: Record<Metric, string> = {
  accuracy: "greedy, strict",
  accuracyLenient: "greedy, lenient",
  accuracySampled: "sampled, strict",
  accuracySampledLenient: "sampled, lenient",
  format: "format",
};

/**
 * "better" or "worse" when the test says so (p < 0.05) and the whole 95 % interval lies on that side of 0,
 * too; else "undecided".
 */
export function differenceVerdict({
  low,
  high,
  p,
}: Pick<Comparison, "low" | "high" | "p">): "better" | "worse" | "undecided" {
  if (p >= 0.05) return "undecided";
  return low > 0 ? "better" : high < 0 ? "worse" : "undecided";
}

/**
 * One comparison in markdown: difference in points, interval, p, n, and what may be said.
 *
 * @example describeComparison("base", "sft", c)
 * //=> "**SFT against Base**, greedy, lenient: **+20.0 points** [+12.1, +27.9], p < 0.001,
 * //    n = 200 questions: better."
 */
export function describeComparison(
  a: string,
  b: string,
  { metric, n, changed, delta, low, high, p }: Comparison,
): string {
  const undecided = changed === 0 ? "no answer's verdict differs" : "these questions do not decide it";
  const says = { better: "better", worse: "**worse**", undecided }[differenceVerdict({ low, high, p })];
  return (
    `**${styleOf(b, 1).label} against ${styleOf(a, 0).label}**, ${NAMES[metric]}: ` +
    `**${formatPoints(delta)} points** [${formatPoints(low)}, ${formatPoints(high)}], ` +
    `${formatP(p)}, n = ${formatCount(n)} questions: ${says}.`
  );
}

/** One metric of every pair that has it, a sentence each. */
export function describePairs(pairs: readonly ComparedPair[], metric: Metric): string[] {
  return pairs.flatMap(({ a, b, metrics }) =>
    metrics.filter((c) => c.metric === metric).map((c) => describeComparison(a, b, c)),
  );
}

/** Rows for a table: every comparison of every pair, b against a. */
export function comparisonRows(
  pairs: readonly ComparedPair[],
): { step: string; metric: string; n: number; points: string; p: string; verdict: string }[] {
  return pairs.flatMap(({ a, b, metrics }) =>
    metrics.map((c) => ({
      step: `${styleOf(a, 0).label} → ${styleOf(b, 1).label}`,
      metric: NAMES[c.metric],
      n: c.n,
      points: `${formatPoints(c.delta)} [${formatPoints(c.low)}, ${formatPoints(c.high)}]`,
      p: formatP(c.p),
      verdict: differenceVerdict(c),
    })),
  );
}

/** A share as signed percentage points: 0.043 → "+4.3", −0.01 → "−1.0", 0 → "0.0". */
export function formatPoints(share: number): string {
  const text = Math.abs(100 * share).toFixed(1);
  return text === "0.0" ? text : `${share < 0 ? "−" : "+"}${text}`;
}

export function formatP(p: number): string {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`;
}
