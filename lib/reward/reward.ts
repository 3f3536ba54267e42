/** What a completion is paid: format and accuracy from the one checker, weighted by the config. */
import { readGold, scoreCompletion } from "../answer/index.ts";
import type { Score } from "../answer/index.ts";
import { LabError } from "../errors.ts";

export interface RewardWeights {
  format: number;
  accuracy: number;
  /** Used when a Judge takes part. */
  judge?: number | undefined;
}

/** The original project's weights; Fin-R1 adds both parts unweighted. */
export const DEFAULT_WEIGHTS: RewardWeights = { format: 0.3, accuracy: 0.7 };

export interface RewardScore {
  format: 0 | 1;
  /** `null`: rules could not decide; paid nothing, but not counted as wrong. */
  accuracy: 0 | 1 | null;
  /** weights.format × format + weights.accuracy × accuracy. */
  total: number;
}

/** What a reward function gets to see of one completion. */
export interface RewardRow {
  id: string;
  question: string;
  gold: string;
  completion: string;
  /** Length of the completion in tokens. */
  tokens: number;
  score: RewardScore & Pick<Score, "strict" | "lenient">;
  weights: RewardWeights;
}

/**
 * What a reward module exports as `reward`: named parts; `total` is what trains, by default the sum of the
 * parts.
 */
export type Reward = (row: RewardRow) => Record<string, number | null>;

/** A row as the trainer sends it. */
export interface RewardQuestion {
  id: string;
  question: string;
  gold: string;
  completion: string;
  tokens: number;
}

/**
 * Turns a score into the reward: 1 or 0 for the format, 1 or 0 for the strict answer, and their weighted sum.
 *
 * An answer that only a Judge could decide has accuracy `null` and adds nothing to the total.
 *
 * @example
 * rewardOf(scoreCompletion({ question: "", gold: "800", completion }), { format: 0.3, accuracy: 0.7 }).total
 * //=> 1
 */
export function rewardOf(
  score: Pick<Score, "format" | "strict">,
  weights: RewardWeights = DEFAULT_WEIGHTS,
): RewardScore {
  const format = score.format ? 1 : 0;
  const { verdict } = score.strict;
  const accuracy = verdict === "right" ? 1 : verdict === "judge" ? null : 0;
  return { format, accuracy, total: weights.format * format + weights.accuracy * (accuracy ?? 0) };
}

/**
 * The row a reward function sees. Throws LabError where the gold cannot be read: such a row should have been
 * set aside before training, and must never be paid silently.
 */
export function rewardRow(row: RewardQuestion, weights: RewardWeights = DEFAULT_WEIGHTS): RewardRow {
  const gold = readGold(row.question, row.gold);
  if (!gold.readable)
    throw new LabError({
      what: "A gold answer cannot be read",
      where: `row ${row.id}`,
      expected: "a gold that rules can check; prepare and filter set others aside",
      found: `${JSON.stringify(row.gold.slice(0, 80))} (${gold.reason})`,
      todo: "Remove the row from rl.jsonl or run 03_filter again.",
    });
  const score = scoreCompletion(row);
  return {
    ...row,
    score: { ...rewardOf(score, weights), strict: score.strict, lenient: score.lenient },
    weights,
  };
}
