import { expect, test } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { overrideConfig } from "../config/settings.ts";
import { changedSettings, defaultLabel, differingKeys, trainingKeys } from "./settings.ts";

const { tiny } = PROFILES;

test("a run's default label is its stage and what was changed for it", () => {
  expect(defaultLabel("SFT", tiny, "sft")).toBe("SFT");
  const changed = overrideConfig(tiny, { "sft.learningRate": 5e-4, seed: 7, "grpo.beta": 0 });
  expect(defaultLabel("SFT", changed, "sft")).toBe("SFT, seed 7, learningRate 0.0005");
  expect(defaultLabel("GRPO", changed, "grpo")).toBe("GRPO, seed 7, beta 0");
  const zero = overrideConfig(tiny, { "grpo.startFromSft": false });
  expect(defaultLabel("GRPO without SFT", zero, "grpo", ["grpo.startFromSft"])).toBe("GRPO without SFT");
});

test("other stages' settings are none of a training's", () => {
  const other = overrideConfig(tiny, { "distill.temperature": 1, "evaluate.maxQuestions": 3 });
  expect(changedSettings(other, "sft")).toEqual([]);
  expect(differingKeys([tiny, other], "grpo")).toEqual([]);
  expect(trainingKeys("sft")).toContain("prompt.system");
  expect(trainingKeys("sft").some((key) => key.startsWith("grpo."))).toBe(false);
});

test("runs differ in what is not the same in all of them", () => {
  const slow = overrideConfig(tiny, { "sft.learningRate": 5e-4 });
  const small = overrideConfig(tiny, { "sft.loraRank": 2 });
  expect(differingKeys([tiny, slow, small], "sft")).toEqual(["sft.loraRank", "sft.learningRate"]);
  expect(differingKeys([slow, slow], "sft")).toEqual([]);
});
