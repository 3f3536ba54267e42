/** Two arms on the same questions: how much better, how sure, and what got worse. Pure. */
import { pairedDifference } from "../stats/bootstrap.ts";
import type { BootstrapOptions, PairedDifference } from "../stats/bootstrap.ts";
import { byQuestion } from "./eval-summary.ts";
import { QUESTION_TYPES } from "../records.ts";
import type { EvalDetail, QuestionType } from "../records.ts";
import { mcnemar, mean, pairedShares } from "../stats/stats.ts";

export const METRICS = [
  "accuracy",
  "accuracyLenient",
  "accuracySampled",
  "accuracySampledLenient",
  "format",
] as const;
export type Metric = (typeof METRICS)[number];

const MEASURE: Record<Metric, { mode: EvalDetail["mode"]; holds: (d: EvalDetail) => boolean }> = {
  accuracy: { mode: "greedy", holds: (d) => d.strict },
  accuracyLenient: { mode: "greedy", holds: (d) => d.lenient },
  accuracySampled: { mode: "sampled", holds: (d) => d.strict },
  accuracySampledLenient: { mode: "sampled", holds: (d) => d.lenient },
  format: { mode: "greedy", holds: (d) => d.format },
};

export interface Comparison extends PairedDifference {
  metric: Metric;
  /** Questions that both arms answered. */
  n: number;
  /** Those of them with another share of right answers; absent where that was not kept. */
  changed?: number;
}

/**
 * Difference b − a of one metric over the questions both arms answered, with a 95 % interval.
 *
 * Where each question has one answer an arm: the interval of `pairedShares`, p of exact McNemar. Else
 * questions are resampled and p is a sign-flip permutation test over them. Answers of several training seeds
 * may be put together: a question's answers then count as one cluster. null when the arms share no question.
 */
export function compareArms(
  a: readonly EvalDetail[],
  b: readonly EvalDetail[],
  metric: Metric,
  options: BootstrapOptions = {},
): Comparison | null {
  const { mode, holds } = MEASURE[metric];
  const of = (details: readonly EvalDetail[]) => details.filter((d) => d.mode === mode);
  const shares = compareShares(of(a), of(b), holds, options);
  return shares && { metric, ...shares };
}

/**
 * Difference b − a of the share of answers for which `holds`, as `compareArms` has it, over all answers
 * given: of one mode, and of those questions that the share is about.
 */
export function compareShares(
  a: readonly EvalDetail[],
  b: readonly EvalDetail[],
  holds: (detail: EvalDetail) => boolean,
  options: BootstrapOptions = {},
): Omit<Comparison, "metric"> | null {
  const values = (details: readonly EvalDetail[]) => byQuestion(details, (d) => (holds(d) ? 1 : 0));
  const [first, second] = [values(a), values(b)];
  const shared = [...first.keys()].filter((id) => second.has(id));
  const pairs = shared.map((id) => [first.get(id)!, second.get(id)!] as const);
  const single = pairs.every(([x, y]) => x.length === 1 && y.length === 1);
  const difference = single
    ? oneAnswerEach(pairs)
    : pairedDifference(
        pairs.map((p) => p[0]),
        pairs.map((p) => p[1]),
        options,
      );
  const changed = pairs.filter(([x, y]) => mean(x) !== mean(y)).length;
  return difference && { n: pairs.length, changed, ...difference };
}

function oneAnswerEach(pairs: readonly (readonly [number[], number[]])[]): PairedDifference | null {
  const count = (before: number, after: number) =>
    pairs.filter(([[x], [y]]) => x === before && y === after).length;
  const counts = { both: count(1, 1), onlyFirst: count(1, 0), onlySecond: count(0, 1), neither: count(0, 0) };
  const shares = pairedShares(counts);
  return shares && { ...shares, p: mcnemar(counts.onlyFirst, counts.onlySecond) };
}

export interface Change {
  id: string;
  type: QuestionType;
  before: EvalDetail;
  after: EvalDetail;
}

/**
 * Questions answered greedily by both arms whose verdict changed: `regressions` right → wrong, `gains` wrong
 * → right. Read leniently unless told: else an untrained Base, which knows no tags, could lose nothing.
 */
export function changedAnswers(
  a: readonly EvalDetail[],
  b: readonly EvalDetail[],
  reading: "strict" | "lenient" = "lenient",
): { regressions: Change[]; gains: Change[] } {
  const after = new Map(b.filter((d) => d.mode === "greedy").map((d) => [d.id, d]));
  const regressions: Change[] = [];
  const gains: Change[] = [];
  for (const before of a) {
    const now = after.get(before.id);
    if (before.mode !== "greedy" || !now || before[reading] === now[reading]) continue;
    (before[reading] ? regressions : gains).push({ id: before.id, type: before.type, before, after: now });
  }
  return { regressions, gains };
}

/** The comparison within each type that both arms were asked about. */
export function compareByType(
  a: readonly EvalDetail[],
  b: readonly EvalDetail[],
  metric: Metric,
  options: BootstrapOptions = {},
): Partial<Record<QuestionType, Comparison>> {
  const result: Partial<Record<QuestionType, Comparison>> = {};
  for (const type of QUESTION_TYPES) {
    const of = (details: readonly EvalDetail[]) => details.filter((d) => d.type === type);
    const comparison = compareArms(of(a), of(b), metric, options);
    if (comparison) result[type] = comparison;
  }
  return result;
}
