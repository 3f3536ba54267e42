import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import type { Overrides } from "../config/settings.ts";
import { PUBLISHED_SHAPES } from "../model/shape.ts";
import { fakeModel } from "../testing/model-fixture.ts";
import { fakeSmi } from "../testing/fake-gpu.ts";
import { planStage, readyStage } from "./plan-stage.ts";
import type { PlannedStage } from "./plan-stage.ts";
import { inOrder } from "../testing/in-order.ts";

const folder = mkdtempSync(join(tmpdir(), "ftmodel-fit-lab-"));
const PATH = process.env.PATH;
process.env.PATH = `${folder}:${PATH}`;
afterEach(() => void delete process.env.CUDA_VISIBLE_DEVICES);
afterAll(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true, force: true });
});

const hub = (path: string) => ({ path, revision: "main", sha256: null });
const [base, judge] = [hub("Qwen/Qwen2.5-1.5B-Instruct"), hub("Qwen/Qwen2.5-7B-Instruct")];
const SFT: PlannedStage = { stage: "SFT", model: base };
const GRPO: PlannedStage = { stage: "GRPO", model: base };
const JUDGED: PlannedStage = { ...GRPO, judge };
const TAUGHT: PlannedStage = { stage: "on-policy distillation", model: base, teacher: judge };
const serving: PlannedStage = { stage: "serving", model: base, mayQuantise: false };

/**
 * What a machine with these cards (`name;total MiB;free MiB`) says to a stage; "free" where nothing is
 * refused.
 */
async function ask(cards: string[], what: PlannedStage, overrides: Overrides = {}): Promise<string> {
  fakeSmi(folder, cards);
  try {
    await (await planStage(openLab({ profile: "gpu", ...overrides }, {}), what)).assertFree(0);
    return "free";
  } catch (error) {
    return (error as Error).message;
  }
}
const plan = async (cards: string[], what: PlannedStage, overrides: Overrides = {}) => {
  fakeSmi(folder, cards);
  return await planStage(openLab({ profile: "gpu", ...overrides }, {}), what);
};
/** The settings that a message advises. */
const advised = (message: string): Overrides =>
  Object.fromEntries(
    [...message.matchAll(/--set (\S+)=(\S+?)\.?(?=\s|$)/g)].map(([, key, value]) => [
      key!,
      JSON.parse(value!),
    ]),
  );

test.each([
  ["without a Judge", GRPO],
  ["with a Judge beside", JUDGED],
  ["SFT", SFT],
  ["on-policy distillation", TAUGHT],
  ["serving", serving],
] as const)(
  "what is advised on a partly full GPU is accepted there: %s",
  { timeout: 300_000 },
  async (_, what) => {
    let followed = 0;
    for (const total of [12_288, 16_376, 24_564, 49_140, 81_559])
      for (const part of [0.3, 0.35, 0.5, 0.65, 0.8, 0.9]) {
        const card = `GPU;${total};${Math.round(part * total)}`;
        const settings = advised(await ask([card], what));
        if (Object.keys(settings).length === 0) continue; // it is free, or nothing would fit
        followed++;
        expect(await ask([card], what, settings), `${card} ${JSON.stringify(settings)}`).toBe("free");
      }
    expect(followed).toBeGreaterThan(5);
  },
);

test("the card of the report, too", async () => {
  const card = ["H;49140;17199"];
  const settings = advised(await ask(card, GRPO));
  expect(settings).toMatchObject({ "gpu.vllmMemoryShare": expect.any(Number) });
  expect(await ask(card, GRPO, settings)).toBe("free");
});

test(
  "a share for vLLM in the trainer that was set by hand is planned with, and refused where it is " +
    "too large or too small",
  async () => {
    const card = ["RTX;24564;24000"];
    expect(await ask(card, GRPO, { "gpu.vllmMemoryShare": 0.95 })).toMatch(
      /GRPO does not fit[^]*GiB are missing[^]*This would fit: .*gpu\.vllmMemoryShare=0\.[23]/,
    );
    expect(await ask(card, GRPO, { "gpu.vllmMemoryShare": 0.02 })).toMatch(
      /GRPO does not fit[^]*2\.9 GiB at least[^]*0\.5 GiB to use by gpu\.vllmMemoryShare=0\.02/,
    );
    const { config, table: text } = await plan(card, GRPO, { "gpu.vllmMemoryShare": 0.5 });
    expect(config.gpu).toMatchObject({ vllm: true, vllmMemoryShare: 0.5 });
    // the trainer, and half of the card
    expect(Number(/: ([\d.]+) GiB$/m.exec(text!)?.[1])).toBeCloseTo(8.5 + 12, 0);
  },
);

