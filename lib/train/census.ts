/**
 * How hard the RL questions are for the policy that will be trained on them, before GRPO spends time. Pure.
 */
import { expectedNoSignalShare } from "../reward/advantage.ts";
import { mean } from "../stats/stats.ts";

/** One question: how many of its `answers` sampled answers were right. */
export interface CensusRow {
  id: string;
  type: string;
  right: number;
  answers: number;
}

export interface Census {
  /** Questions counted. */
  n: number;
  /** G, answers a question. */
  groupSize: number;
  /** histogram[r] = questions with r of G answers right; G + 1 entries that sum to n. */
  histogram: number[];
  /** Mean share of right answers, p; null without questions. */
  accuracy: number | null;
  /**
   * Share of questions whose answers differ in being right: only these carry a gradient from accuracy; null
   * without questions.
   */
  gradientShare: number | null;
  /**
   * 1 − (p^G + (1 − p)^G): what the same p would give if all questions were equally hard; null without
   * questions.
   */
  predictedGradientShare: number | null;
  byType: Record<string, { n: number; accuracy: number; gradientShare: number }>;
}

/**
 * The difficulty census. Questions differ in difficulty, so the measured share with a gradient lies below the
 * prediction that takes every question to have the same p: the gap is what a curriculum could win. No rows
 * give n = 0 and nulls, not NaN. Throws RangeError when the rows have different G, or right is not in 0 … G.
 *
 * Source: Yu et al. 2025 (DAPO, dynamic sampling), https://arxiv.org/abs/2503.14476.
 */
export function takeCensus(rows: readonly CensusRow[]): Census {
  const groupSize = rows[0]?.answers ?? 0;
  for (const row of rows) {
    if (row.answers !== groupSize || groupSize < 1)
      throw new RangeError(
        "takeCensus requires the same number of answers ≥ 1 for every question, got " +
          `${row.answers} and ${groupSize} (${row.id})`,
      );
    if (!Number.isInteger(row.right) || row.right < 0 || row.right > groupSize)
      throw new RangeError(`takeCensus requires 0 ≤ right ≤ ${groupSize}, got ${row.right} (${row.id})`);
  }
  const histogram = Array.from(
    { length: rows.length ? groupSize + 1 : 0 },
    (_, r) => rows.filter((row) => row.right === r).length,
  );
  const byType: Census["byType"] = {};
  for (const type of new Set(rows.map((r) => r.type))) {
    const some = rows.filter((r) => r.type === type);
    byType[type] = { n: some.length, accuracy: accuracyOf(some), gradientShare: gradientShareOf(some) };
  }
  if (rows.length === 0)
    return {
      n: 0,
      groupSize,
      histogram,
      accuracy: null,
      gradientShare: null,
      predictedGradientShare: null,
      byType,
    };
  const accuracy = accuracyOf(rows);
  return {
    n: rows.length,
    groupSize,
    histogram,
    accuracy,
    gradientShare: gradientShareOf(rows),
    predictedGradientShare: 1 - expectedNoSignalShare(accuracy, groupSize),
    byType,
  };
}

/**
 * Questions whose answers are neither all right nor all wrong: what is left when groups without signal are
 * dropped.
 */
export function withGradient<T extends { right: number; answers: number }>(rows: readonly T[]): T[] {
  return rows.filter((row) => row.right > 0 && row.right < row.answers);
}

const accuracyOf = (rows: readonly CensusRow[]): number => mean(rows.map((row) => row.right / row.answers));
const gradientShareOf = (rows: readonly CensusRow[]): number => withGradient(rows).length / rows.length;
