import { expect, test } from "vitest";
import type { Config } from "../config/config.ts";
import { PROFILES } from "../config/profiles.ts";
import { overrideConfig } from "../config/settings.ts";
import type { Overrides } from "../config/settings.ts";
import { assertFits, bytesOf, divisors, planRow, planText, freeKeys, roomOf } from "./choose.ts";
import { planServing } from "./serving.ts";
import { planGrpo } from "./grpo.ts";
import { planSft } from "./sft.ts";
import { GIB, cacheBytes, totalMemory } from "./memory.ts";
import { readModelShape } from "../model/shape.ts";
import { inOrder } from "../testing/in-order.ts";

const base = readModelShape("Qwen/Qwen2.5-1.5B-Instruct")!;
const judge = readModelShape("Qwen/Qwen2.5-7B-Instruct")!;
/** MiB that nvidia-smi says of cards sold as 8, 16, 24 and 80 GB. */
const CARDS = { 8: 8188, 16: 16_376, 24: 24_564, 80: 81_559 } as const;
type Card = keyof typeof CARDS;

const need = (card: Card, overrides: Overrides = {}, gpus = 1) => {
  const config = overrideConfig(PROFILES.gpu, overrides);
  return {
    config,
    room: roomOf(CARDS[card]),
    total: bytesOf(CARDS[card]),
    gpus,
    free: freeKeys(config, Object.keys(overrides)),
  };
};
const sft = (card: Card, overrides?: Overrides, gpus?: number, shape = base) =>
  planSft({ ...need(card, overrides, gpus), shape });
const grpo = (card: Card, overrides?: Overrides, gpus?: number) =>
  planGrpo({ ...need(card, overrides, gpus), shape: base });
const serving = (card: Card, overrides?: Overrides, gpus?: number, mayQuantise = true) =>
  planServing({ ...need(card, overrides, gpus), shape: mayQuantise ? judge : base, mayQuantise });

test.each([8, 16, 24, 80] as const)(
  "on %i GB every stage of the gpu profile has a setting with room",
  (card) => {
    for (const fit of [sft(card), grpo(card), serving(card), serving(card, {}, 1, false)]) {
      expect(fit.fits, fit.stage).toBe(true);
      expect(totalMemory(fit.memory), fit.stage).toBeLessThanOrEqual(fit.room);
      // what it picks is a valid config
      expect(() => overrideConfig(PROFILES.gpu, fit.overrides)).not.toThrow();
    }
  },
);

test("the rows of a step stay 16, however they are cut and however many GPUs share them", () => {
  for (const card of [8, 16, 24, 80] as const)
    for (const gpus of [1, 2, 3, 4]) {
      const { overrides } = sft(card, {}, gpus);
      expect((overrides["sft.batchSize"] as number) * (overrides["sft.gradientAccumulation"] as number)).toBe(
        16,
      );
      expect(16 % ((overrides["sft.batchSize"] as number) * (overrides["gpu.processes"] as number))).toBe(0);
    }
  expect(sft(80, {}, 3).overrides["gpu.processes"]).toBe(2); // three do not divide 16
});

test("80 GB train in bf16 without checkpointing, with more rows a pass than the original's 2", () => {
  const { overrides } = sft(80);
  expect(overrides).toMatchObject({ "models.loadIn4bit": false, "sft.gradientCheckpointing": false });
  expect(overrides["sft.batchSize"]).toBeGreaterThan(2);
});

test("checkpointing comes before four bits, and four bits come where a larger model leaves no choice", () => {
  expect(sft(8).overrides).toMatchObject({ "models.loadIn4bit": false, "sft.gradientCheckpointing": true });
  expect(sft(16, {}, 1, judge).overrides).toMatchObject({
    "models.loadIn4bit": true,
    "sft.gradientCheckpointing": true,
  });
});

test("adapters beside the Base take room: bf16 factors of every linear map, in slots of one rank", () => {
  const lora = { count: 3, rank: 16 };
  const fits = (card: Card, slots: typeof lora | null) =>
    planServing({ ...need(card), shape: base, mayQuantise: false, lora: slots });
  const [without, beside] = [fits(80, null), fits(80, lora)];
  // peft's count of the 1.5B at rank 16
  expect(beside.memory.weights - without.memory.weights).toBe(3 * 2 * 18_464_768);
  expect(fits(8, lora).memory.cache).toBeLessThan(fits(8, null).memory.cache); // where the share is full
  expect(beside.setting).toContain("3 LoRA slots of rank 16");
  expect(fits(8, lora).fits).toBe(true);
  expect(fits(8, { count: 3, rank: 512 }).fits).toBe(false); // 3.3 GiB of factors
});

