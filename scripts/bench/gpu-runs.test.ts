import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PYTHON } from "../../lib/config/paths.ts";
import { randomModel } from "../../lib/testing/random-model.ts";
import { answering, baseline, Bench, distilling, training } from "./gpu-runs.ts";
import { writeJsonl } from "../../lib/store/jsonl.ts";

const there = existsSync(PYTHON);
if (!there) console.warn(`skipped: the GPU bench's measurements on a CPU, because there is no ${PYTHON}`);

// What the bench does on a GPU, under profile tiny on a CPU: real sidecar, real server, a model of a few
// thousand random weights.
describe.skipIf(!there)("the GPU bench's measurements, on a CPU", () => {
  const folder = mkdtempSync(join(tmpdir(), "ftmodel-bench-runs-"));
  const bench = new Bench(join(folder, "bench"), null, "tiny");
  const small = {
    "models.base": join(folder, "model"),
    "models.teacher": join(folder, "model"),
    "serving.concurrency": 9,
    "serving.maxModelLength": 120,
  };
  const rows = join(folder, "rows.jsonl");
  beforeAll(() => {
    randomModel(join(folder, "model"), { positions: 256 });
    writeJsonl(
      rows,
      Array.from({ length: 96 }, (_, i) => ({
        ...{ id: `b${i}`, prompt: `Question ${i}?`, gold_answer: String(i), type: "financial_calculation" },
        response: `<think>\n${i}\n</think>\n<answer>\n${i}\n</answer>`,
      })),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("a training is measured by its own steps, without the first ones", { timeout: 300_000 }, async () => {
    const { figure, run } = await training(bench, "sft", "sft", rows, {
      ...small,
      "sft.epochs": 0.5,
      "sft.batchSize": 4,
      "sft.gradientAccumulation": 2,
    });
    expect(run.step).toBe(6);
    expect(figure.samples).toHaveLength(3);
    expect(figure.value).toBeGreaterThan(0);
    expect(figure.memoryGiB).toBeGreaterThan(0);
    expect(figure.command).toContain("sft.batchSize=4");
  });

  test("a GRPO run of random weights counts, however it ends", { timeout: 300_000 }, async () => {
    const { figure, run } = await training(bench, "grpo", "grpo", rows, {
      ...small,
      "grpo.startFromSft": false,
      "grpo.promptsPerStep": 2,
      "grpo.groupSize": 2,
      "grpo.microBatch": 4,
      "grpo.maxTokens": 12,
      "grpo.maxSteps": 5,
      "grpo.dropDeadGroups": false,
    });
    expect(run.step).toBe(5);
    expect(figure.samples).toHaveLength(2);
    expect(figure.value).toBeGreaterThan(0);
  });

  test("distilling and answering count the tokens that the server wrote", { timeout: 300_000 }, async () => {
    const distilled = await distilling(bench, "distil", rows, { warmUp: 64, count: 1000, tokens: 16 }, small);
    expect(distilled.value).toBeGreaterThan(0);
    const answered = await answering(bench, "evaluate", rows, 16, 16, small);
    expect(answered.samples).toHaveLength(2); // 16 + 16 of 96 − 64 prompts
    expect(answered.value).toBeGreaterThan(0);
  });

  test("a script that fails is told with its last words", { timeout: 300_000 }, async () => {
    await expect(
      baseline(bench, "plain_sft", [join(folder, "nowhere"), rows, "--device", "cpu"]),
    ).rejects.toThrow(/plain_sft\.py failed[^]*exit status 1[^]*nowhere/);
  });
});
