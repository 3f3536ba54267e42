import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeOrigin } from "../model/adapter.ts";
import { hashFolder } from "../store/hash.ts";
import { fakeAdapter } from "../testing/model-fixture.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { practise } from "./practise.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
const lab = labOnFakeBase(workspace);
const { config } = lab;
const command = fakeTrainer("--steps=8", "--step-ms=1");
const rows = Array.from({ length: 16 }, (_, i) => ({
  id: `q${i}`,
  prompt: `${i}?`,
  gold_answer: "2",
  type: "financial_concept" as const,
}));
const runOf = (folder: string) => JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));

beforeAll(async () => {
  fakeAdapter(paths.sftLora, config.models.base);
  writeOrigin(paths.sftLora, { run: "sft-0", base: await hashFolder(config.models.base), adapter: null });
});
afterAll(() => workspace.remove());

test("practice asks its questions once a pass, keeps every answer, and publishes nothing", async () => {
  const run = await practise(lab, rows, 4, { command });
  expect(runOf(run.folder).config.grpo).toMatchObject({
    maxSteps: 8,
    epochs: 4,
    warmupShare: 0,
    schedule: "constant",
    sampleEvery: 1,
    promptsPerStep: 8,
    groupSize: 8,
    learningRate: config.grpo.learningRate,
  });
  expect(runOf(run.folder).inputs.train.rows).toBe(16);
  expect(run.adapter).toBe(run.output);
  await expect(hashFolder(paths.grpoLora)).rejects.toThrow();
});

test("the same questions make the same run, another number of passes another one", async () => {
  const again = await practise(lab, rows, 4, { command: ["/nowhere"] });
  expect(again.reused).toBe(true);
  expect((await practise(lab, rows, 5, { command })).key).not.toBe(again.key);
});

test("questions that do not fill a step are refused before anything starts", async () => {
  await expect(practise(lab, rows.slice(0, 3), 2, { command })).rejects.toThrow("3 × 2");
});
