import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ablate } from "./ablate.ts";
import { createClient } from "../serving/client.ts";
import type { Client } from "../serving/client.ts";
import { armAdapter } from "../completions/models.ts";
import { AblationSummary, ARM_NAMES, TRAINED_NAMES } from "../records.ts";
import type { AskedArm } from "../records.ts";
import { fakeAdapter } from "../testing/model-fixture.ts";
import { labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";
import { writeJsonl } from "../store/jsonl.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
const lab = labOnFakeBase(workspace, (config) => {
  config.prompt.base = "example";
  Object.assign(config.evaluate, { useJudge: false, samples: 2 });
});
const N = 20;

/** Which questions an arm gets right: SFT gains five, GRPO after it five more but loses the first. */
const RIGHT: Record<AskedArm, (n: number) => boolean> = {
  base: (n) => n < 8,
  base_prompted: (n) => n < 9,
  sft_gold: (n) => n < 11,
  sft: (n) => n < 13,
  sft_grpo: (n) => n > 0 && n < 18,
  sft_on_policy: (n) => n < 14,
  grpo_only: (n) => n < 10,
};
/** The Base's votes under the prompt are right two questions longer than its greedy answers. */
const isVoteRight = (n: number): boolean => n < 11;
let stub: StubServer;
let client: Client;

beforeAll(async () => {
  mkdirSync(dirname(paths.test), { recursive: true });
  writeJsonl(
    paths.test,
    Array.from({ length: N }, (_, n) => ({
      ...{ id: `q${n}`, prompt: `n = ${n}`, gold_answer: `${n}`, kind: "debt_ratio" },
      type: n % 2 ? "financial_reasoning" : "financial_calculation",
    })),
  );
  stub = await startStub(({ body }, response) => {
    const n = Number(/= (\d+)/.exec(body.messages.at(-1)!.content)![1]);
    const prompted = body.messages.length > 1;
    const arm = (body.model === "stub" ? (prompted ? "base_prompted" : "base") : body.model) as AskedArm;
    const right = arm === "base_prompted" && body.temperature !== 0 ? isVoteRight(n) : RIGHT[arm](n);
    const answer = right ? n : 999;
    sendChat(response, {
      content: arm === "base" ? `Answer: ${answer}` : `<think>\nx\n</think>\n<answer>\n${answer}\n</answer>`,
      completion_tokens: 7,
    });
  });
  client = createClient({ baseURL: stub.url, model: "stub", engine: "transformers" });
  for (const arm of TRAINED_NAMES) {
    const adapter = armAdapter(lab, arm)!;
    fakeAdapter(adapter, lab.config.models.base);
    const file = join(adapter, "adapter_config.json");
    // another content, another arm
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), arm }));
  }
});
afterAll(async () => {
  await stub.close();
  await workspace.remove();
});