test("what was set by hand for the Judge beside a trainer stays", async () => {
  const mine = { "gpu.serveIn4bit": false, "gpu.cudaGraphs": true, "gpu.serverMemoryShare": 0.4 };
  const { config } = await plan(["H100;81559;81000"], JUDGED, mine);
  expect(config.gpu).toMatchObject({ serveIn4bit: false, cudaGraphs: true, serverMemoryShare: 0.4 });
  expect(await ask(["RTX;24564;24000"], JUDGED, mine)).toMatch(
    /GRPO does not fit[^]*gpu\.serverMemoryShare=0\.4[^]*This would fit: /,
  );
  expect(await ask(["H100;81559;81000"], JUDGED, { "gpu.serverMemoryShare": 0.05 })).toMatch(
    /GRPO does not fit[^]*by gpu\.serverMemoryShare=0\.05/,
  );
});

test("a base of unknown size has one of two defaults that exclude each other, and needs room", async () => {
  const path = fakeModel(join(folder, "llama"));
  writeFileSync(
    join(path, "config.json"),
    JSON.stringify({ model_type: "llama", architectures: ["LlamaForCausalLM"] }),
  );
  writeFileSync(join(path, "more.safetensors"), Buffer.alloc(8 * 2 ** 20));
  const other: PlannedStage = { stage: "GRPO", model: { path, revision: "main", sha256: "x" } };
  const pair = async (overrides: Overrides) => {
    const { config } = await plan(["H100;81559;81000"], other, overrides);
    return [config.gpu.vllm, config.models.loadIn4bit];
  };
  expect(await pair({})).toEqual([false, true]);
  expect(await pair({ "models.loadIn4bit": false })).toEqual([true, false]);
  expect(await pair({ "gpu.vllm": true })).toEqual([true, false]);
  expect(await ask(["H100;81559;81000"], other, { "gpu.vllm": true, "models.loadIn4bit": true })).toMatch(
    /needs bf16 weights/,
  );
  expect(await ask(["H100;81559;1"], other)).toMatch(/held by other processes/);
  expect(await ask(["H100;81559;3"], other)).toBe("free");
  expect(await ask(["H100;81559;1", "H100;81559;81000"], other)).toMatch(/CUDA_VISIBLE_DEVICES=1\./);
  expect(await ask(["H100;81559;1", "H100;81559;81000"], other, { "gpu.processes": 2 })).not.toMatch(
    /CUDA_VISIBLE_DEVICES/,
  );
  expect(await ask(["H100;81559;3"], other, { "models.loadIn4bit": false })).toMatch(
    /held by other processes/,
  );
});

test("of GPUs of different sizes the first ones that are asked for are planned on", async () => {
  const cards = ["H100;81559;81000", "T400;2048;2000"];
  expect(await ask(cards, SFT, { "gpu.processes": 1 })).toBe("free");
  expect(await ask(cards, serving, { "gpu.replicas": 1 })).toBe("free");
  expect(await ask(cards, SFT)).toMatch(/SFT does not fit[^]*GPU 1 \(T400\)[^]*CUDA_VISIBLE_DEVICES=0\./);
  expect(await ask([cards[1]!, cards[0]!], SFT, { "gpu.processes": 1 })).toMatch(
    /GPU 0 \(T400\)[^]*CUDA_VISIBLE_DEVICES=1\./,
  );
  expect(await ask(cards, SFT, { "gpu.processes": 2 })).not.toMatch(/CUDA_VISIBLE_DEVICES/);
});

test("a server takes its share of each GPU, however large that is", async () => {
  expect(await ask(["H100;81559;30000", "4090;24564;24400"], serving)).toMatch(
    /GPU 0 \(H100\)[^]*71\.7 GiB free[^]*CUDA_VISIBLE_DEVICES=1;/,
  );
});

