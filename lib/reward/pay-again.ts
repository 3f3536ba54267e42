/** What another reward would have paid for the answers that a run has kept. Pure. */
import { LabError } from "../errors.ts";
import type { Estimate, RlRow } from "../records.ts";
import { clusteredShare } from "../stats/bootstrap.ts";
import { rewardRow } from "./reward.ts";
import type { Reward, RewardRow, RewardWeights } from "./reward.ts";
import type { SamplesEvent } from "../run/events.ts";

export interface PaidAgain {
  /** The answer with the checker's score. */
  row: RewardRow;
  /** Named parts, as the reward gives them. */
  parts: Record<string, number | null>;
}

/**
 * Scores every kept completion once more and asks `reward` about it: two rewards on the same answers, without
 * another training.
 *
 * @param questions the RL rows the run was trained on. Throws LabError when an answer's question is not among
 * them.
 */
export function payAgain(
  steps: readonly Pick<SamplesEvent, "samples">[],
  questions: readonly Pick<RlRow, "id" | "prompt" | "gold_answer">[],
  reward: Reward,
  weights: RewardWeights,
): PaidAgain[] {
  const byId = new Map(questions.map((question) => [question.id, question]));
  return steps.flatMap(({ samples }) =>
    samples.map(({ id, completion, tokens }) => {
      const asked = byId.get(id);
      if (!asked)
        throw new LabError({
          what: "An answer's question is not among the rows",
          where: id,
          expected: "the rows the run was trained on",
          todo: "Read rl.jsonl of the same workspace.",
        });
      const row = rewardRow(
        { id, question: asked.prompt, gold: asked.gold_answer, completion, tokens },
        weights,
      );
      return { row, parts: reward(row) };
    }),
  );
}

/**
 * How often a reward and the checker agree on kept answers. The checker's undecided ones count as not paid.
 */
export interface PaidCounts {
  answers: number;
  both: number;
  /** Paid by the reward, not by the checker. */
  rewardOnly: number;
  checkerOnly: number;
  neither: number;
}

/**
 * Counts what `payAgain` gives; `part` names the part of the reward, 0 or 1, that stands for its accuracy.
 */
export function countPaid(paid: readonly PaidAgain[], part: string): PaidCounts {
  const count = (byReward: boolean, byChecker: boolean): number =>
    paid.filter(
      ({ row, parts }) => (parts[part] === 1) === byReward && (row.score.accuracy === 1) === byChecker,
    ).length;
  return {
    answers: paid.length,
    both: count(true, true),
    rewardOnly: count(true, false),
    checkerOnly: count(false, true),
    neither: count(false, false),
  };
}

/**
 * Share of the answers that the reward pays and the checker does not, 95 %, questions resampled; null without
 * answers.
 */
export function paidWrongly(paid: readonly PaidAgain[], part: string): Estimate | null {
  const questions = [...Map.groupBy(paid, ({ row }) => row.id).values()];
  return clusteredShare(
    questions.map((answers) =>
      answers.map(({ row, parts }) => Number(parts[part] === 1 && row.score.accuracy !== 1)),
    ),
  );
}
