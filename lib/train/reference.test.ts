import { describe, expect, test } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { watchedRun } from "../testing/watched-run.ts";
import { referenceOf } from "./make-reference.ts";
import { differencesFrom, outsideReference, Reference, referenceFor } from "./reference.ts";
import tiny from "./reference-tiny.json" with { type: "json" };

const STEPS = 100;
const rising = (t: number) => 0.5 + 0.2 * t;
const runOf = (seed: number, right = rising, grpo: object = {}) => ({
  samples: watchedRun(`${seed}`, STEPS, { right, paid: (r) => 0.3 + 0.7 * r }).samples.map((step) => ({
    ...step,
    samples: step.samples.map((a) => ({ ...a, reward: 0.3 + 0.7 * Number(a.right) })),
  })),
  config: { ...PROFILES.tiny, seed, grpo: { ...PROFILES.tiny.grpo, ...grpo } },
});
const reference = referenceOf(
  [1, 2, 3].map((seed) => runOf(seed)),
  "2026-01-01",
);

describe("the band of reference runs", () => {
  test("holds a further run of the same recipe, nearly always", () => {
    const outside = Array.from({ length: 40 }, (_, i) => outsideReference(runOf(100 + i), reference));
    expect(outside.filter((said) => said !== null).length).toBeLessThanOrEqual(4); // 2 expected at 5 %
  });

  test("a run that learns nothing leaves it, and the values that differ are named", () => {
    const flat = runOf(7, () => 0.5 - 0.2, { learningRate: 0.1, saveSteps: 3 });
    const theirs = PROFILES.tiny.grpo.learningRate;
    expect(outsideReference(flat, reference)).toMatch(
      /^reward is below the reference runs from step \d+ on\./,
    );
    expect(outsideReference(flat, reference)).toMatch(
      new RegExp(`Another value than theirs: grpo\\.learningRate 0\\.1 instead of ${theirs}\\.$`),
    );
    const alike = runOf(7, () => 0.3);
    expect(outsideReference(alike, reference)).toContain("All values but the seed are theirs");
    const dip = runOf(7, (t) => (t > 0.2 && t < 0.6 ? 0.2 : rising(t)));
    expect(outsideReference(dip, reference)).toMatch(
      / is below the reference runs from step \d+ to step \d+\. /,
    );
  });

  test("the seed, and what changes nothing that is learned, is no difference", () => {
    const { config } = runOf(9, rising, { saveSteps: 3, sampleEvery: 2, probeSteps: 0 });
    expect(differencesFrom(config, reference)).toEqual([]);
  });

  test("a run of a few steps is not judged", () => {
    const flat = runOf(7, () => 0.1);
    expect(outsideReference({ ...flat, samples: flat.samples.slice(0, 5) }, reference)).toBeNull();
  });

  test("needs two runs of one length", () => {
    expect(() => referenceOf([runOf(1)], "")).toThrow(RangeError);
    const short = { ...runOf(2), samples: runOf(2).samples.slice(1) };
    expect(() => referenceOf([runOf(1), short], "")).toThrow(RangeError);
  });
});

describe("the reference that ships", () => {
  test("is what its schema says, one value a step", () => {
    const { reward, accuracy } = Reference.parse(tiny);
    const lengths = [reward.low, reward.high, accuracy.low, accuracy.high].map(({ length }) => length);
    expect(new Set(lengths).size).toBe(1);
    expect(reward.low.every((low, i) => low < reward.high[i]!)).toBe(true);
  });

  test("is for its profile, and for the default reward alone", () => {
    const run = runOf(1);
    expect(referenceFor(run)?.profile).toBe("tiny");
    expect(referenceFor({ ...run, config: { ...run.config, profile: "small" } })).toBeNull();
    const own = run.samples.map((step) => ({
      ...step,
      samples: step.samples.map((a) => ({ ...a, reward: a.reward - a.tokens / 200 })),
    }));
    expect(referenceFor({ ...run, samples: own })).toBeNull();
    const part = run.samples.map((step) => ({
      ...step,
      samples: step.samples.map((a) => ({ ...a, rewards: { ...a.rewards, brevity: 0 } })),
    }));
    expect(referenceFor({ ...run, samples: part })).toBeNull();
  });
});
