/**
 * The published variants of GRPO as one number a token. All of them follow ∇ log π of the tokens drawn; they
 * differ in the weight before it. Pure.
 */
import { groupAdvantages, hasNoSignal } from "../reward/advantage.ts";
import { mean, standardDeviation } from "../stats/stats.ts";
import { clamp, sum } from "./draw.ts";

export interface Recipe {
  /**
   * What an answer's reward is compared with. `group`: its group's mean, over its std (GRPO). `centred`: that
   * mean alone (Dr. GRPO). `others`: the mean of the other answers (RLOO). `batch`: mean and std of the whole
   * batch (REINFORCE++).
   */
  advantage: "group" | "centred" | "others" | "batch";
  /**
   * Over what the tokens are averaged. `answer`: over an answer's own, then over answers (GRPO). `tokens`:
   * over all of the batch (DAPO). `limit`: over `limit` for each answer (Dr. GRPO). `none`: summed (RLOO).
   */
  average: "answer" | "tokens" | "limit" | "none";
  /**
   * `token`: clipped token by token (PPO, GRPO). `answer`: one ratio for the whole answer, the geometric mean
   * of its tokens' (GSPO). `weight`: bounded, but no token loses its gradient (CISPO). `none`: no ratio.
   */
  ratio: "token" | "answer" | "weight" | "none";
  epsilon: number;
  epsilonHigh: number;
  beta: number;
  /** Tokens of the longest answer. One as long as that counts as cut. */
  limit: number;
  /** Groups with equal rewards are left out. */
  dropSilent: boolean;
  /** Cut answers are left out of the loss. */
  dropCut: boolean;
  /** The reward falls over the last half of the tokens before the limit: DAPO, equation 13. */
  shapeLength: boolean;
}

export const GRPO: Recipe = {
  advantage: "group",
  average: "answer",
  ratio: "token",
  epsilon: 0.2,
  epsilonHigh: 0.2,
  beta: 0.02,
  limit: 4,
  dropSilent: false,
  dropCut: false,
  shapeLength: false,
};

/** One drawn answer of a batch. */
export interface Drawn {
  reward: number;
  /** Of each token: its chance now, when drawn, and before the run. */
  now: number[];
  old: number[];
  start: number[];
}

/** The slope of the batch's loss by log π of every token, `[group][answer][token]`. */
export function slopesOf(groups: readonly (readonly Drawn[])[], set: Recipe): number[][][] {
  const paid = groups.map((group) => group.map((answer) => answer.reward - tooLong(answer, set)));
  const silent = paid.map((rewards) => set.dropSilent && hasNoSignal(rewards));
  const counted = groups.filter((_, g) => !silent[g]).flat();
  const tokens = sum(counted.map(({ now }) => now.length));
  const share = (n: number): number =>
    ({
      answer: 1 / (n * counted.length),
      tokens: 1 / tokens,
      limit: 1 / (set.limit * counted.length),
      none: 1 / counted.length,
    })[set.average];
  const advantages = advantagesOf(paid, set.advantage);
  return groups.map((group, g) =>
    group.map((answer, i) => {
      const pushes = pushesOf(answer, advantages[g]![i]!, set);
      return pushes.map((push, t) => {
        if (silent[g] || (set.dropCut && isCut(answer, set))) return 0;
        const pull = set.beta * (1 - answer.start[t]! / answer.now[t]!);
        return share(pushes.length) * (pull - push);
      });
    }),
  );
}

/** Of every token, the slope of its gain by its log π. */
function pushesOf({ now, old }: Drawn, advantage: number, set: Recipe): number[] {
  const ratios = now.map((p, t) => p / old[t]!);
  const [low, high] = [1 - set.epsilon, 1 + set.epsilonHigh];
  const earns = (ratio: number) => ratio * advantage <= clamp(ratio, low, high) * advantage;
  const whole = Math.exp(mean(ratios.map(Math.log)));
  return ratios.map(
    (ratio) =>
      advantage *
      {
        token: earns(ratio) ? ratio : 0,
        answer: earns(whole) ? whole : 0,
        weight: Math.min(ratio, high),
        none: 1,
      }[set.ratio],
  );
}

function advantagesOf(groups: readonly number[][], how: Recipe["advantage"]): number[][] {
  if (how === "group") return groups.map((paid) => groupAdvantages(paid));
  if (how === "centred") return groups.map((paid) => groupAdvantages(paid, { scale: false }));
  if (how === "others")
    return groups.map((paid) =>
      paid.map((reward) => (paid.length * (reward - mean(paid))) / (paid.length - 1)),
    );
  const all = groups.flat();
  const [centre, spread] = [mean(all), standardDeviation(all) + 1e-4];
  return groups.map((paid) => paid.map((reward) => (reward - centre) / spread));
}

const isCut = ({ now }: Drawn, { limit }: Recipe): boolean => now.length >= limit;

function tooLong({ now }: Drawn, { limit, shapeLength }: Recipe): number {
  return shapeLength ? clamp((now.length - limit / 2) / (limit / 2), 0, 1) : 0;
}
