import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { mergeAdapter } from "../run/merge.ts";
import { PROFILES } from "../config/profiles.ts";
import { randomModel } from "../testing/random-model.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import type { TemporaryWorkspace } from "../testing/run-fixture.ts";
import { trainSft } from "./train.ts";
import { writeJsonl } from "../store/jsonl.ts";

const workspaces: TemporaryWorkspace[] = [];
afterAll(async () => void (await Promise.all(workspaces.map((w) => w.remove()))));

/**
 * A small real model, twelve rows, a hundred steps with a checkpoint every fifth: long enough to be met
 * alive.
 */
function realLab() {
  const workspace = temporaryWorkspace();
  workspaces.push(workspace);
  const { paths, root } = workspace;
  const config = structuredClone(PROFILES.tiny);
  config.models.base = randomModel(join(root, "base"));
  Object.assign(config.sft, { epochs: 25, batchSize: 3, maxLength: 200, saveSteps: 5 });
  config.evaluate.maxTokens = 8;
  const rows = Array.from({ length: 12 }, (_, n) => ({
    id: `q${n}`,
    prompt: `2 * ${n}?`,
    type: "financial_calculation",
  }));
  mkdirSync(dirname(paths.sft), { recursive: true });
  const response = (n: number) => `<think>\n2 * ${n}\n</think>\n<answer>\n${2 * n}\n</answer>`;
  writeJsonl(
    paths.sft,
    rows.map((row, n) => ({ ...row, response: response(n) })),
  );
  writeFileSync(
    paths.test,
    rows.map((row, n) => `${JSON.stringify({ ...row, gold_answer: `${2 * n}` })}\n`).join(""),
  );
  return { config, paths, force: false };
}

test("real SFT, killed after its first checkpoint, says so and resumes from it; merged, it answers alike", {
  timeout: 400_000,
}, async () => {
  const killed = realLab();
  let pid = 0;
  const first = trainSft(killed, {
    progressMs: 0,
    onProgress: ({ folder, status, step }) => {
      if (pid !== 0 || status !== "running" || step < 6) return;
      pid = JSON.parse(readFileSync(join(folder, "pid.json"), "utf8")).pid;
      process.kill(-pid, "SIGKILL");
    },
  });
  await expect(first).rejects.toThrow(
    /was interrupted: process_died[^]*SIGKILL[^]*resumes from the newest complete checkpoint/,
  );
  const resumed = await trainSft(killed);
  expect(resumed).toMatchObject({ status: "done", step: 100, totalSteps: 100 });
  expect(resumed.start!.step).toBeGreaterThanOrEqual(5);
  expect(resumed.metrics.step).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));

  const merged = await mergeAdapter(killed, resumed.adapter);
  expect(merged.parity).toMatchObject({ prompts: 12, agree: 12, topTokens: 1 });
  expect(existsSync(join(merged.path, "tokenizer.json"))).toBe(true);
});