test(
  "a server takes no more cache than its requests can fill: two of them fit side by side, and none " +
    "has to measure what is free",
  () => {
    const few = serving(80, { "gpu.serverSequences": 128 }, 1, false);
    expect(few.cacheBytes).toBe(128 * PROFILES.gpu.serving.maxModelLength * cacheBytes(base));
    expect(few.memory.cache).toBe(few.cacheBytes);
    expect(2 * totalMemory(few.memory)).toBeLessThan(few.room);
    const excess = few.room * (few.overrides["gpu.serverMemoryShare"] as number) - totalMemory(few.memory);
    expect(excess).toBeGreaterThanOrEqual(0);
    expect(excess).toBeLessThan(few.room / 100);
    expect(serving(8, {}, 1, false).cacheBytes).toBeUndefined(); // it fills its share
    expect(serving(8, {}, 1, false).overrides).not.toHaveProperty("gpu.serverMemoryShare");
  },
);

test("what somebody set stays, also where it is the profile's value", () => {
  expect(
    sft(80, { "models.loadIn4bit": true, "sft.batchSize": 2, "sft.gradientCheckpointing": true }).overrides,
  ).toEqual({ "models.loadIn4bit": true, "sft.gradientCheckpointing": true, "gpu.processes": 1 });
  expect(serving(80, { "serving.concurrency": 288, "gpu.serveIn4bit": true }).overrides).toMatchObject({
    "serving.concurrency": 288,
    "gpu.serveIn4bit": true,
  });
  expect(grpo(80, { "gpu.vllm": false }).overrides).toMatchObject({ "gpu.vllm": false });
  // changed by code, not by hand
  expect(freeKeys(overrideConfig(PROFILES.gpu, { "sft.batchSize": 4 }))("sft.batchSize")).toBe(false);
});

test("GRPO has vLLM beside it on a large card, asleep on a smaller one, and none on the smallest", () => {
  expect(grpo(80).overrides).toMatchObject({
    "gpu.vllm": true,
    "gpu.vllmSleep": false,
    "models.loadIn4bit": false,
  });
  expect(grpo(16).overrides).toMatchObject({ "gpu.vllm": true, "models.loadIn4bit": false });
  expect(grpo(8).overrides["gpu.vllm"]).toBe(false);
});

test("vLLM in the trainer and four bits cannot be had together", () => {
  expect(() => grpo(80, { "gpu.vllm": true, "models.loadIn4bit": true })).toThrow(
    /gpu\.vllm and models\.loadIn4bit/,
  );
  expect(grpo(80, { "models.loadIn4bit": true }).overrides).toMatchObject({
    "gpu.vllm": false,
    "models.loadIn4bit": true,
  });
});

test("vLLM in the trainer needs cache for some of a step's answers, and takes more where it is", () => {
  const many = { "grpo.promptsPerStep": 64, "grpo.groupSize": 16 };
  expect(grpo(24, many)).toMatchObject({ fits: true, overrides: { "gpu.vllm": true } });
  const inCache = (card: Card) => grpo(card, many).memory.cache / (1536 * 28_672); // whole answers
  expect(inCache(24)).toBeGreaterThan(32);
  expect(inCache(80)).toBeGreaterThan(2 * inCache(24));
  for (const card of [16, 24, 80] as const)
    expect(totalMemory(grpo(card, many).memory)).toBeLessThanOrEqual(roomOf(CARDS[card]));
});

test("as many GPUs take part as divide a step into the passes that somebody set", () => {
  expect(sft(80, { "sft.batchSize": 16, "sft.gradientAccumulation": 1 }, 2).overrides["gpu.processes"]).toBe(
    1,
  );
  expect(sft(80, { "sft.batchSize": 4, "sft.gradientAccumulation": 4 }, 8).overrides["gpu.processes"]).toBe(
    4,
  );
  expect(grpo(80, { "grpo.microBatch": 16 }, 2).overrides["gpu.processes"]).toBe(1);
  expect(grpo(80, { "grpo.microBatch": 8 }, 4).overrides["gpu.processes"]).toBe(2);
});

