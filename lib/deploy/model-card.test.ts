import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { evaluatedModel } from "../completions/models.ts";
import { writeReport } from "../evaluate/eval-report.ts";
import type { EvalReport } from "../records.ts";
import { hashFolder } from "../store/hash.ts";
import { mergeForDeployment } from "./deploy.ts";
import { fakeMerge, fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { trainGrpo, trainSft } from "../train/train.ts";
import { trainingRun } from "../run/lineage.ts";
import { modelCard } from "./model-card.ts";
import { inOrder } from "../testing/in-order.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
const lab = labOnFakeBase(workspace);
const command = fakeTrainer("--steps=2", "--step-ms=1");
const estimate = { value: 0.75, low: 0.6, high: 0.85 };

beforeAll(async () => {
  const row = { id: "a", prompt: "1+1?", type: "financial_calculation" };
  for (const [path, more] of [
    [paths.sft, { response: "<think>\n1\n</think>\n<answer>\n2\n</answer>" }],
    [paths.rl, { gold_answer: "2" }],
    [paths.test, { gold_answer: "2" }],
  ] as const) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify({ ...row, ...more })}\n`);
  }
  await trainSft(lab, { command });
  await trainGrpo(lab, { command });
});
afterAll(() => workspace.remove());

test(
  "a merged model's card names the runs, their data and settings, and the parity; after an " +
    "evaluation its numbers, too",
  async () => {
    const merged = await mergeForDeployment(lab, "sft_grpo", { command: fakeMerge() });
    const card = () => readFileSync(join(merged.link, "README.md"), "utf8");
    expect(card()).toMatch(/^---\n[^]*library_name: transformers[^]*## SFT[^]*## GRPO/);
    expect(card()).toMatch(
      inOrder(
        /Run `sft-[0-9a-f]{12}` on 1 rows of sft\.jsonl \(sha256 `[0-9a-f]{16}`\), seed 42, base in full/,
      ),
    );
    expect(card()).toContain("| learningRate | 0.002 |");
    expect(card()).toContain(
      "answers to 1 prompts: at 100.00 % of their 50 tokens both have the same most likely one, " +
        "and log-probabilities differ by 0.010",
    );
    expect(card()).toContain("have not been evaluated");

    const evaluated = await evaluatedModel(lab, { arm: "sft_grpo" });
    const report: EvalReport = {
      name: "sft_grpo",
      format: estimate,
      accuracy: estimate,
      accuracyLenient: estimate,
      accuracySampled: null,
      accuracySampledLenient: null,
      judge: null,
      tokensPerAnswer: 9,
      byType: { financial_calculation: { n: 1, accuracy: estimate, accuracyLenient: estimate } },
      created: new Date().toISOString(),
      profile: "tiny",
      model: "x",
      n: 1,
      settings: { modelId: evaluated.id },
    };
    const hash = await hashFolder(merged.path);
    writeReport(paths.reports, report, []);
    await mergeForDeployment(lab, "sft_grpo", { command: ["/nowhere"] });
    expect(card()).toContain("| accuracy, strict, greedy | 0.75 [0.60, 0.85] |");
    expect(await hashFolder(merged.path)).toBe(hash); // the card is no part of the model
  },
);

test("an adapter is found by its content also where its published folder holds a newer one", async () => {
  const adapter = {
    path: paths.sftLora,
    sha256: (JSON.parse(readFileSync(join(paths.sftLora, "origin.json"), "utf8")) as { adapter: string })
      .adapter,
  };
  const first = trainingRun(lab, adapter)!;
  lab.config.sft.learningRate = 1e-3;
  await trainSft(lab, { command });
  lab.config.sft.learningRate = PROFILES.tiny.sft.learningRate;
  expect(trainingRun(lab, adapter)!.key).toBe(first.key);
  expect(trainingRun(lab, { path: "/nowhere", sha256: "0" })).toBeNull();
});

test("a hub id is named as the base model, with its revision", () => {
  const card = modelCard({
    base: "Qwen/Qwen2.5-1.5B-Instruct",
    revision: "a1b2",
    runs: [],
    parity: null,
    report: null,
  });
  expect(card).toContain("base_model: Qwen/Qwen2.5-1.5B-Instruct");
  expect(card).toContain("at revision a1b2");
  expect(card).toContain("not checked against the adapter");
});
