import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeOrigin } from "../model/adapter.ts";
import { hashFolder } from "../store/hash.ts";
import { trainOneStep } from "./one-step.ts";
import { listRuns } from "../run/run.ts";
import { fakeAdapter } from "../testing/model-fixture.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
const lab = labOnFakeBase(workspace);
const { config } = lab;
const command = fakeTrainer("--steps=1", "--step-ms=1");
const rows = ["a", "b", "c"].map((id) => ({
  id,
  prompt: `${id}?`,
  gold_answer: "2",
  type: "financial_concept" as const,
}));
const settingsOf = (folder: string) => JSON.parse(readFileSync(join(folder, "run.json"), "utf8")).config.grpo;

beforeAll(async () => {
  fakeAdapter(paths.sftLora, config.models.base);
  writeOrigin(paths.sftLora, { run: "sft-0", base: await hashFolder(config.models.base), adapter: null });
  mkdirSync(dirname(paths.rl), { recursive: true });
  writeFileSync(paths.rl, "the RL rows of the pipeline\n");
});
afterAll(() => workspace.remove());

test("one step asks the given questions only; rl.jsonl and the adapter in place stay", async () => {
  const run = await trainOneStep(lab, rows, { command });
  expect(run).toMatchObject({ status: "done", samples: [{ step: 1 }] });
  expect(settingsOf(run.folder)).toMatchObject({ maxSteps: 1, promptsPerStep: 3, microBatch: 8 });
  expect(JSON.parse(readFileSync(join(run.folder, "run.json"), "utf8")).inputs.train.rows).toBe(3);
  expect(readFileSync(paths.rl, "utf8")).toBe("the RL rows of the pipeline\n");
  await expect(hashFolder(paths.grpoLora)).rejects.toThrow();
});

test("an unchanged call returns the finished step; the bare Base is another one", async () => {
  const before = listRuns(workspace).length;
  await trainOneStep(lab, rows, { command: ["/nowhere"] });
  expect(listRuns(workspace)).toHaveLength(before);
  const base = await trainOneStep(lab, rows, { command, fromSft: false });
  expect(settingsOf(base.folder).startFromSft).toBe(false);
  expect(listRuns(workspace)).toHaveLength(before + 1);
});

test("a step without any signal is a result, with its answers; another failure is thrown", async () => {
  const silent = await trainOneStep({ ...lab, config: { ...config, seed: 7 } }, rows, {
    command: fakeTrainer("--steps=2", "--fail-at=2", "--cause=no_signal"),
  });
  expect(silent).toMatchObject({ status: "failed", cause: { code: "no_signal" }, samples: [{ step: 1 }] });
  await expect(
    trainOneStep({ ...lab, config: { ...config, seed: 8 } }, rows, { command: fakeTrainer("--fail-at=1") }),
  ).rejects.toThrow("non_finite_gradient");
  await expect(trainOneStep(lab, [], { command })).rejects.toThrow("at least one row");
});
