/**
 * The reward GRPO trains on unless a notebook gives another: format + accuracy with the config's weights. A
 * part that is added here and counted in `total` trains, is drawn, and is paid beside the Judge's, too.
 */
import type { RewardParts } from "./batch.ts";
import type { RewardRow } from "./reward.ts";

/**
 * 0.3 · format + 0.7 · accuracy with the default weights; an undecided answer is paid for its format alone.
 */
export function reward(row: RewardRow): RewardParts {
  const { format, accuracy, total } = row.score;
  return { format, accuracy, total };
}
