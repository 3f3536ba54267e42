import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { mergeAdapter } from "../run/merge.ts";
import { PROFILES } from "../config/profiles.ts";
import { randomModel } from "../testing/random-model.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import type { TemporaryWorkspace } from "../testing/run-fixture.ts";
import { trainOnPolicy } from "./on-policy.ts";
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
  config.models.teacher = randomModel(join(root, "teacher"), { seed: 2 });
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
  for (const file of [paths.rl, paths.test])
    writeFileSync(
      file,
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

test("real on-policy distillation goes on from SFT by the Teacher's word; another tokenizer is refused", {
  timeout: 400_000,
}, async () => {
  const lab = realLab();
  const { config } = lab;
  Object.assign(config.sft, { epochs: 1 });
  Object.assign(config.onPolicy, { maxSteps: 2, promptsPerStep: 12, microBatch: 12, maxTokens: 8 });
  await trainSft(lab);
  const run = await trainOnPolicy(lab);
  expect(run).toMatchObject({ status: "done", step: 2, totalSteps: 2 });
  for (const loss of run.metrics.loss!) expect(loss).toBeGreaterThan(0);
  expect(existsSync(join(lab.paths.ckpts, "on_policy_lora", "adapter_model.safetensors"))).toBe(true);

  const file = join(config.models.teacher, "tokenizer.json");
  const tokenizer = JSON.parse(readFileSync(file, "utf8"));
  const { vocab } = tokenizer.model;
  [vocab.a, vocab.b] = [vocab.b, vocab.a];
  writeFileSync(file, JSON.stringify(tokenizer));
  await expect(trainOnPolicy(lab)).rejects.toThrow(/other_tokenizer[^]*models\.teacher/);
});