test("servers on many GPUs have no more in flight than the config takes", () => {
  expect(() => overrideConfig(PROFILES.gpu, serving(80, {}, 16).overrides)).not.toThrow();
});

test("a tiny model's share of a huge GPU is one that the config takes", () => {
  const total = bytesOf(400_000);
  const huge = planGrpo(
    { ...need(80, { "gpu.vllm": true }), room: roomOf(400_000), total, shape: base },
    { shape: base, tokens: 64 },
  );
  expect(() => overrideConfig(PROFILES.gpu, huge.overrides)).not.toThrow();
});

test("a Judge on the same GPU has its share of it", () => {
  const alone = grpo(80);
  const judged = planGrpo({ ...need(80), shape: base }, { shape: judge, tokens: 16 * 4096 });
  expect(totalMemory(judged.memory)).toBeGreaterThan(totalMemory(alone.memory) - 20 * GIB);
  expect(judged.overrides).toMatchObject({ "gpu.serveIn4bit": true });
  expect(judged.overrides["gpu.serverMemoryShare"]).toBeLessThan(0.2);
});

test(
  "a small model is served by several processes a GPU, where cores and memory are enough for as " +
    "many requests as one works on",
  () => {
    const of = (card: Card, { shape = base, cores = 16, overrides = {} as Overrides, gpus = 1 } = {}) =>
      planServing({
        ...need(card, { "serving.maxModelLength": 2560, ...overrides }, gpus),
        shape,
        cores,
        mayQuantise: false,
      });
    const [one, four] = [of(80, { cores: 7 }), of(80)];
    expect([one, four].map(({ overrides }) => overrides["gpu.serverProcesses"])).toEqual([1, 4]);
    expect(four.overrides["gpu.serverSequences"]).toBe(one.overrides["gpu.serverSequences"]);
    expect(four.setting).toContain("1024 requests at once, 4 processes a GPU");
    expect(four.memory.weights).toBe(4 * one.memory.weights);
    expect(four.memory.runtime).toBe(4 * one.memory.runtime);
    expect(four.cacheBytes).toBe(four.memory.cache); // none of them has to measure what the others leave
    expect(totalMemory(four.memory)).toBeLessThanOrEqual(four.room * 0.9);
    const processes = (card: Card, options = {}) => of(card, options).overrides["gpu.serverProcesses"];
    expect([8, 16, 24].map((card) => processes(card as Card))).toEqual([1, 1, 1]);
    expect(processes(80, { shape: judge })).toBe(1); // a 7B keeps the GPU busy
    expect(processes(80, { cores: 8 })).toBe(2);
    // four leave no room for 1,024 requests
    expect(processes(80, { overrides: { "serving.maxModelLength": 4096 } })).toBe(2);
    expect(processes(80, { gpus: 2 })).toBe(2);
    expect(processes(80, { overrides: { "gpu.serverProcesses": 3 } })).toBe(3);
    expect(processes(8, { overrides: { "gpu.serverProcesses": 2 } })).toBe(2);
  },
);

test("a 7B is served in bf16 where its cache has room beside it, in 4 bit where it has not", () => {
  expect([8, 16, 24, 80].map((card) => serving(card as Card).overrides["gpu.serveIn4bit"])).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(serving(80).overrides["serving.concurrency"]).toBeGreaterThan(500);
  expect(serving(80, {}, 2).overrides["serving.concurrency"]).toBe(
    2 * (serving(80).overrides["serving.concurrency"] as number),
  );
  // what is evaluated is never quantised
  expect(serving(8, {}, 1, false).overrides).not.toHaveProperty("gpu.serveIn4bit");
});

test(
  "the client keeps twice as many in flight as the server works on; asked for fewer, the server is " +
    "made for these",
  () => {
    expect(serving(80).setting).toBe(
      `bf16, ${String(serving(80).overrides["gpu.serverSequences"])} requests at once`,
    );
    expect(serving(80).overrides["serving.concurrency"]).toBe(
      2 * (serving(80).overrides["gpu.serverSequences"] as number),
    );
    expect(serving(80, { "serving.concurrency": 30 }, 2).overrides).toMatchObject({
      "serving.concurrency": 30,
      "gpu.serverSequences": 15,
    });
    expect(serving(80, { "gpu.serverSequences": 100 }).overrides).toMatchObject({
      "serving.concurrency": 200,
      "gpu.serverSequences": 100,
    });
  },
);

