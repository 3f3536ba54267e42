import { expect, test } from "vitest";
import { PROFILES } from "../../lib/config/profiles.ts";
import { overrideConfig } from "../../lib/config/settings.ts";
import { BATCHES, SHORT, variantsOf } from "./variant-runs.ts";
import { curveOf, endOf } from "./variant-table.ts";

test("every recipe is a valid config, draws as many answers, and has a name of its own", () => {
  const variants = variantsOf(PROFILES.tiny);
  for (const { settings } of variants) {
    const { grpo } = overrideConfig(PROFILES.tiny, { ...SHORT, ...settings });
    expect(grpo.maxSteps / grpo.updatesPerBatch).toBe(BATCHES);
  }
  expect(new Set(variants.map(({ name }) => name)).size).toBe(variants.length);
  expect(variants[0]!.settings).toEqual({});
});

test("a run ends in the means of its last fifth, but for what was clipped and for the seconds", () => {
  const column = (value: (i: number) => number | null) => Array.from({ length: 10 }, (_, i) => value(i));
  const metrics = {
    step: column((i) => i + 1) as number[],
    kl: column((i) => i),
    "clip_ratio/region_mean": column((i) => (i % 2 === 0 ? 0 : 0.2)),
    frac_reward_zero_std: column((i) => (i % 2 === 0 ? 0.5 : null)),
    secondsPerStep: column(() => 2),
  };
  expect(endOf({ metrics })).toEqual({ kl: 8.5, entropy: null, clipped: 0.1, silent: 0.5, seconds: 20 });
  const cispo = { step: [1, 2], cispo_clip_ratio: [0, 0.5] };
  expect(endOf({ metrics: cispo }).clipped).toBe(0.25);
});

test("a held-out loss stands beside the training loss since the last one", () => {
  const metrics = {
    step: [1, 2, 3, 4],
    loss: [4, 2, 1, 0.5],
    heldOutLoss: [null, 3, null, 2],
  };
  expect(curveOf({ metrics }, 2)).toEqual([
    { epoch: 1, train: 3, heldOut: 3 },
    { epoch: 2, train: 0.75, heldOut: 2 },
  ]);
});
