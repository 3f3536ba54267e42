import { expect, test } from "vitest";
import { resolveConfig } from "../config/settings.ts";
import type { Overrides } from "../config/settings.ts";
import { coresOf } from "./start.ts";

const coresFor = (cores: number, overrides: Overrides = {}, stage: "sft" | "grpo" = "grpo"): number =>
  coresOf({ stage, config: resolveConfig({ profile: "tiny", overrides, set: [], sources: [] }) }, cores);

test("a step of GRPO has a process a core, four at most, and no more than its questions allow", () => {
  expect([1, 2, 3, 4, 64].map((cores) => coresFor(cores))).toEqual([1, 2, 2, 4, 4]);
  expect(coresFor(2, { "grpo.promptsPerStep": 3, "grpo.microBatch": 24 })).toBe(1);
  expect(coresFor(4, { "grpo.promptsPerStep": 6, "grpo.microBatch": 6 })).toBe(3);
  expect(coresFor(2, { "grpo.microBatch": 1 })).toBe(1);
});

test("a step of SFT has as many as its batch allows; one where there is dropout, drawn by each", () => {
  expect([1, 2, 3, 64].map((cores) => coresFor(cores, {}, "sft"))).toEqual([1, 2, 2, 4]);
  expect(coresFor(2, { "sft.batchSize": 3 }, "sft")).toBe(1);
  expect(coresFor(2, { "sft.loraDropout": 0.1 }, "sft")).toBe(1);
  expect(coresFor(2, { "sft.gradientCheckpointing": true }, "sft")).toBe(1);
});

test("one process where no activations are kept, where a Judge needs a core, and for a large model", () => {
  expect(coresFor(2, { "grpo.gradientCheckpointing": true })).toBe(1);
  expect(coresFor(2, { "grpo.useJudge": true })).toBe(1);
  expect(coresFor(2, { "models.base": "Qwen/Qwen2.5-0.5B-Instruct" }, "sft")).toBe(1);
});