test("too little memory is refused with the number missing and a setting that would fit", () => {
  const overrides = {
    "sft.batchSize": 16,
    "sft.gradientAccumulation": 1,
    "sft.gradientCheckpointing": false,
    "models.loadIn4bit": false,
  };
  const settings = need(24, overrides);
  const choiceFor = (config: Config, free: (key: string) => boolean) =>
    planSft({ ...settings, config, free, shape: base });
  const fit = choiceFor(settings.config, settings.free);
  expect(fit.fits).toBe(false);
  const refusal = () => assertFits(fit, settings.config, "Qwen/Qwen2.5-1.5B-Instruct", choiceFor);
  expect(refusal).toThrow(
    inOrder(
      /SFT does not fit/,
      /GiB are missing/,
      /This would fit: --set models.loadIn4bit=false --set sft.batchSize=/,
    ),
  );
});

test("where no setting of that length fits, a shorter length is named; where none does, that is said", () => {
  const tight = { ...need(8), room: 3.4 * GIB };
  const choiceFor = (config: Config, free: (key: string) => boolean) =>
    planSft({ ...tight, config, free, shape: base });
  expect(() => assertFits(choiceFor(tight.config, tight.free), tight.config, "m", choiceFor)).not.toThrow();
  const hopeless = { ...tight, room: GIB };
  const never = (config: Config, free: (key: string) => boolean) =>
    planSft({ ...hopeless, config, free, shape: judge });
  expect(() => assertFits(never(hopeless.config, hopeless.free), hopeless.config, "m", never)).toThrow(
    /smaller model, or a larger GPU/,
  );
  const long = need(8, { "sft.maxLength": 131_072 });
  const ofLong = (config: Config, free: (key: string) => boolean) =>
    planSft({ ...long, config, free, shape: base });
  expect(() => assertFits(ofLong(long.config, long.free), long.config, "m", ofLong)).toThrow(
    /This would fit: --set sft.maxLength=\d+ /,
  );
});

test("a row of the table adds up", () => {
  const row = planRow(sft(24), "24 GB") as Record<string, number>;
  const parts = ["weights", "KV cache", "optimizer", "activations", "runtime"].reduce(
    (sum, part) => sum + row[`${part} (GiB)`]!,
    0,
  );
  expect(row["in all (GiB)"]).toBeCloseTo(parts, 0);
});

test("what is printed names every part that takes room, in lines that fit a page", () => {
  const lines = planText(sft(24), "some/model", "24 GB").split("\n");
  expect(lines.slice(0, 2).join(" ")).toMatch(/^Memory planned for some\/model +SFT on 24 GB: [\d.]+ GiB$/);
  expect(lines[2]).toMatch(/^ {2}weights [\d.]+, optimizer [\d.]+, activations [\d.]+, runtime [\d.]+$/);
  expect(lines[3]).toContain("bf16");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(100);
});

test("divisors come largest first and stop at a bound", () => {
  expect(divisors(16)).toEqual([16, 8, 4, 2, 1]);
  expect(divisors(12, 6)).toEqual([6, 4, 3, 2, 1]);
  expect(divisors(7, 3)).toEqual([1]);
});

test.each([
  [
    "more GPUs than there are",
    () => sft(80, { "gpu.processes": 4 }, 2),
    /gpu\.processes[^]*at most 2[^]*found:\s+4/,
  ],
  [
    "GPUs that do not divide a step",
    () => sft(80, { "gpu.processes": 3 }, 4),
    /a divisor of sft\.batchSize × sft\.gradientAccumulation = 16: 4, 2, 1[^]*3/,
  ],
  [
    "passes that do not fill a process's part",
    () => sft(80, { "gpu.processes": 2, "sft.batchSize": 4, "sft.gradientAccumulation": 1 }, 2),
    /sft\.batchSize[^]*a divisor of the 2 rows[^]*found:\s+4/,
  ],
  [
    "answers a pass that do not",
    () => grpo(80, { "grpo.microBatch": 8, "gpu.processes": 4 }, 4),
    /grpo\.microBatch[^]*a divisor of the 4 rows that each of 4 processes[^]*4, 2, 1/,
  ],
  ["more servers than GPUs", () => serving(80, { "gpu.replicas": 4 }, 1), /gpu\.replicas[^]*at most 1/],
])("%s are refused by the key's name", (_, plan, says) => expect(plan).toThrow(says));
