/** A comparison of two arms as a sentence. Pure. */
import type { Comparison, Metric } from "./compare.ts";
import { styleOf } from "../view/arms.ts";
import { formatCount, formatPoints } from "../view/numbers.ts";

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

/** A row a pair, read leniently: what it adds greedily and sampled, in points, and what may be said of it. */
export interface StepRow {
  step: string;
  "greedy, points [95 %]": string | null;
  p: string | null;
  n: number | null;
  "sampled, points [95 %]": string | null;
  "p, sampled": string | null;
  "n, sampled": number | null;
  verdict: string;
}

/**
 * Steps from arm to arm, read leniently: rows for a table, and the two or three things to take from them.
 *
 * @example const { rows, reading } = readSteps(pairs);
 */
export function readSteps(pairs: readonly ComparedPair[]): { rows: StepRow[]; reading: string } {
  const read = pairs.flatMap(({ a, b, metrics }) => {
    const of = (metric: Metric) => metrics.find((c) => c.metric === metric);
    const [greedy, sampled] = [of("accuracyLenient"), of("accuracySampledLenient")];
    const step = `${styleOf(a, 0).label} → ${styleOf(b, 1).label}`;
    return greedy || sampled ? [{ step, greedy, sampled }] : [];
  });
  return { rows: read.map(stepRow), reading: stepsReading(read) };
}

interface Step {
  step: string;
  greedy: Comparison | undefined;
  sampled: Comparison | undefined;
}

function stepRow({ step, greedy, sampled }: Step): StepRow {
  const [one, many] = [greedy && stepVerdict(greedy), sampled && stepVerdict(sampled)];
  return {
    step,
    "greedy, points [95 %]": greedy ? withInterval(greedy) : null,
    p: greedy ? shortP(greedy) : null,
    n: greedy?.n ?? null,
    "sampled, points [95 %]": sampled ? withInterval(sampled) : null,
    "p, sampled": sampled ? shortP(sampled) : null,
    "n, sampled": sampled?.n ?? null,
    verdict: one && many && one !== many ? `${one}; sampled: ${many}` : (one ?? many)!,
  };
}

function stepsReading(steps: readonly Step[]): string {
  const told = steps.flatMap(({ step, greedy }) => (greedy ? [{ step, verdict: stepVerdict(greedy) }] : []));
  const named = (verdict: string) =>
    told.filter((one) => one.verdict === verdict).map(({ step }) => `*${step}*`);
  const [better, worse, open, same] = ["better", "worse", "undecided", "same answers"].map(named);
  const parts = [
    better!.length > 0 ? `**${better!.length} better**` : "",
    worse!.length > 0 ? `**${worse!.length} worse** (${worse!.join(", ")})` : "",
    open!.length > 0 ? `${open!.length} not decided (${open!.join(", ")})` : "",
    same!.length > 0 ? `${same!.length} without any change (${same!.join(", ")})` : "",
  ].filter(Boolean);
  if (parts.length === 0) return "No two arms answered the same questions greedily.";
  const both = steps.filter(({ greedy, sampled }) => greedy && sampled);
  const other = both.filter(({ greedy, sampled }) => stepVerdict(greedy!) !== stepVerdict(sampled!));
  const agree =
    both.length === 0
      ? ""
      : other.length === 0
        ? " Sampled answers agree wherever there are any."
        : ` Sampled answers say otherwise of ${other
            .map(({ step, sampled }) => `*${step}* (${stepVerdict(sampled!)})`)
            .join(", ")}.`;
  const head = told.length === 1 ? "Of one step, greedy" : `Of ${told.length} steps, greedy`;
  return `${head} and read leniently: ${parts.join(", ")}.${agree}`;
}

const stepVerdict = (c: Comparison): string => (c.changed === 0 ? "same answers" : differenceVerdict(c));
const withInterval = ({ delta, low, high }: Comparison): string =>
  `${formatPoints(delta)} [${formatPoints(low)}, ${formatPoints(high)}]`;
const shortP = ({ p }: Comparison): string => formatP(p).replace(/^p (?:= )?/, "");

export function formatP(p: number): string {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`;
}
