import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLab } from "../../lib/config/lab.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { PROFILES } from "../../lib/config/profiles.ts";
import { agree, tinyWorld } from "./gpu-learning.ts";
import { MEASURES } from "./gpu-rows.ts";
import { ASKED, gain, spread, tableRow } from "./gpu-table.ts";
import type { Result } from "./gpu-table.ts";

const result = (row: string, baseline: number, ours: number, memoryGiB: number | null = null): Result => ({
  ...{ row, created: "2026-01-01T00:00:00Z", device: "1 × NVIDIA H100", versions: {}, notes: [] },
  baseline: { value: baseline, samples: [baseline], memoryGiB: null, command: "" },
  ours: { value: ours, samples: [ours], memoryGiB, command: "" },
});

test("every row that is asked for can be measured", () =>
  expect(Object.keys(MEASURES).sort()).toEqual(Object.keys(ASKED).sort()));

test.each([
  ["sft", 10_000, 20_000, null, "yes", "no"],
  ["sft", 30_000, 45_000, null, "NO", "yes"],
  ["sftTrl", 40_000, 52_000, null, "yes", "no"],
  ["sftTrl", 50_000, 61_000, null, "yes", "no"],
  ["sftTrl", 40_000, 49_000, null, "NO", "no"],
  ["qlora", 9180, 12_000, 9.8, "yes", "no"],
  ["qlora", 9180, 16_000, 10.2, "NO", "no"], // fast enough, too large
  ["grpo", 42.5, 3, null, "yes", "no"],
  ["grpo", 42.5, 2.1, null, "yes", "yes"],
  ["distil", 22_271, 20_800, null, "yes", "no"],
  ["evaluate", 3000, 30_000, null, "yes", "yes"],
  ["sft2", 20_000, 36_900, null, "NO", "no"],
] as const)("%s: %d against %d is met: %s", (row, baseline, ours, memory, met, reached) => {
  expect(tableRow(row, result(row, baseline, ours, memory))).toMatchObject({ met, reached });
});

test("fewer seconds are the gain of a step, more tokens that of a rate", () => {
  expect(gain(result("grpo", 42.5, 8.5), "s/step")).toBe(5);
  expect(gain(result("sft", 10, 20), "tok/s")).toBe(2);
});

test("the tiny world under the gpu profile learns what it learns on a CPU, by the GPU's means", () => {
  const { config } = openLab({ profile: "gpu", ...tinyWorld(), "models.loadIn4bit": true }, {});
  expect(config.sft).toEqual(PROFILES.tiny.sft);
  expect(config.grpo).toEqual(PROFILES.tiny.grpo);
  expect(config).toMatchObject({
    profile: "gpu",
    serving: { engine: "vllm", maxModelLength: 512 },
    models: { base: "ckpts/tiny/base", loadIn4bit: true },
    gpu: { vllm: true },
  });
  const at = (low: number, high: number) => ({ value: 0, low, high });
  expect([agree(at(0.1, 0.3), at(0.3, 0.5)), agree(at(0.1, 0.2), at(0.3, 0.5))]).toEqual([true, false]);
});

test("what was not measured says why, and is neither met nor missed", () => {
  expect(tableRow("sft4", null, "needs 4 GPUs, 1 here")).toMatchObject({
    ours: "needs 4 GPUs, 1 here",
    met: "–",
  });
});

test("the spread leaves out the outermost tenths", () => {
  expect(
    spread({ value: 100, samples: [0, ...Array(18).fill(100), 1000], memoryGiB: null, command: "" }),
  ).toBe("± 0.0 %, n = 20");
  expect(spread({ value: 100, samples: [90, 110], memoryGiB: null, command: "" })).toBe("± 10.0 %, n = 2");
  expect(spread({ value: 1, samples: [1], memoryGiB: null, command: "" })).toBe("one sample");
});

test("on a machine without a GPU the bench says so, ends with status 1 and makes nothing", () => {
  const out = mkdtempSync(join(tmpdir(), "ftmodel-bench-gpu-"));
  const done = spawnSync(
    process.execPath,
    [join(REPO_ROOT, "scripts", "bench-gpu.ts"), "--out", join(out, "bench")],
    { encoding: "utf8", env: { ...process.env, PATH: "/nonexistent" } },
  );
  expect(done.status).toBe(1);
  expect(done.stderr).toMatch(/needs an NVIDIA GPU/);
  expect(readdirSync(out)).toEqual([]);
  rmSync(out, { recursive: true });
});
