/** One batch of the toy, term by term: what becomes of each answer between its reward and its new chance. */
import { groupAdvantages } from "../reward/advantage.ts";
import { batchLoss, softmax } from "./grpo.ts";
import { type Batch, TOY_DEFAULTS, type ToySettings } from "./settings.ts";

export interface WalkedAnswer {
  /** Counted from 1. */
  answer: number;
  reward: number;
  advantage: number;
  /** Chance before this update, and its natural logarithm. */
  before: number;
  logBefore: number;
  /** Chance before this update over the chance when the batch was drawn. */
  ratio: number;
  clipped: boolean;
  /** The smaller of ratio × advantage and bounded ratio × advantage. */
  gain: number;
  k3: number;
  loss: number;
  /** Which way the gradient pushes log p of this answer, by its own term. */
  push: "up" | "down" | "not at all";
  /** Chance after this update. */
  after: number;
}

export interface Walk {
  rows: WalkedAnswer[];
  /** Mean loss of the batch at this update. */
  loss: number;
  /** Euclidean length of the gradient by the logits. */
  gradient: number;
}

/**
 * The `update`-th update (from 1) with one batch in which every answer was drawn once. Those before it are
 * made and not shown.
 */
export function walkToy(
  rewards: readonly number[],
  from: readonly number[],
  settings: Partial<ToySettings> = {},
  update = 1,
): Walk {
  const set = { ...TOY_DEFAULTS, ...settings };
  let logits = from.map(Math.log);
  const start = softmax(logits, set.temperature);
  const advantages = groupAdvantages(rewards, { scale: set.scale });
  const batch: Batch = { group: rewards.map((_, i) => i), advantages, old: start, start };
  const learn = () => {
    const learnt = batchLoss(logits, batch, set);
    logits = logits.map((logit, k) => logit - set.learningRate * learnt.gradient[k]!);
    return learnt;
  };
  for (let made = 1; made < update; made++) learn();
  const { p, terms, loss, gradient } = learn();
  const after = softmax(logits, set.temperature);
  return {
    rows: terms.map(({ ratio, clipped, gain, k3, loss, slope }, i) => ({
      answer: i + 1,
      reward: rewards[i]!,
      advantage: advantages[i]!,
      before: p[i]!,
      logBefore: Math.log(p[i]!),
      ratio,
      clipped,
      gain,
      k3,
      loss,
      push: slope < 0 ? "up" : slope > 0 ? "down" : "not at all",
      after: after[i]!,
    })),
    loss,
    gradient: Math.hypot(...gradient),
  };
}