test("arms are asked once, each by its own name and prompt, and compared in pairs", async () => {
  const { summary, pairs, evaluations, path } = await ablate(lab, { client });
  const asked = Map.groupBy(
    stub.requests,
    ({ body }) => `${body.model} ${body.messages.map(({ role }) => role).join(" ")}`,
  );
  expect([...asked].map(([what, { length }]) => [what, length])).toEqual([
    ["stub user", 60],
    ["stub system user assistant user", 60],
    ["sft_gold user", 60],
    ["sft user", 60],
    ["sft_grpo user", 60],
    ["sft_on_policy user", 60],
    ["grpo_only user", 60],
  ]);
  expect(summary.arms.map((a) => [a.name, a.accuracy.value, a.accuracyLenient.value])).toEqual([
    ["base", 0, 0.4],
    ["base_prompted", 0.45, 0.45],
    ["base_majority", 0.55, 0.55],
    ["sft_gold", 0.55, 0.55],
    ["sft", 0.65, 0.65],
    ["sft_grpo", 0.85, 0.85],
    ["sft_on_policy", 0.7, 0.7],
    ["grpo_only", 0.5, 0.5],
  ]);
  expect(pairs.map(({ a, b }) => `${a} → ${b}`)).toEqual([
    ...["sft → sft_grpo", "base_prompted → sft", "base_prompted → sft_grpo", "base_majority → sft_grpo"],
    "base_prompted → base_majority",
    ...["base → base_prompted", "base → sft", "base → sft_gold", "sft_gold → sft", "base → grpo_only"],
    ...["grpo_only → sft_grpo", "sft → sft_on_policy", "sft_on_policy → sft_grpo"],
  ]);

  const step = pairs.find(({ a }) => a === "sft")!;
  expect(step.regressions.map((c) => c.id)).toEqual(["q0"]);
  expect(step.gains.map((c) => c.id)).toEqual(["q13", "q14", "q15", "q16", "q17"]);
  const accuracy = summary.pairs.find((p) => p.a === "sft" && p.b === "sft_grpo" && p.metric === "accuracy")!;
  expect(accuracy.delta).toBeCloseTo(0.2, 12);
  expect(accuracy.p).toBeCloseTo(14 / 64, 12); // McNemar 1 : 5
  expect(step.byType.financial_reasoning!.n).toBe(10);

  const file = JSON.parse(readFileSync(path, "utf8"));
  expect(AblationSummary.parse(file)).toEqual(summary);
  expect(basename(path)).toMatch(/^ablation_summary_\d{8}T\d+Z\.json$/);
  expect(file.details.sft).toBe(basename(evaluations.sft!.detailsPath));
  expect(file.regressions["sft → sft_grpo"]).toEqual(["q0"]);
  // "x" is the step of no method: the summary counts it so, in both modes.
  expect(file.methods.greedy.arms.sft).toMatchObject({ n: N, right_method: 0, no_method: N, wrongSums: 0 });
  expect(file.methods.sampled.arms.sft.n).toBe(2 * N);
  expect(file.methods.greedy.pairs["sft → sft_grpo"].moves.no_method.no_method).toBe(N);
  expect(summary).toMatchObject({ n: N, seeds: [42], profile: "tiny" });

  const before = stub.requests.length;
  expect((await ablate(lab, { client })).summary.pairs).toEqual(summary.pairs);
  expect(stub.requests).toHaveLength(before);
});

test("the majority asks nothing of its own, costs all its votes' tokens, cannot be sampled", async () => {
  const { evaluations, pairs } = await ablate(lab, { client, arms: ["base_majority", "sft_grpo"] });
  const { report, details } = evaluations.base_majority!;
  expect(report).toMatchObject({
    name: "base_majority",
    n: N,
    tokensPerAnswer: 14,
    accuracySampled: null,
    settings: { votes: 2, prompt: { key: "prompt.base", name: "example", version: expect.any(String) } },
  });
  expect(details.map(({ id, mode, sample }) => [id, mode, sample])).toEqual(
    Array.from({ length: N }, (_, n) => [`q${n}`, "greedy", 0]),
  );
  expect(pairs[0]!.metrics.map(({ metric }) => metric)).toEqual(["accuracy", "accuracyLenient", "format"]);
});

test("where the best prompt is the student's own, the two zeros are one and asked once", async () => {
  const before = stub.requests.length;
  const { summary } = await ablate(
    { ...lab, config: { ...lab.config, prompt: { ...lab.config.prompt, base: "none" } } },
    { client, arms: ["base", "base_prompted", "base_majority"] },
  );
  expect(stub.requests).toHaveLength(before);
  expect(summary.arms.map(({ accuracyLenient }) => accuracyLenient.value)).toEqual([0.4, 0.4, 0.4]);
});

test("a lenient reading of sampled answers is fair to a Base without tags", async () => {
  const { summary } = await ablate(lab, { client });
  const base = summary.arms.find(({ name }) => name === "base")!;
  expect([base.accuracySampled!.value, base.accuracySampledLenient!.value]).toEqual([0, 0.4]);
});

test("without sampled answers there is no majority", async () => {
  const greedy = { ...lab, config: { ...lab.config, evaluate: { ...lab.config.evaluate, samples: 0 } } };
  const { summary } = await ablate(greedy, { client });
  expect(summary.arms.map(({ name }) => name)).toEqual(ARM_NAMES.filter((arm) => arm !== "base_majority"));
});

test("with two arms there is one pair; one arm is no ablation", async () => {
  const { pairs } = await ablate(lab, { arms: ["base", "sft"], client });
  expect(pairs.map(({ a, b }) => [a, b])).toEqual([["base", "sft"]]);
  await expect(ablate(lab, { arms: ["sft", "sft"], client })).rejects.toThrow("at least two arms");
});
