/**
 * The Judge in GRPO's reward: what the default pays by the rules, and a part for what the Judge thinks of a
 * right answer's reasoning.
 */
import { LabError } from "../errors.ts";
import { isKept } from "../completions/cache.ts";
import { askVote } from "../judge/ask.ts";
import type { JudgeServer, VoteSettings } from "../judge/ask.ts";
import { gateReason } from "../judge/gate.ts";
import { maxPoints, pointsOf, pointsToPass } from "../judge/verdict.ts";
import { rubricOf } from "../judge/prompt.ts";
import type { RewardFunction } from "./batch.ts";
import { reward } from "./default-reward.ts";

export interface JudgeRewardOptions {
  server: JudgeServer;
  settings: Omit<VoteSettings, "model">;
  /** Points that decide an answer the rules cannot. */
  judgePassScore: number;
  /** For one completion, all repeats included. */
  deadlineMs: number;
}

/** Share of failed calls above which the run stops, and the calls before which one failure is forgiven. */
const MAX_FAILED_SHARE = 0.01;
const FIRST_CALLS = 100;

/**
 * The default reward's parts and one more, judge (0 … 1: the points between the lowest and the highest),
 * which `total` counts by its weight.
 *
 * The rule gate comes first: what fails format or answer is not shown to the Judge and has judge 0. An answer
 * the rules cannot decide is right when the Judge passes it. An unreadable verdict has judge null and adds
 * nothing. Throws LabError "The Judge fails too often for a reward" when more than 1 % of its calls (and more
 * than one of the first 100) bring no reply in time: a reward with holes would train the model on the
 * server's bad days.
 */
export function createJudgeReward({
  server,
  settings,
  judgePassScore,
  deadlineMs,
}: JudgeRewardOptions): RewardFunction {
  const asked: VoteSettings = { ...settings, model: server.model };
  const { scale, criteria } = rubricOf(settings.rubric);
  const lowest = scale.kind === "points" ? criteria.length * scale.min : 0;
  const highest = maxPoints(settings.rubric);
  let calls = 0;
  let failed = 0;
  return async (scored) => {
    const { id, question, gold, completion, score, weights } = scored;
    const { total, ...parts } = reward(scored);
    const paid = (accuracy: number | null, judge: number | null): Record<string, number | null> => ({
      ...parts,
      accuracy,
      judge,
      total:
        total +
        weights.accuracy * ((accuracy ?? 0) - (score.accuracy ?? 0)) +
        (weights.judge ?? 0) * (judge ?? 0),
    });
    if (gateReason({ id, question, gold, completion }) !== null) return paid(score.accuracy, 0);
    const row = { id, question, gold, completion };
    const signal = AbortSignal.timeout(deadlineMs);
    const { completion: reply, vote } = await askVote(
      server,
      { key: "0".repeat(8), id, row, vote: 0 },
      asked,
      Date.now() + deadlineMs,
      signal,
    );
    calls++;
    if (!isKept(reply)) failed++;
    if (failed > Math.max(FIRST_CALLS, calls) * MAX_FAILED_SHARE)
      throw new LabError({
        what: "The Judge fails too often for a reward",
        where: server.model,
        expected: "at most 1 % of its calls without a reply",
        found: `${failed} of ${calls}, the last: ${vote.message}`,
        todo: "See to its server and resume, or set grpo.useJudge to false.",
      });
    if (vote.verdict === null) return paid(score.accuracy, null);
    const points = pointsOf(vote.verdict);
    const accuracy = score.accuracy ?? Number(points >= pointsToPass(settings.rubric, judgePassScore));
    return paid(accuracy, (points - lowest) / (highest - lowest));
  };
}
