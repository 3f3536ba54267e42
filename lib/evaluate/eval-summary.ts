/** From single answers to one arm: proportions with intervals, by type. Pure. */
import { bootstrapMean, clusteredShare } from "../stats/bootstrap.ts";
import { QUESTION_TYPES } from "../records.ts";
import type { Arm, Estimate, EvalDetail } from "../records.ts";
import { mean, passAtK, wilson } from "../stats/stats.ts";

/** Values of answers, one list per question in the order of first appearance. */
export function byQuestion(
  details: readonly EvalDetail[],
  value: (detail: EvalDetail) => number | null,
): Map<string, number[]> {
  const clusters = new Map<string, number[]>();
  for (const detail of details) {
    let cluster = clusters.get(detail.id);
    if (!cluster) clusters.set(detail.id, (cluster = []));
    const x = value(detail);
    if (x !== null) cluster.push(x);
  }
  return clusters;
}

/**
 * Share of answers for which `test` holds, with a 95 % interval; null without answers.
 * Wilson's where each question has one answer, resampled questions where one has several. Of the same answers
 * it is the same wherever it stands: tables and figures draw no resamples of their own.
 */
export function proportion(
  details: readonly EvalDetail[],
  test: (detail: EvalDetail) => boolean,
): Estimate | null {
  const clusters = [...byQuestion(details, (d) => (test(d) ? 1 : 0)).values()];
  if (clusters.every((c) => c.length === 1))
    return wilson(clusters.filter((c) => c[0] === 1).length, clusters.length);
  return clusteredShare(clusters);
}

/**
 * pass@k with an interval over questions: the chance that one of k sampled answers is right (strict, or
 * lenient for an untrained model). null when nothing was sampled. Throws RangeError when a question has fewer
 * than k samples.
 */
export function passAtKOf(
  details: readonly EvalDetail[],
  k: number,
  reading: "strict" | "lenient" = "strict",
): Estimate | null {
  const sampled = details.filter((d) => d.mode === "sampled");
  const clusters = [...byQuestion(sampled, (d) => (d[reading] ? 1 : 0)).values()];
  return clusteredShare(clusters.map((c) => [passAtK(c.length, c.filter((x) => x === 1).length, k)]));
}

/**
 * One arm from its answers. Format, accuracy and length are of the greedy answers, accuracySampled… of the
 * sampled ones. Throws RangeError when there is no greedy answer.
 */
export function summarizeArm(name: string, details: readonly EvalDetail[]): Arm {
  const greedy = details.filter((d) => d.mode === "greedy");
  const sampled = details.filter((d) => d.mode === "sampled");
  const counted = greedy.flatMap((d) => d.tokens ?? []);
  const of = (rows: readonly EvalDetail[], test: (d: EvalDetail) => boolean) => proportion(rows, test)!;
  if (greedy.length === 0) throw new RangeError("summarizeArm requires at least one greedy answer, got 0");
  const byType: Arm["byType"] = {};
  for (const type of QUESTION_TYPES) {
    const rows = greedy.filter((d) => d.type === type);
    if (rows.length > 0)
      byType[type] = {
        n: rows.length,
        accuracy: of(rows, (d) => d.strict),
        accuracyLenient: of(rows, (d) => d.lenient),
      };
  }
  return {
    name,
    format: of(greedy, (d) => d.format),
    accuracy: of(greedy, (d) => d.strict),
    accuracyLenient: of(greedy, (d) => d.lenient),
    accuracySampled: proportion(sampled, (d) => d.strict),
    accuracySampledLenient: proportion(sampled, (d) => d.lenient),
    sampledN: new Set(sampled.map(({ id }) => id)).size,
    judge: bootstrapMean([...byQuestion(greedy, (d) => d.judge).values()]),
    tokensPerAnswer: counted.length === 0 ? null : mean(counted),
    byType,
  };
}
