/** What another reward would have paid for the answers that a run has kept. Pure. */
import { LabError } from "../errors.ts";
import type { RlRow } from "../records.ts";
import { rewardRow } from "./reward.ts";
import type { Reward, RewardRow, RewardWeights } from "./reward.ts";
import type { SamplesEvent } from "../run/run-events.ts";

export interface PaidAgain {
  /** The answer with the checker's score. */
  row: RewardRow;
  /** Named parts, as the reward gives them. */
  parts: Record<string, number | null>;
}

/**
 * Scores every kept completion once more and asks `reward` about it: two rewards on the same answers, without another training.
 *
 * @param questions the RL rows the run was trained on. Throws LabError when an answer's question is not among them.
 */
export function payAgain(steps: readonly Pick<SamplesEvent, "samples">[], questions: readonly Pick<RlRow, "id" | "prompt" | "gold_answer">[], reward: Reward, weights: RewardWeights): PaidAgain[] {
  const byId = new Map(questions.map((question) => [question.id, question]));
  return steps.flatMap(({ samples }) =>
    samples.map(({ id, completion, tokens }) => {
      const asked = byId.get(id);
      if (!asked) throw new LabError({ what: "An answer's question is not among the rows", where: id, expected: "the rows the run was trained on", todo: "Read rl.jsonl of the same workspace." });
      const row = rewardRow({ id, question: asked.prompt, gold: asked.gold_answer, completion, tokens }, weights);
      return { row, parts: reward(row) };
    }),
  );
}
