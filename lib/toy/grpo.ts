/**
 * GRPO whole, on the smallest policy there is: a softmax over the few answers to one question. Pure, seeded.
 */
import { groupAdvantages } from "../reward/advantage.ts";
import { createRandom } from "../stats/random.ts";
import { mean } from "../stats/stats.ts";
import { clamp, drawGroup, sum } from "./draw.ts";
import type { Batch, Clip, Learnt, ToySettings } from "./settings.ts";

/** The policy: a chance for every answer. */
export function softmax(logits: readonly number[], temperature = 1): number[] {
  const powers = logits.map((logit) => Math.exp((logit - Math.max(...logits)) / temperature));
  return powers.map((power) => power / sum(powers));
}

/** The loss of an answer that has chance `p` now, and its slope: how it changes with log p. */
export function answerLoss(p: number, old: number, start: number, advantage: number, set: Clip) {
  const ratio = p / old;
  const bounded = clamp(ratio, 1 - set.epsilon, 1 + (set.epsilonHigh ?? set.epsilon));
  const gain = Math.min(ratio * advantage, bounded * advantage);
  const clipped = gain < ratio * advantage;
  const k3 = start / p - Math.log(start / p) - 1;
  const slope = (clipped ? 0 : -ratio * advantage) + set.beta * (1 - start / p);
  return { ratio, clipped, gain, k3, loss: -gain + set.beta * k3, slope };
}

/** The loss of a batch, and its gradient by the logits. */
export function batchLoss(logits: readonly number[], batch: Batch, set: ToySettings) {
  const { group, advantages, old, start } = batch;
  const p = softmax(logits, set.temperature);
  const terms = group.map((i, j) => answerLoss(p[i]!, old[i]!, start[i]!, advantages[j]!, set));
  const slopes = (k: number) => terms.map(({ slope }, j) => slope * (Number(group[j] === k) - p[k]!));
  const gradient = logits.map((_, k) => mean(slopes(k)) / set.temperature);
  return { p, terms, loss: mean(terms.map(({ loss }) => loss)), gradient };
}

/** The run: each batch answers, is paid, compares its answers, and learns from them. */
export function train(rewards: readonly number[], from: readonly number[], set: ToySettings): Learnt[] {
  const random = createRandom(set.seed);
  let logits = from.map(Math.log);
  const start = softmax(logits, set.temperature);
  return Array.from({ length: set.batches }, () => {
    const old = softmax(logits, set.temperature);
    const { group, paid, asked } = drawGroup(old, rewards, set, random);
    const advantages = groupAdvantages(paid, { scale: set.scale });
    const updates = Array.from({ length: set.updatesPerBatch }, () => {
      const update = batchLoss(logits, { group, advantages, old, start }, set);
      logits = logits.map((logit, k) => logit - set.learningRate * update.gradient[k]!);
      return update;
    });
    return { group, asked, advantages, old, start, updates, policy: softmax(logits, set.temperature) };
  });
}
