import { describe, expect, test } from "vitest";
import type { Config } from "../config/config.ts";
import { PROFILES } from "../config/profiles.ts";
import { runKey } from "./key.ts";
import type { RunSpec } from "./key.ts";
import { fakeSpec } from "../testing/run-fixture.ts";

const sft = fakeSpec("x");
const grpo = fakeSpec("x", {
  stage: "grpo",
  models: { ...sft.models, adapter: { path: "/a", sha256: "1" } },
  reward: { path: "/r.ts", sha256: "2" },
});
const onPolicy = fakeSpec("x", {
  stage: "on_policy",
  models: { ...grpo.models, teacher: { path: "/teacher", revision: "main", sha256: "3" } },
});
const taughtBy = (sha256: string, path = "/teacher"): RunSpec => ({
  ...onPolicy,
  models: { ...onPolicy.models, teacher: { path, revision: "main", sha256 } },
});
const judged = (sha256: string, prompt: string, path = "/judge"): RunSpec => ({
  ...grpo,
  judge: { model: { path, revision: "main", sha256 }, prompt },
});
const configured = (spec: RunSpec, change: (config: Config) => void): RunSpec => {
  const config = structuredClone(PROFILES.tiny);
  change(config);
  return { ...spec, config };
};
const onGpu = (spec: RunSpec, change: (config: Config) => void = () => undefined): RunSpec => {
  const config = structuredClone(PROFILES.gpu);
  change(config);
  return { ...spec, config };
};
const bounded = (vllmCorrection: boolean, vllmCorrectionMax: number): RunSpec =>
  onGpu(grpo, (c) => void Object.assign(c.gpu, { vllmCorrection, vllmCorrectionMax }));

describe("runKey", () => {
  test("it is the stage and twelve hex digits", () => expect(runKey(sft)).toMatch(/^sft-[0-9a-f]{12}$/));

  const inert: [string, RunSpec, RunSpec][] = [
    ["the label", sft, { ...sft, label: "another" }],
    ["where the data is", sft, { ...sft, inputs: { train: { ...sft.inputs.train!, path: "/elsewhere" } } }],
    ["the Teacher", sft, configured(sft, (c) => (c.models.teacher = "another"))],
    ["GRPO's settings, for SFT", sft, configured(sft, (c) => (c.grpo.beta = 1))],
    [
      "SFT's settings, for GRPO (its adapter's hash tells)",
      grpo,
      configured(grpo, (c) => (c.sft.epochs = 3)),
    ],
    ["golds alone, for SFT (its rows' hash tells)", sft, configured(sft, (c) => (c.sft.goldOnly = true))],
    ["where the Teacher's folder is, who scores each token", onPolicy, taughtBy("3", "/elsewhere")],
    ["GRPO's settings, for on-policy distillation", onPolicy, configured(onPolicy, (c) => (c.grpo.beta = 1))],
    ["W&B", sft, configured(sft, (c) => (c.tracking.service = "wandb"))],
    ["vLLM in the trainer, on a CPU", grpo, configured(grpo, (c) => (c.gpu.vllm = false))],
    ["the bound of a correction that is off, on a GPU", bounded(false, 3), bounded(false, 2)],
    ["the memory that vLLM gets, on a GPU", onGpu(grpo), onGpu(grpo, (c) => (c.gpu.vllmMemoryShare = 0.5))],
    [
      "4 bit for a Judge who is not in the reward",
      onGpu(grpo, (c) => (c.gpu.serveIn4bit = true)),
      onGpu(grpo, (c) => (c.gpu.serveIn4bit = false)),
    ],
    ["the Judge, for a reward without it", grpo, configured(grpo, (c) => (c.models.judge = "another"))],
    [
      "where the Judge's folder is and its server listens",
      judged("1", "p"),
      configured(judged("1", "p", "/elsewhere"), (c) => (c.serving.url = "http://127.0.0.1:9/v1")),
    ],
    [
      "how many rows SFT takes, for a Judge in the reward",
      judged("1", "p"),
      configured(judged("1", "p"), (c) => (c.filter.sftMaxRows = 3)),
    ],
  ];
  test.each(inert)("%s does not make another run", (_, a, b) => expect(runKey(b)).toBe(runKey(a)));

  const telling: [string, RunSpec, RunSpec][] = [
    ["a hyperparameter", sft, configured(sft, (c) => (c.sft.learningRate *= 2))],
    ["the seed", sft, configured(sft, (c) => (c.seed = 43))],
    ["the system prompt", sft, configured(sft, (c) => (c.prompt.system = "Be brief."))],
    ["the gradient of the KL", grpo, configured(grpo, (c) => (c.grpo.klGradient = "paper"))],
    ["how the learning rate goes on", grpo, configured(grpo, (c) => (c.grpo.schedule = "constant"))],
    ["the bound of vLLM's correction, on a GPU", bounded(true, 3), bounded(true, 2)],
    ["padding, on a GPU", onGpu(grpo), onGpu(grpo, (c) => (c.gpu.packed = false))],
    ["vLLM in the trainer, on a GPU", onGpu(grpo), onGpu(grpo, (c) => (c.gpu.vllm = false))],
    ["the number of GPUs", onGpu(sft), onGpu(sft, (c) => (c.gpu.processes = 2))],
    ["4-bit loading", sft, configured(sft, (c) => (c.models.loadIn4bit = true))],
    ["the data", sft, fakeSpec("y")],
    [
      "the base's weights",
      sft,
      { ...sft, models: { ...sft.models, base: { ...sft.models.base, sha256: "other" } } },
    ],
    ["the adapter", grpo, { ...grpo, models: { ...grpo.models, adapter: { path: "/a", sha256: "other" } } }],
    ["the absence of an adapter", grpo, { ...grpo, models: { ...grpo.models, adapter: null } }],
    ["the reward's source", grpo, { ...grpo, reward: { path: "/r.ts", sha256: "other" } }],
    ["the weights of a Teacher who scores each token", onPolicy, taughtBy("other")],
    ["the divergence from the Teacher", onPolicy, configured(onPolicy, (c) => (c.onPolicy.beta = 0.5))],
    ["a Judge in the reward", grpo, judged("1", "p")],
    ["the Judge's weights", judged("1", "p"), judged("2", "p")],
    ["what the Judge is asked (rubric, layout, texts)", judged("1", "p"), judged("1", "q")],
    [
      "the Judge in 4 bit, on a GPU",
      onGpu(judged("1", "p"), (c) => (c.gpu.serveIn4bit = true)),
      onGpu(judged("1", "p"), (c) => (c.gpu.serveIn4bit = false)),
    ],
    [
      "the Judge's pass score",
      judged("1", "p"),
      configured(judged("1", "p"), (c) => (c.filter.judgePassScore = 16)),
    ],
  ];
  test.each(telling)("%s makes another run", (_, a, b) => expect(runKey(b)).not.toBe(runKey(a)));

  test("a hub id is told by its revision", () => {
    const hub = (revision: string) =>
      fakeSpec("x", {
        models: { base: { path: "Qwen/Qwen2.5-1.5B-Instruct", revision, sha256: null }, adapter: null },
      });
    expect(runKey(hub("main"))).not.toBe(runKey(hub("v1")));
  });
});
