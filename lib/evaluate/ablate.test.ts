import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ablate } from "./ablate.ts";
import { createClient } from "../serving/client.ts";
import { armAdapter } from "../ask/model.ts";
import { evaluate } from "./evaluate.ts";
import { mergeAdapter } from "../run/merge.ts";
import { AblationSummary } from "../records.ts";
import type { ArmName } from "../records.ts";
import { fakeAdapter } from "../testing/model-fixture.ts";
import { fakeMerge, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
const lab = labOnFakeBase(workspace, (config) => Object.assign(config.evaluate, { useJudge: false, samples: 1 }));
const N = 20;

/** Which questions an arm gets right: SFT gains five, GRPO after it five more but loses the first. */
const RIGHT: Record<ArmName, (n: number) => boolean> = { base: (n) => n < 8, sft: (n) => n < 13, sft_grpo: (n) => n > 0 && n < 18, grpo_only: (n) => n < 10 };
let arm: ArmName = "base";
let stub: StubServer;

beforeAll(async () => {
  mkdirSync(dirname(paths.test), { recursive: true });
  writeFileSync(paths.test, Array.from({ length: N }, (_, n) => `${JSON.stringify({ id: `q${n}`, prompt: `n = ${n}`, gold_answer: `${n}`, type: n % 2 ? "financial_reasoning" : "financial_calculation" })}\n`).join(""));
  stub = await startStub(({ body }, response) => {
    const n = Number(/= (\d+)/.exec(body.messages.at(-1)!.content)![1]);
    const tagged = arm !== "base";
    const answer = RIGHT[arm](n) ? n : 999;
    sendChat(response, { content: tagged ? `<think>\nx\n</think>\n<answer>\n${answer}\n</answer>` : `Answer: ${answer}` });
  });
  const client = createClient({ baseURL: stub.url, model: "stub", engine: "transformers" });
  for (const name of Object.keys(RIGHT) as ArmName[]) {
    arm = name;
    const adapter = armAdapter(lab, name);
    if (adapter) {
      fakeAdapter(adapter, lab.config.models.base);
      writeFileSync(join(adapter, "adapter_config.json"), JSON.stringify({ arm: name }));
      await mergeAdapter(lab, adapter, { command: fakeMerge() });
    }
    await evaluate(lab, { arm: name, client });
  }
});
afterAll(async () => {
  await stub.close();
  await workspace.remove();
});

test("evaluated arms are compared without asking again, in four pairs, with what got worse", async () => {
  const before = stub.requests.length;
  const { summary, pairs, evaluations, path } = await ablate(lab);
  expect(stub.requests.length).toBe(before);
  expect(summary.arms.map((a) => [a.name, a.accuracy.value, a.accuracyLenient.value])).toEqual([["base", 0, 0.4], ["sft", 0.65, 0.65], ["sft_grpo", 0.85, 0.85], ["grpo_only", 0.5, 0.5]]);
  expect(pairs.map(({ a, b }) => `${a} → ${b}`)).toEqual(["base → sft", "sft → sft_grpo", "base → grpo_only", "grpo_only → sft_grpo"]);

  const step = pairs[1]!;
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
  expect(summary).toMatchObject({ n: N, seeds: [42], profile: "tiny" });
});

test("with two arms there is one pair; one arm is no ablation", async () => {
  const { pairs } = await ablate(lab, { arms: ["base", "sft"] });
  expect(pairs.map(({ a, b }) => [a, b])).toEqual([["base", "sft"]]);
  await expect(ablate(lab, { arms: ["sft", "sft"] })).rejects.toThrow("at least two arms");
});
