import { expect, test } from "vitest";
import { cacheBytes, GIB, servingMemory, totalMemory, trainingMemory } from "./memory.ts";
import type { Memory, TrainingLoad } from "./memory.ts";
import { PUBLISHED_SHAPES, readModelShape } from "../model/shape.ts";

/** What torch counts: all but the CUDA context and its libraries. */
const allocatedMemory = (memory: Memory): number => totalMemory(memory) - memory.runtime;
const base = PUBLISHED_SHAPES["Qwen/Qwen2.5-1.5B-Instruct"]!;
const teacher = readModelShape("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B")!;
const plain: TrainingLoad = {
  shape: base,
  format: "bf16",
  rank: 16,
  dropout: true,
  tokens: 8192,
  checkpointing: true,
  kernels: "plain",
};
const qlora = { format: "nf4 double", float32: true } as const;

// Peaks on one H100 80 GB, weights of the right shape. Plain PEFT loops on rows of 2,048 tokens; the
// product's own runs of `npm run bench:gpu`.
test.each<[string, Partial<TrainingLoad>, number]>([
  ["LoRA bf16, 4 rows, no checkpointing", { tokens: 4 * 2048, checkpointing: false }, 44],
  ["LoRA bf16, 8 rows, checkpointing", { tokens: 8 * 2048 }, 32],
  ["NF4 QLoRA, 2 rows, checkpointing (the original's setting)", { tokens: 2 * 2048, ...qlora }, 9.9],
  ["NF4 QLoRA, 8 rows, checkpointing", { tokens: 8 * 2048, ...qlora }, 33],
  [
    "ours: LoRA bf16, a pass of at most 15,147 tokens, no checkpointing",
    { tokens: 15_147, checkpointing: false, kernels: "fused" },
    44.62,
  ],
  [
    "ours: NF4 QLoRA, 8 rows of 2,048, checkpointing",
    { tokens: 8 * 2048, format: "nf4 double", kernels: "fused" },
    4.54,
  ],
])("%s: within 3 %% of what was measured", (_, load, measured) => {
  const planned = allocatedMemory(trainingMemory({ ...plain, ...load })) / GIB;
  expect(Math.abs(planned / measured - 1)).toBeLessThan(0.03);
});

test("fused kernels take away most of a checkpointed run, and checkpointing most of the rest", () => {
  const peak = (load: Partial<TrainingLoad>) => allocatedMemory(trainingMemory({ ...plain, ...load })) / GIB;
  expect(peak({})).toBeGreaterThan(2.5 * peak({ kernels: "fused" }));
  expect(peak({ kernels: "fused", checkpointing: false })).toBeGreaterThan(5 * peak({ kernels: "fused" }));
});

test("activations grow with the tokens of a pass, weights and optimizer do not", () => {
  const [one, two] = [4096, 8192].map((tokens) => trainingMemory({ ...plain, tokens, checkpointing: false }));
  expect(two!.activations).toBe(2 * one!.activations);
  expect([two!.weights, two!.optimizer]).toEqual([one!.weights, one!.optimizer]);
});

test("a token of the 7B Teacher costs 57,344 bytes of cache, one of the 1.5B Base half of that", () => {
  // 2 × 28 layers × 4 heads × 128 × 2 bytes; config.json of both models
  expect(cacheBytes(teacher)).toBe(57_344);
  expect(cacheBytes(base)).toBe(28_672);
});

test("the parts of a server add up, and 4-bit weights of a 7B leave its vocabulary in bf16", () => {
  const memory = servingMemory({ shape: teacher, format: "nf4 double", tokens: 10_000, graphs: false });
  expect(totalMemory(memory)).toBe(memory.weights + memory.cache + memory.runtime);
  expect(memory.cache).toBe(573_440_000);
  expect(memory.weights / GIB).toBeGreaterThan(5); // "4-bit" of 7.6e9 parameters would be 3.5
  expect(memory.weights / GIB).toBeLessThan(5.3);
});
