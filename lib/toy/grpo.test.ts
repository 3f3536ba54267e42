import { describe, expect, test } from "vitest";
import { createRandom } from "../stats/random.ts";
import { drawAnswer, drawGroup, sum } from "./draw.ts";
import { entropyOf, klOf } from "./facts.ts";
import { answerLoss, batchLoss, softmax, train } from "./grpo.ts";
import { type Batch, TOY_DEFAULTS, type ToySettings } from "./settings.ts";

const PAID = [1, 0.3, 0.3, 0];
const FROM = [0.2, 0.45, 0.2, 0.15];
const set = (changed: Partial<ToySettings> = {}): ToySettings => ({ ...TOY_DEFAULTS, ...changed });

describe("the loss of one answer", () => {
  const clip = { epsilon: 0.2, beta: 0 };
  const gain = (ratio: number, advantage: number) => answerLoss(0.1 * ratio, 0.1, 0.1, advantage, clip);

  // min(ρ A, clip(ρ, 1 ± ε) A): Schulman et al. 2017 (arXiv 1707.06347), equation 7 and figure 1.
  test.each([
    [1, 2, 2, false],
    [1.8, 1, 1.2, true],
    [0.5, 1, 0.5, false],
    [0.5, -1, -0.8, true],
    [1.8, -1, -1.8, false],
  ])("ratio %d with advantage %d gains %d", (ratio, advantage, expected, clipped) => {
    expect(gain(ratio, advantage).gain).toBeCloseTo(expected, 12);
    expect(gain(ratio, advantage).clipped).toBe(clipped);
    expect(gain(ratio, advantage).slope === 0).toBe(clipped);
  });

  test("clips higher where the upper bound has its own ε (DAPO, arXiv 2503.14476, equation 8)", () => {
    expect(answerLoss(0.128, 0.1, 0.1, 1, { ...clip, epsilonHigh: 0.28 }).clipped).toBe(false);
    expect(answerLoss(0.129, 0.1, 0.1, 1, { ...clip, epsilonHigh: 0.28 }).gain).toBeCloseTo(1.28, 12);
    expect(answerLoss(0.07, 0.1, 0.1, -1, { ...clip, epsilonHigh: 0.28 }).gain).toBeCloseTo(-0.8, 12);
  });

  test("k3 is never negative, 0 at the start, and on average the KL divergence", () => {
    const start = [0.4, 0.3, 0.2, 0.1];
    const now = [0.1, 0.2, 0.3, 0.4];
    const k3 = now.map((p, i) => answerLoss(p, p, start[i]!, 0, { epsilon: 0.2, beta: 1 }).k3);
    expect(Math.min(...k3)).toBeGreaterThan(0);
    expect(answerLoss(0.3, 0.3, 0.3, 0, { epsilon: 0.2, beta: 1 }).k3).toBe(0);
    expect(sum(now.map((p, i) => p * k3[i]!))).toBeCloseTo(klOf(now, start), 12);
  });

  test("its slope is a finite difference by log p", () => {
    const loss = (logP: number, advantage: number) =>
      answerLoss(Math.exp(logP), 0.25, 0.4, advantage, { epsilon: 0.2, beta: 0.3 });
    for (const p of [0.1, 0.24, 0.26, 0.29, 0.31, 0.9])
      for (const advantage of [-1.5, 0, 1.5]) {
        const at = Math.log(p);
        const difference = (loss(at + 1e-6, advantage).loss - loss(at - 1e-6, advantage).loss) / 2e-6;
        expect(loss(at, advantage).slope).toBeCloseTo(difference, 6);
      }
  });
});

