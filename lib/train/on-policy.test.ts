import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compareRuns } from "../compare/runs.ts";
import { armsToCompare } from "../completions/models.ts";
import { overrideConfig } from "../config/settings.ts";
import { runOf } from "../evaluate/costs.ts";
import { hashFolder } from "../store/hash.ts";
import { fakeModel } from "../testing/model-fixture.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { trainOnPolicy } from "./on-policy.ts";
import { trainSft } from "./train.ts";

const workspace = temporaryWorkspace();
const { paths, root } = workspace;
const command = fakeTrainer("--steps=2", "--step-ms=1");
const lab = labOnFakeBase(workspace, (config) => {
  config.models.teacher = fakeModel(join(root, "teacher"));
});
const { models } = lab.config;

beforeAll(async () => {
  mkdirSync(dirname(paths.rl), { recursive: true });
  const row = { id: "a", prompt: "1+1?", type: "financial_calculation" };
  writeFileSync(paths.rl, `${JSON.stringify({ ...row, gold_answer: "2" })}\n`);
  await expect(trainOnPolicy(lab, { command })).rejects.toThrow("04_sft");
  const response = "<think>\n1+1=2\n</think>\n<answer>\n2\n</answer>";
  writeFileSync(paths.sft, `${JSON.stringify({ ...row, response })}\n`);
  await trainSft(lab, { command });
});
afterAll(() => workspace.remove());

test("it goes on from SFT with the Teacher beside, and is an arm once it has been trained", async () => {
  expect(armsToCompare(lab)).not.toContain("sft_on_policy");
  expect(runOf(lab, "sft_on_policy")).toBeNull();
  const run = await trainOnPolicy(lab, { command });
  expect(run.key).toMatch(/^on_policy-/);
  expect(run.label).toMatch(/^On-policy distillation/);
  expect(run.adapter).toBe(join(paths.ckpts, "on_policy_lora"));
  expect(existsSync(join(run.adapter, "adapter_config.json"))).toBe(true);
  expect(JSON.parse(readFileSync(join(run.folder, "run.json"), "utf8"))).toMatchObject({
    inputs: { train: { path: paths.rl, rows: 1 } },
    models: {
      adapter: { path: paths.sftLora },
      teacher: { path: models.teacher, sha256: await hashFolder(models.teacher) },
    },
    reward: null,
  });
  expect(armsToCompare(lab)).toContain("sft_on_policy");
  expect(runOf(lab, "sft_on_policy")?.key).toBe(run.key);
  expect(await trainOnPolicy(lab, { command: ["/nowhere"] })).toMatchObject({ key: run.key, reused: true });
});

test("another divergence is another run beside; a missing Teacher is told before any starts", async () => {
  const first = await trainOnPolicy(lab, { command });
  const other = { ...lab, config: overrideConfig(lab.config, { "onPolicy.beta": 0.5 }) };
  expect((await trainOnPolicy(other, { command, publish: false })).key).not.toBe(first.key);
  const { rows } = await compareRuns(lab, "on_policy");
  // the fake trainer's loss is 1 / step
  expect(rows).toMatchObject([1, 0.5].map((beta) => ({ beta: `${beta}`, "divergence, last tenth": 0.5 })));
  const absent = { ...lab, config: overrideConfig(lab.config, { "models.teacher": join(root, "absent") }) };
  await expect(trainOnPolicy(absent, { command })).rejects.toThrow("folder is missing");
});
