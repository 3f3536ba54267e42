import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LabError } from "../errors.ts";
import { randomAdapter, randomModel } from "../testing/random-model.ts";
import { generate } from "./generate.ts";
import { packInt8, throughInt8, unpackInt8 } from "./int8.ts";
import { loadModel, readAdapterFiles, readModelFiles } from "./load.ts";
import { emptyCache, logitsOf, read } from "./qwen2.ts";
import type { Qwen2 } from "./qwen2.ts";

const root = mkdtempSync(join(tmpdir(), "forward-"));
afterAll(() => rmSync(root, { recursive: true }));
const folder = randomModel(join(root, "model"), { positions: 40 });
const adapter = randomAdapter(join(root, "adapter"), folder);
const { model, tokenizer, ends } = loadModel(folder);
const greedy = { ends, maxTokens: 12, temperature: 0, topP: 1, next: () => 0 };

function lastLogits(of: Qwen2, tokens: readonly number[]): Float32Array {
  const cache = emptyCache(of);
  return tokens.map((token) => logitsOf(of, read(of, cache, token))).at(-1)!;
}

describe("the forward pass", () => {
  test("sees the order of tokens, all of them, and nothing of what comes later", () => {
    const [a, b] = [lastLogits(model, [5, 6, 7]), lastLogits(model, [6, 5, 7])];
    expect(a).not.toEqual(b);
    const cache = emptyCache(model);
    const early = logitsOf(model, read(model, cache, 5));
    read(model, cache, 99);
    expect(lastLogits(model, [5])).toEqual(early);
  });

  test("an adapter changes it, and leaves the base that it shares as it was", () => {
    const adapted = loadModel(folder, adapter).model;
    expect(lastLogits(adapted, [5, 6])).not.toEqual(lastLogits(model, [5, 6]));
    expect(lastLogits(loadModel(folder).model, [5, 6])).toEqual(lastLogits(model, [5, 6]));
  });

  test("a full cache is an error, not a wrong number", () => {
    const cache = emptyCache(model, 2);
    read(model, cache, 1);
    read(model, cache, 1);
    expect(() => read(model, cache, 1)).toThrow("the cache is full");
  });
});

describe("a text", () => {
  const prompt = tokenizer.encode("2 + 2?");

  test("ends at an end token, at the limit, or where the model's positions end", () => {
    expect([...generate(model, prompt, greedy)].length).toBe(12);
    const [first] = generate(model, prompt, greedy);
    expect([...generate(model, prompt, { ...greedy, ends: [first!.token] })].length).toBe(1);
    expect([...generate(model, prompt, { ...greedy, maxTokens: 1000 })].length).toBe(40 - prompt.length);
  });

  test("a prompt that is empty or fills all positions is refused", () => {
    expect(() => [...generate(model, [], greedy)]).toThrow("a prompt of 1 to 39 tokens is needed, got 0");
    expect(() => [...generate(model, new Array(40).fill(5), greedy)]).toThrow("got 40");
  });

  test("each step tells the probability that its token had", () => {
    const steps = [...generate(model, prompt, { ...greedy, temperature: 1, next: () => 0.999 })];
    for (const { logits, token, probability } of steps) {
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
      expect(probability).toBeCloseTo(Math.exp(logits[token]!) / sum, 5);
    }
  });
});

describe("weights as int8", () => {
  const { tensors } = readModelFiles(folder);

  test("differ by half a step of their row at most; vectors stay as they are", () => {
    const after = throughInt8(tensors);
    expect([...after.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, { shape, values }] of tensors) {
      if (shape.length === 1) expect(after.get(name)).toEqual(values);
      for (let i = 0; i < values.length; i++) {
        const row = shape.length === 1 ? 0 : Math.floor(i / shape[1]!) * shape[1]!;
        const largest =
          shape.length === 1 ? 0 : Math.max(...values.subarray(row, row + shape[1]!).map(Math.abs));
        expect(Math.abs(after.get(name)![i]! - values[i]!)).toBeLessThanOrEqual(largest / 254 + 1e-6);
      }
    }
  });

  test("take a quarter of the room, and a row of zeros stays zeros", () => {
    const zeros = { shape: [2, 3], values: Float32Array.from([0, 0, 0, 1, -2, 0.5]) };
    const { tensors: unpacked, about } = unpackInt8(packInt8(new Map([["w", zeros]]), { of: "税" }));
    expect([...unpacked.get("w")!.subarray(0, 3)]).toEqual([0, 0, 0]);
    expect(about).toEqual({ of: "税" });
    const big = { shape: [64, 1024], values: new Float32Array(65_536).fill(0.1) };
    expect(packInt8(new Map([["w", big]])).length).toBeLessThan(65_536 * 1.02);
  });
});

describe("what would be computed wrongly is refused", () => {
  const changed = (source: string, file: string, change: object): string => {
    const config = JSON.parse(readFileSync(join(source, file), "utf8"));
    writeFileSync(join(source, file), JSON.stringify({ ...config, ...change }));
    return source;
  };

  test("another architecture, sliding windows, stretched positions, another activation", () => {
    for (const change of [
      { model_type: "llama" },
      { use_sliding_window: true },
      { rope_scaling: { type: "yarn", factor: 4 } },
      { hidden_act: "gelu" },
    ]) {
      const other = changed(randomModel(join(root, "other")), "config.json", change);
      expect(() => loadModel(other)).toThrow(LabError);
      expect(() => loadModel(other)).toThrow(`field ${Object.keys(change)[0]}`);
    }
  });

  test("DoRA, a rank of a layer's own, an adapter with another tensor", () => {
    for (const change of [{ use_dora: true }, { rank_pattern: { q_proj: 4 } }, { bias: "all" }]) {
      const other = changed(randomAdapter(join(root, "dora"), folder), "adapter_config.json", change);
      expect(() => readAdapterFiles(other)).toThrow(`field ${Object.keys(change)[0]}`);
    }
  });

  test("a model whose weights are missing is named by the weight", () => {
    const other = changed(randomModel(join(root, "short")), "config.json", { num_hidden_layers: 3 });
    expect(() => loadModel(other)).toThrow("model.layers.2.input_layernorm.weight");
  });
});
