import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Config } from "../config/config.ts";
import { cancelRun } from "../run/start.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { isTrainingNext } from "./next-training.ts";
import { trainGrpo, trainSft } from "./train.ts";
import { trainWithoutSft } from "./without-sft.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
const command = fakeTrainer("--steps=2", "--step-ms=1");
const lab = (change?: (config: Config) => void) => labOnFakeBase(workspace, change);
const write = (path: string, row: object) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(row)}\n`);
};
afterAll(() => workspace.remove());

test("no training is next before its rows are there; then each in turn, until all are done", async () => {
  const row = { id: "a", prompt: "1+1?", type: "financial_calculation" };
  expect(await isTrainingNext(lab())).toBe(false);
  write(paths.sft, { ...row, response: "<think>\n1\n</think>\n<answer>\n2\n</answer>" });
  expect(await isTrainingNext(lab())).toBe(true);
  expect(await isTrainingNext(lab((config) => (config.profile = "gpu")))).toBe(false);
  await trainSft(lab(), { command });
  expect(await isTrainingNext(lab())).toBe(false); // no questions for GRPO
  write(paths.rl, { ...row, gold_answer: "2" });
  expect(await isTrainingNext(lab())).toBe(true);
  await trainGrpo(lab(), { command });
  expect(await isTrainingNext(lab())).toBe(false); // evaluation and deployment come first
  mkdirSync(paths.mergedModel);
  expect(await isTrainingNext(lab())).toBe(true);
  await trainWithoutSft(lab(), { command });
  expect(await isTrainingNext(lab())).toBe(false);
});

test("another value, other rows and a lost run make a training the next one again", async () => {
  expect(await isTrainingNext(lab((config) => (config.sft.learningRate = 5e-4)))).toBe(true);
  expect(await isTrainingNext(lab((config) => (config.grpo.beta = 0.2)))).toBe(true);
  expect(await isTrainingNext(lab((config) => (config.evaluate.samples = 9)))).toBe(false);
  appendFileSync(paths.sft, "\n");
  expect(await isTrainingNext(lab())).toBe(true);
  await trainSft(lab(), { command });
  const { folder } = await trainGrpo(lab(), { command });
  expect(await isTrainingNext(lab())).toBe(false);
  rmSync(folder, { recursive: true });
  expect(await isTrainingNext(lab())).toBe(true);
});

test("while a run goes on nothing is loaded beside it", async () => {
  const watching = new AbortController();
  let key = "";
  const training = trainSft(
    lab((config) => (config.seed = 7)),
    {
      command: fakeTrainer("--steps=500", "--step-ms=50"),
      onProgress: (run) => {
        key = run.key;
        watching.abort();
      },
      signal: watching.signal,
    },
  );
  await expect(training).rejects.toThrow("goes on in the background");
  expect(await isTrainingNext(lab())).toBe(false);
  await cancelRun(workspace, key, 100);
  expect(await isTrainingNext(lab())).toBe(true);
});