test("a share that was set by hand is the first thing to give up", async () => {
  const seven: PlannedStage = { stage: "serving", model: judge, mayQuantise: false };
  const message = await ask(["H100;81559;81000"], seven, { "gpu.serverMemoryShare": 0.1 });
  expect(message).toMatch(
    inOrder(
      /serving does not fit/,
      /by gpu\.serverMemoryShare=0\.1/,
      /This would fit: --set gpu\.serverMemoryShare=0\.9 /,
    ),
  );
  expect(await ask(["H100;81559;81000"], seven, advised(message))).toBe("free");
});

test("no value is advised that the config refuses", async () => {
  const message = await ask(["H100;81559;81000"], SFT, { "sft.batchSize": 1024 });
  expect(advised(message)["sft.gradientAccumulation"]).toBeLessThanOrEqual(1024);
  expect(await ask(["H100;81559;81000"], SFT, advised(message))).toBe("free");
  const hopeless = await ask(["H100;81559;81000"], SFT, {
    "sft.batchSize": 1024,
    "sft.gradientAccumulation": 1024,
  });
  expect(hopeless).toMatch(/SFT does not fit[^]*a larger GPU/);
});

test("a full GPU among others is named, with those that would do", async () => {
  const cards = ["H100;81559;81000", "H100;81559;600"];
  expect(await ask(cards, SFT)).toMatch(
    /held by other processes \(GPU 1 \(H100\)\)[^]*CUDA_VISIBLE_DEVICES=0\./,
  );
  process.env.CUDA_VISIBLE_DEVICES = "0";
  expect(await ask(cards, SFT)).toBe("free");
  delete process.env.CUDA_VISIBLE_DEVICES;
  expect(await ask(cards, SFT, { "gpu.processes": 2 })).not.toMatch(/CUDA_VISIBLE_DEVICES/);
});

test("a size known only after the download plans anew, all but the precision that keys have", async () => {
  fakeSmi(folder, ["H100;81559;81000"]);
  const path = fakeModel(join(folder, "downloaded"));
  const shape = { ...PUBLISHED_SHAPES["Qwen/Qwen2.5-7B-Instruct"], architectures: ["Qwen2ForCausalLM"] };
  writeFileSync(join(path, "config.json"), JSON.stringify(shape));
  const model = { path, revision: "main", sha256: "x" };
  const what: PlannedStage = { stage: "serving", model, mayQuantise: true };
  const lab = openLab({ profile: "gpu" }, {});
  const known = await planStage(lab, what);
  expect([known.sizeKnown, known.config.gpu.serveIn4bit]).toEqual([true, false]);
  const gpu = { ...known.config.gpu, serveIn4bit: true };
  const before = { ...known, sizeKnown: false, config: { ...known.config, gpu } };
  const ready = await readyStage(lab, what, before);
  expect([ready.config.gpu.serveIn4bit, ready.table]).toEqual([true, expect.stringContaining("4 bit")]);
  expect(await readyStage(lab, what, known)).toBe(known);
});

test("a Ray cluster serves on as many GPUs as are asked for, whatever this machine has", async () => {
  const card = ["NVIDIA H100;81559;1000"]; // its memory is held by others: here that does not matter
  expect(await ask(card, serving, { "gpu.ray": "auto" })).toMatch(
    /How many GPUs of the Ray cluster serve is not said[^]*gpu\.replicas/,
  );
  expect(await ask(card, serving, { "gpu.ray": "auto", "gpu.replicas": 8 })).toBe("free");
  const { config } = await plan(card, serving, { "gpu.ray": "auto", "gpu.replicas": 8 });
  expect(config.gpu.replicas).toBe(8);
  expect(await ask(card, { stage: "merge", model: base }, { "gpu.ray": "auto" })).toBe("free");
});

test("the plan says when a step has too few answers for so many GPUs", async () => {
  const cards = Array.from({ length: 2 }, () => "NVIDIA H100;81559;81000");
  const table = async (overrides: Overrides = {}) => (await plan(cards, GRPO, overrides)).table!;
  expect(await table()).toContain("Only 8 answers a GPU and step, where vLLM idles");
  expect(await table({ "grpo.promptsPerStep": 16 })).not.toContain("idles");
  expect(await table({ "gpu.processes": 1 })).not.toContain("idles");
});
