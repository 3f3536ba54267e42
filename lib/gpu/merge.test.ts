import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { overrideConfig } from "../config/settings.ts";
import { bytesOf, roomOf } from "./choose.ts";
import { planMerge, MERGE } from "./merge.ts";
import { GIB, totalMemory } from "./memory.ts";
import { readModelShape } from "../model/shape.ts";

const shape = (model: string) => readModelShape(model)!;
const room = roomOf(8188);

test("the bounds are those of scripts/merge.py", () => {
  const script = readFileSync(new URL("../../scripts/merge.py", import.meta.url), "utf8");
  for (const [name, value] of Object.entries(MERGE)) {
    const written = new RegExp(`^${name} = (\\d+)(?:\\*\\*(\\d+))?(?= )`, "m").exec(script);
    expect(Number(written![1]) ** Number(written![2] ?? 1), name).toBe(value);
  }
});

test("the Bases of the profiles small and gpu are merged on a card of 8 GB, in 4 bit too", () => {
  for (const profile of ["small", "gpu"] as const)
    for (const loadIn4bit of [false, true]) {
      const config = overrideConfig(PROFILES[profile], { "models.loadIn4bit": loadIn4bit });
      const fit = planMerge({ config, shape: shape(config.models.base), room });
      const setting = `${loadIn4bit ? "4 bit, then bf16" : "bf16"}, one model at a time`;
      expect(fit, profile).toMatchObject({ fits: true, setting });
      expect(totalMemory(fit.memory)).toBeLessThan(room);
    }
});

test("a 7B is merged on 24 GB and not on 8; longer prompts than a batch take a cache of their own", () => {
  const seven = shape("Qwen/Qwen2.5-7B-Instruct");
  const fit = (memoryMiB: number, maxPromptTokens = 1024) => {
    const overrides = { "prepare.maxPromptTokens": maxPromptTokens, "models.loadIn4bit": false };
    return planMerge({
      config: overrideConfig(PROFILES.gpu, overrides),
      shape: seven,
      room: roomOf(memoryMiB),
    });
  };
  expect(fit(8188).fits).toBe(false);
  expect(fit(24_564).fits).toBe(true);
  expect(fit(24_564).memory.weights).toBeGreaterThan(14 * GIB);
  expect(fit(24_564).memory.weights + fit(24_564).memory.cache).toBeLessThan(bytesOf(24_564));
  expect(fit(24_564, 131_072).memory.cache).toBeGreaterThan(2 * fit(24_564).memory.cache);
});
