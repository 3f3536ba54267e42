import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { PYTHON, REPO_ROOT } from "../config/paths.ts";
import { HARD_TEXTS, realTexts } from "../testing/tokenizer-texts.ts";
import { randomAdapter, randomModel } from "../testing/random-model.ts";
import { generateQuestions } from "../world/index.ts";
import { generate } from "./generate.ts";
import { loadModel } from "./load.ts";
import type { LoadedModel } from "./load.ts";
import { emptyCache, logitsOf, read } from "./qwen2.ts";

const root = mkdtempSync(join(tmpdir(), "forward-"));
afterAll(() => rmSync(root, { recursive: true }));

const TINY = join(REPO_ROOT, "ckpts", "tiny", "base");
const MAX_TOKENS = 160;
const prompts = generateQuestions(200, 7).map(
  ({ question }) => `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`,
);

interface Reference {
  encoded: number[][];
  answers: number[][];
  logits: number[][][];
}

async function askTransformers(folder: string, adapter: string | null, asked: object): Promise<Reference> {
  const [input, output] = [join(root, "asked.json"), join(root, "reference.json")];
  writeFileSync(input, JSON.stringify({ texts: [], maxTokens: MAX_TOKENS, ...asked }));
  const script = join(REPO_ROOT, "scripts", "tests", "reference_answers.py");
  await promisify(execFile)(PYTHON, [script, folder, adapter ?? "", input, output]);
  return JSON.parse(readFileSync(output, "utf8")) as Reference;
}

function greedy({ model, tokenizer, ends }: LoadedModel, prompt: string): number[] {
  const options = { ends, maxTokens: MAX_TOKENS, temperature: 0, topP: 1, next: () => 0 };
  return [...generate(model, tokenizer.encode(prompt), options)].map(({ token }) => token);
}

/** The largest difference of a logit, at any position of prompt and answer. */
function largestDifference({ model, tokenizer }: LoadedModel, asked: string[], reference: Reference): number {
  let largest = 0;
  reference.logits.forEach((expected, i) => {
    const cache = emptyCache(model);
    [...tokenizer.encode(asked[i]!), ...reference.answers[i]!].forEach((token, position) => {
      const logits = logitsOf(model, read(model, cache, token));
      logits.forEach((logit, id) => {
        const difference = Math.abs(logit - expected[position]![id]!);
        largest = Number.isNaN(difference) ? Infinity : Math.max(largest, difference);
      });
    });
  });
  return largest;
}

describe("the forward pass beside transformers in float32", { timeout: 600_000 }, () => {
  test("the same greedy texts to 200 questions, no logit 1e-3 away, equal tokens of real texts", async () => {
    const texts = [...HARD_TEXTS, ...realTexts()];
    const reference = await askTransformers(TINY, null, { texts, prompts, logitsOf: 6 });
    const loaded = loadModel(TINY);
    expect(texts.map((text) => loaded.tokenizer.encode(text))).toEqual(reference.encoded);
    expect(reference.logits.length).toBe(6);
    expect(largestDifference(loaded, prompts, reference)).toBeLessThan(1e-3);
    expect(prompts.map((prompt) => greedy(loaded, prompt))).toEqual(reference.answers);
  });

  test("an adapter on top counts as PEFT counts it", async () => {
    const adapter = randomAdapter(join(root, "adapter"), TINY, { hidden: 256, layers: 5, rank: 6, seed: 3 });
    const asked = prompts.slice(0, 4);
    const reference = await askTransformers(TINY, adapter, { prompts: asked, logitsOf: 4 });
    const loaded = loadModel(TINY, adapter);
    expect(largestDifference(loaded, asked, reference)).toBeLessThan(1e-3);
    expect(asked.map((prompt) => greedy(loaded, prompt))).toEqual(reference.answers);
    expect(largestDifference(loadModel(TINY), asked, reference)).toBeGreaterThan(1); // it does something
  });

  test("a model of another shape, with biases that are not zero", async () => {
    const folder = randomModel(join(root, "model"), { hidden: 96, layers: 3, positions: 400 });
    const asked = prompts.slice(0, 2);
    const reference = await askTransformers(folder, null, { prompts: asked, logitsOf: 2 });
    const loaded = loadModel(folder);
    expect(largestDifference(loaded, asked, reference)).toBeLessThan(1e-3);
  });
});
