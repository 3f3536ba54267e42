import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { groupAdvantages } from "../reward/advantage.ts";
import { randomAdapter, randomModel } from "../testing/random-model.ts";
import { headPolicy } from "./head-policy.ts";
import type { DrawnAnswer, HeadPolicy } from "./head-policy.ts";
import { loadModel } from "./load.ts";

const root = mkdtempSync(join(tmpdir(), "head-"));
afterAll(() => rmSync(root, { recursive: true }));
const folder = randomModel(join(root, "model"), { positions: 40 });
const adapter = randomAdapter(join(root, "adapter"), folder);
const options = { maxTokens: 12, temperature: 1, seed: 3 };
const open = (changes: Partial<typeof options> = {}) =>
  headPolicy(loadModel(folder, adapter), { ...options, ...changes });
const PROMPT = "2 + 2?";
const texts = (policy: HeadPolicy, count: number) =>
  Array.from({ length: count }, () => policy.answer(PROMPT).text);

describe("a policy with a head to be trained", () => {
  test("draws the same answers for the same seed, others for another", () => {
    expect(texts(open(), 4)).toEqual(texts(open(), 4));
    expect(texts(open(), 4)).not.toEqual(texts(open({ seed: 4 }), 4));
  });

  test("what is known of a text is what reading it from its start gives", () => {
    const policy = open();
    for (const { tokens } of Array.from({ length: 5 }, () => policy.answer(PROMPT))) {
      const fresh = open({ seed: 9 });
      // another order of texts, and so other tokens in the cache
      fresh.answer("other");
      fresh.answer(PROMPT);
      expect(fresh.chances(tokens[0]!.hidden)).toEqual(tokens[0]!.chances);
    }
  });

  test("an answer's probability is its chances multiplied, when drawn and now", () => {
    const policy = open({ temperature: 0.7 });
    const answer = policy.answer(PROMPT);
    const whole = answer.tokens.reduce((p, { token, chances }) => p * chances[token]!, 1);
    expect(answer.probability).toBeCloseTo(whole, 15);
    expect(policy.probability(answer)).toBeCloseTo(whole, 15);
    expect(answer.tokens.length).toBe(12);
  });

  test("its head is a copy: the model stays as it was", () => {
    const loaded = loadModel(folder);
    const first = loaded.model.embeddings.slice();
    headPolicy(loaded, options).head.fill(0);
    expect(loaded.model.embeddings).toEqual(first);
    expect(loaded.model.unembeddings).toEqual(first);
  });

  test("refuses a prompt that leaves no room", () => {
    expect(() => open().answer("")).toThrow("a prompt of 1 to 39 tokens is needed, got 0");
  });
});

describe("the step that notebook 05 writes out", () => {
  const { cells } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../notebooks/05_grpo.ipynb"), "utf8"),
  ) as { cells: { source: string[] }[] };
  const cellWith = (words: string) =>
    stripTypeScriptTypes(cells.find(({ source }) => source.join("").includes(words))!.source.join(""));
  type AddSlopes = (gradient: Float32Array, answer: DrawnAnswer, weight: number) => void;
  const addSlopes = new Function(`${cellWith("function addSlopes")}; return addSlopes;`)() as AddSlopes;

  /** `grpoStep` with answers paid by how many letters a they hold. */
  const stepWith = (payOf: (answer: DrawnAnswer) => number) =>
    new Function(
      ...["groupAdvantages", "asked", "payOf", "addSlopes"],
      `${cellWith("function grpoStep")}; return grpoStep;`,
    )(groupAdvantages, { prompt: PROMPT }, payOf, addSlopes) as (
      student: HeadPolicy,
      size?: number,
      learningRate?: number,
    ) => (DrawnAnswer & { paid: number; advantage: number })[];

  test("has the gradient that finite differences have", () => {
    const policy = open();
    const answer = policy.answer(PROMPT);
    const gradient = new Float32Array(policy.head.length);
    addSlopes(gradient, answer, 1);
    const value = () => Math.log(policy.probability(answer)) / answer.tokens.length;
    const width = answer.tokens[0]!.hidden.length;
    const places = [answer.tokens[0]!.token, answer.tokens[3]!.token, 7].map((row, i) => row * width + i);
    for (const place of places) {
      const weight = policy.head[place]!;
      const by = 1e-2;
      policy.head[place] = weight + by;
      const above = value();
      policy.head[place] = weight - by;
      const below = value();
      policy.head[place] = weight;
      expect(gradient[place]).toBeCloseTo((above - below) / (2 * by), 4);
    }
    expect(Math.hypot(...gradient)).toBeGreaterThan(0.1);
  });

  test("makes what is paid above the mean likelier, and what is paid below it less likely", () => {
    const policy = open();
    let drawn = 0;
    const group = stepWith(() => (drawn++ % 8 === 0 ? 1 : 0))(policy, 8, 0.05);
    expect(group[0]!.advantage).toBeGreaterThan(2);
    expect(policy.probability(group[0]!)).toBeGreaterThan(group[0]!.probability);
    const others = group.slice(1).filter((answer) => policy.probability(answer) < answer.probability);
    expect(others.length).toBeGreaterThan(3);
  });

  test("moves nothing where all are paid alike", () => {
    const policy = open();
    const before = policy.head.slice();
    stepWith(() => 0.3)(policy);
    expect(policy.head).toEqual(before);
  });
});
