import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SftRow } from "../records.ts";
import { readRun } from "../run/run.ts";
import { readJsonl } from "../store/jsonl.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { writeGoldRows } from "./gold-rows.ts";
import { trainSft } from "./train.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
const lab = labOnFakeBase(workspace);
const golds = labOnFakeBase(workspace, (config) => {
  config.sft.goldOnly = true;
});
const command = fakeTrainer("--steps=2", "--step-ms=1");
const write = (path: string, rows: object[]) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
};
const kept = ["b", "a"].map((id) => ({
  id,
  prompt: `${id}?`,
  response: "<think>\n1+1=2\n</think>\n<answer>\n2\n</answer>",
  type: "financial_concept",
}));

beforeAll(() => {
  write(paths.sft, kept);
  write(
    paths.distilled,
    ["a", "b", "refused"].map((id) => ({
      ...{ id, question: `${id}?`, gold_answer: `$${id}`, type: "financial_concept", source: "s", key: id },
      ...{ sample: 0, teacher_output: "", failure: null, completion_tokens: 1, model: "m" },
    })),
  );
});
afterAll(() => workspace.remove());

test("the same rows in the same order, each answered by its gold answer without reasoning", async () => {
  expect(readJsonl(await writeGoldRows(lab), SftRow)).toMatchObject([
    { ...kept[0], response: "<answer>\n$b\n</answer>" },
    { ...kept[1], response: "<answer>\n$a\n</answer>" },
  ]);
});

test("SFT on golds alone is a run of its own beside SFT, published apart", async () => {
  const taught = await trainSft(lab, { command });
  const alone = await trainSft(golds, { command });
  expect(alone.key).not.toBe(taught.key);
  expect(alone.label).toMatch(/^SFT, golds alone, models.base/);
  expect(alone.adapter).toBe(join(paths.ckpts, "sft_gold_lora"));
  expect(existsSync(join(alone.adapter, "adapter_config.json"))).toBe(true);
  expect(taught.adapter).toBe(paths.sftLora);
  expect(readRun(workspace, taught.key).label).toMatch(/^SFT, models.base/);
  expect(await trainSft(golds, { command: ["/nowhere"] })).toMatchObject({ key: alone.key, reused: true });
});

test("a row whose question was not distilled is named", async () => {
  write(paths.sft, [...kept, { ...kept[0], id: "c" }]);
  await expect(writeGoldRows(lab)).rejects.toThrow(/sft\.jsonl:3[\s\S]*a row c in/);
});
