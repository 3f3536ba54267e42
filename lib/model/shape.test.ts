import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  BITS_PER_WEIGHT,
  countLoraParameters,
  countParameters,
  type ModelShape,
  PUBLISHED_SHAPES,
  readModelShape,
  loraRows,
  quantisationRows,
  weightBytes,
} from "./shape.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-shape-"));
afterAll(() => rmSync(root, { recursive: true }));

// Five layers of 256 × 640, two of four heads for keys, 3,072 tokens, tied.
const tiny: ModelShape = {
  model_type: "qwen2",
  hidden_size: 256,
  intermediate_size: 640,
  num_hidden_layers: 5,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 3072,
  tie_word_embeddings: true,
};
const big = PUBLISHED_SHAPES["Qwen/Qwen2.5-1.5B-Instruct"]!;
const larger = PUBLISHED_SHAPES["Qwen/Qwen2.5-7B-Instruct"]!;

test("the parts add up to the size the model cards print", () => {
  // "1.54B parameters, 1.31B without embeddings" and "7.61B, 6.53B":
  // https://huggingface.co/Qwen/Qwen2.5-1.5B-Instruct, …-7B-Instruct
  expect(countParameters(big).total).toBe(1_543_714_304);
  expect((countParameters(big).linear + countParameters(big).other) / 1e9).toBeCloseTo(1.31, 2);
  expect(countParameters(larger).total).toBe(7_615_616_512);
  expect((countParameters(larger).linear + countParameters(larger).other) / 1e9).toBeCloseTo(6.53, 2);
});

test("LoRA trains rank × (inputs + outputs) of each linear map", () => {
  // What PEFT counts for this shape at rank 16; 18,464,768 is the published count for the 1.5B.
  expect(countLoraParameters(tiny, 16)).toBe(358_400);
  expect(countLoraParameters(big, 16)).toBe(18_464_768);
  expect(countLoraParameters(big, 32)).toBe(2 * countLoraParameters(big, 16));
});

test("double quantisation brings a weight to 4.127 bits, 0.373 fewer than NF4 alone", () => {
  // QLoRA, section 3: 0.5 bit of constants a parameter becomes 0.127.
  expect(BITS_PER_WEIGHT["nf4 double"]).toBeCloseTo(4.127, 3);
  expect(BITS_PER_WEIGHT.nf4 - BITS_PER_WEIGHT["nf4 double"]).toBeCloseTo(0.373, 3);
});

test("what is not a linear map stays at 16 bit", () => {
  const { total, linear } = countParameters(tiny);
  expect(weightBytes(tiny, "bf16")).toBe(2 * total);
  expect(weightBytes(tiny, "nf4")).toBe(2 * (total - linear) + (4.5 / 8) * linear);
  // The large vocabulary of a small model is a larger share of it than that of a big one.
  const kept = (shape: ModelShape) => weightBytes(shape, "nf4 double") / weightBytes(shape, "bf16");
  expect(kept(big)).toBeGreaterThan(kept(larger));
});

test("a table of sizes has the bits of a weight first, then each model's MiB", () => {
  const [bits, row] = quantisationRows("ckpts/tiny/base");
  expect(bits).toMatchObject({ model: "each linear weight", unit: "bits", bf16: 16, NF4: 4.5 });
  expect(row).toMatchObject({ unit: "MiB", bf16: weightBytes(tiny, "bf16") / 2 ** 20 });
  expect(Number(row!["double saves"])).toBeCloseTo(Number(row!.NF4) - Number(row!["NF4, double"]), 9);
});

test("LoRA's rows: the Base first, and the larger the model the smaller its share", () => {
  const rows = loraRows("ckpts/tiny/base", 16);
  expect(rows[0]).toMatchObject({ model: "ckpts/tiny/base", "LoRA trains": 358_400 });
  const shares = rows.map((row) => Number(row["share, counted in (%)"]));
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
});

test("a folder's own configuration is read, and what is missing is named", () => {
  writeFileSync(join(root, "config.json"), JSON.stringify({ ...tiny, hidden_act: "silu" }));
  expect(readModelShape(root)).toEqual(tiny);
  writeFileSync(join(root, "config.json"), JSON.stringify({ ...tiny, vocab_size: undefined }));
  expect(() => readModelShape(root)).toThrow(/config\.json, field vocab_size/);
  writeFileSync(join(root, "config.json"), "{");
  expect(() => readModelShape(root)).toThrow("not JSON");
  expect(() => readModelShape(join(root, "absent"))).toThrow("holds no model");
});

test("a hub id is looked up among the published ones; what is not known is null, not a guess", () => {
  expect(readModelShape("Qwen/Qwen2.5-7B-Instruct")).toBe(larger);
  expect(readModelShape("some/other")).toBeNull();
  writeFileSync(join(root, "config.json"), JSON.stringify({ ...tiny, model_type: "llama" }));
  expect(readModelShape(root)).toBeNull();
});
