import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FIN_R1 } from "../evaluate/ablation-reading.ts";
import { ARM_NAMES } from "../records.ts";
import type { ArmName } from "../records.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { trainWithoutSft } from "./without-sft.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
const lab = labOnFakeBase(workspace);

beforeAll(() => {
  mkdirSync(dirname(paths.rl), { recursive: true });
  writeFileSync(
    paths.rl,
    `${JSON.stringify({ id: "a", prompt: "1 + 1?", gold_answer: "2", type: "financial_concept" })}\n`,
  );
});
afterAll(() => workspace.remove());
const without = (...some: ArmName[]) => ARM_NAMES.filter((arm) => !some.includes(arm));

test("the fourth arm starts from the Base, is published apart, and is found again", async () => {
  const command = fakeTrainer("--steps=2", "--step-ms=1");
  const { run, arms } = await trainWithoutSft(lab, { command });
  expect(arms).toEqual(without("sft_gold", "sft_on_policy")); // not trained
  expect(JSON.parse(readFileSync(join(run.folder, "run.json"), "utf8"))).toMatchObject({
    config: { grpo: { startFromSft: false } },
    models: { adapter: null },
  });
  expect(existsSync(join(paths.ckpts, "grpo_only_lora", "adapter_config.json"))).toBe(true);
  expect(existsSync(paths.grpoLora)).toBe(false);
  expect(await trainWithoutSft(lab, { command })).toMatchObject({ run: { key: run.key, status: "done" } });
});

test("a Base that is never paid is a result without the fourth arm; other failures are errors", async () => {
  const silent = { ...lab, config: { ...lab.config, seed: 7 } };
  const { run, arms } = await trainWithoutSft(silent, {
    command: fakeTrainer("--steps=2", "--fail-at=2", "--cause=no_signal"),
  });
  expect(run).toMatchObject({ status: "failed", cause: { code: "no_signal" } });
  expect(arms).toEqual(without("sft_gold", "sft_on_policy", "grpo_only"));
  const starts = () =>
    readFileSync(join(run.folder, "events.jsonl"), "utf8").split('"event":"start"').length - 1;
  expect(starts()).toBe(1);
  expect(await trainWithoutSft(silent, { command: ["/nowhere"] })).toMatchObject({
    run: { key: run.key, cause: { code: "no_signal" } },
  });
  expect(starts()).toBe(1);
  const broken = { ...lab, config: { ...lab.config, seed: 8 } };
  await expect(
    trainWithoutSft(broken, { command: fakeTrainer("--steps=2", "--fail-at=1", "--cause=out_of_memory") }),
  ).rejects.toThrow("out_of_memory");
  expect(await trainWithoutSft(broken, { command: fakeTrainer("--steps=2", "--step-ms=1") })).toMatchObject({
    run: { status: "done" },
  });
});

test("Fin-R1's published averages stand for all four arms", () => {
  expect(Object.fromEntries(FIN_R1.map(({ name, average }) => [name, average]))).toEqual({
    base: 65.6,
    sft: 71.9,
    sft_grpo: 75.2,
    grpo_only: 67.8,
  });
});