describe("the loss of a batch", () => {
  const batch: Batch = {
    group: [0, 1, 1, 3, 2, 1],
    advantages: [1.6, -0.2, -0.2, -0.8, 0.1, -0.5],
    old: FROM,
    start: [0.3, 0.3, 0.3, 0.1],
  };

  test.each([
    [{}, [0.1, 0.5, -0.3, 0.4]],
    [{ beta: 0.5, temperature: 0.7 }, [0.1, 0.5, -0.3, 0.4]],
    [{ beta: 0, epsilon: 0.5 }, [0.3, 0.6, -0.2, -0.9]],
    [{ temperature: 2, epsilonHigh: 0.6 }, [-1.2, 0.5, 0.3, 0.9]],
  ])("its gradient is a finite difference by every logit: %j", (changed, logits) => {
    const settings = set(changed);
    const { gradient } = batchLoss(logits, batch, settings);
    logits.forEach((_, k) => {
      const moved = (by: number) =>
        batchLoss(
          logits.map((logit, i) => (i === k ? logit + by : logit)),
          batch,
          settings,
        ).loss;
      expect(gradient[k]).toBeCloseTo((moved(1e-6) - moved(-1e-6)) / 2e-6, 6);
    });
    expect(Math.hypot(...gradient)).toBeGreaterThan(1e-3);
    expect(sum(gradient)).toBeCloseTo(0, 12); // a softmax does not change with all logits alike
  });
});

describe("a run", () => {
  test("starts each batch at loss 0 with a gradient that is not", () => {
    const run = train(PAID, FROM, set({ beta: 0 }));
    const first = run.find(({ advantages }) => advantages.some((advantage) => advantage !== 0))!;
    expect(first.updates[0]!.loss).toBeCloseTo(0, 12);
    expect(Math.hypot(...first.updates[0]!.gradient)).toBeGreaterThan(0.01);
  });

  test("never clips at one update a batch, and does at eight", () => {
    const clipped = (updatesPerBatch: number) =>
      train(PAID, FROM, set({ updatesPerBatch }))
        .flatMap(({ updates }) => updates.flatMap(({ terms }) => terms))
        .filter((term) => term.clipped).length;
    expect(clipped(1)).toBe(0);
    expect(clipped(8)).toBeGreaterThan(0);
  });

  test("leaves the policy where it is while the group is silent and nothing pulls back", () => {
    for (const { advantages, old, policy } of train(PAID, FROM, set({ beta: 0 })))
      if (advantages.every((advantage) => advantage === 0)) expect(policy).toEqual(old);
  });

  test("is the same for the same seed, and another for another", () => {
    expect(train(PAID, FROM, set())).toEqual(train(PAID, FROM, set()));
    expect(train(PAID, FROM, set({ seed: 7 }))).not.toEqual(train(PAID, FROM, set()));
  });

  test("is held nearer to its start by a larger β", () => {
    const kl = (beta: number) => {
      const { policy, start } = train(PAID, FROM, set({ beta })).at(-1)!;
      return klOf(policy, start);
    };
    expect(kl(0)).toBeGreaterThan(kl(0.3));
    expect(kl(0.3)).toBeGreaterThan(kl(3));
  });
});

describe("drawing", () => {
  test("follows the chances", () => {
    const random = createRandom("toy draws");
    const drawn = Array.from({ length: 20_000 }, () => drawAnswer(FROM, random));
    FROM.forEach((chance, i) =>
      expect(drawn.filter((answer) => answer === i).length / drawn.length).toBeCloseTo(chance, 1),
    );
    expect(drawAnswer([0.5, 0.3], { ...random, next: () => 0.999 })).toBe(1);
  });

  test("again while a group is silent, but not for ever", () => {
    const draw = (policy: number[], redraw: boolean) =>
      drawGroup(policy, [1, 0], { groupSize: 4, redraw }, createRandom(1));
    expect(draw([1, 0], true).asked).toBe(80);
    expect(draw([1, 0], false).asked).toBe(4);
    expect(draw([0.5, 0.5], true).group.length).toBe(4);
  });

  test("softmax at half the temperature squares the odds", () => {
    const odds = ([a, b]: number[]) => a! / b!;
    expect(odds(softmax([1, 0], 0.5))).toBeCloseTo(odds(softmax([1, 0])) ** 2, 10);
    expect(softmax([1000, 0])).toEqual([1, 0]);
    expect(entropyOf([1, 0])).toBe(0);
    expect(entropyOf([0.25, 0.25, 0.25, 0.25])).toBeCloseTo(Math.log(4), 12);
  });
});
