import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { goldProblem, scoreCompletion } from "../answer/index.ts";
import { FAULT_KINDS } from "./fault-kind.ts";
import { resolveConfig } from "../config/settings.ts";
import type { Overrides } from "../config/settings.ts";
import { createRandom } from "../stats/random.ts";
import { languageOf } from "../question/language.ts";
import { QUESTION_TYPES } from "../records.ts";
import { worldExamples } from "./examples.ts";
import {
  KINDS,
  drawQuestion,
  drawQuestions,
  generateQuestions,
  partOf,
  plantFault,
  solve,
  taggedText,
  untaggedText,
} from "./index.ts";

const random = () => createRandom("world.test");
const verdict = (question: string, gold: string, completion: string) =>
  scoreCompletion({ question, gold, completion }).lenient.verdict;

test("at least 24 kinds over the four types, each with a named misconception, in two languages", () => {
  expect(KINDS.length).toBeGreaterThanOrEqual(24);
  expect(new Set(KINDS.map((kind) => kind.name)).size).toBe(KINDS.length);
  for (const type of QUESTION_TYPES) expect(KINDS.some((kind) => kind.type === type)).toBe(true);
  for (const kind of KINDS) {
    expect(kind.misconceptions.length).toBeGreaterThan(0);
    for (const method of [kind.right, ...kind.misconceptions])
      expect(method.name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(Math.min(kind.ask.en.length, kind.ask.zh.length)).toBeGreaterThanOrEqual(2);
  }
});

describe.each(KINDS.map((kind) => [kind.name, kind] as const))("%s", (_, kind) => {
  const drawn = Array.from({ length: 40 }, (_, i) =>
    drawQuestion(createRandom(`${kind.name}/${i}`), kind, "lab"),
  );

  test("the right method is right and every misconception wrong, tagged or not", () => {
    for (const one of drawn) {
      const gold = solve(one, kind.right).answer;
      expect(verdict(one.question, gold, taggedText(solve(one, kind.right))), one.question).toBe("right");
      expect(
        verdict(one.question, gold, untaggedText(solve(one, kind.right), one.language)),
        one.question,
      ).toBe("right");
      for (const method of kind.misconceptions) {
        const text = taggedText(solve(one, method));
        expect(verdict(one.question, gold, text), `${one.question}\n${text}\ngold ${gold}`).not.toBe("right");
      }
    }
  });

  test("no step shows a broken number", () => {
    for (const one of drawn)
      for (const method of [kind.right, ...kind.misconceptions])
        for (const text of [one.question, ...solve(one, method).steps, solve(one, method).answer])
          expect(text).not.toMatch(/NaN|Infinity|undefined|\d\.\d{5}/);
  });

  test("a planted fault changes the text and leaves the answer right", () => {
    for (const one of drawn.slice(0, 10))
      for (const fault of FAULT_KINDS) {
        const solution = plantFault(random(), one, fault);
        if (solution === null) continue;
        expect(solution.steps).not.toEqual(solve(one, kind.right).steps);
        expect(solution.answer).toBe(solve(one, kind.right).answer);
      }
  });
});

test("every kind has a place for at least three kinds of fault", () => {
  for (const kind of KINDS) {
    const found = FAULT_KINDS.filter((fault) =>
      Array.from({ length: 20 }, (_, i) =>
        plantFault(createRandom(i), drawQuestion(createRandom(i), kind, "lab"), fault),
      ).some((solution) => solution !== null),
    );
    expect(found.length, kind.name).toBeGreaterThanOrEqual(3);
  }
});

test("the three parts share no values, whatever the seed", () => {
  const values = (part: "corpus" | "lab" | "bench", seed: number) =>
    drawQuestions(400, seed, part).map((one) => `${one.kind.name}:${JSON.stringify(one.values)}`);
  const lab = new Set([...values("lab", 1), ...values("lab", 2)]);
  const bench = values("bench", 1);
  expect(bench.filter((value) => lab.has(value))).toEqual([]);
  expect(values("corpus", 3).filter((value) => lab.has(value) || bench.includes(value))).toEqual([]);
  for (const one of drawQuestions(50, 9, "bench")) expect(partOf(one.kind, one.values)).toBe("bench");
});

test("1,000 questions come in the wanted mix, all different, and the same for the same seed", () => {
  const questions = generateQuestions(1000, 42);
  expect(new Set(questions.map((q) => q.question)).size).toBe(1000);
  expect(new Set(questions.map((q) => q.id)).size).toBe(1000);
  expect(QUESTION_TYPES.map((type) => questions.filter((q) => q.type === type).length)).toEqual([
    400, 300, 200, 100,
  ]);
  expect(generateQuestions(1000, 42)).toEqual(questions);
  expect(generateQuestions(1000, 43)).not.toEqual(questions);
});

describe("the hand-written questions", () => {
  const rows = readFileSync(new URL("../../data/handwritten/questions.jsonl", import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

  test("are at least 60, of all types and both languages", () => {
    expect(rows.length).toBeGreaterThanOrEqual(60);
    for (const type of QUESTION_TYPES)
      expect(rows.filter((row) => row.type === type).length).toBeGreaterThanOrEqual(8);
    expect(rows.filter((row) => /[一-龥]/.test(row.question)).length).toBeGreaterThan(20);
    expect(rows.filter((row) => !/[一-龥]/.test(row.question)).length).toBeGreaterThan(20);
  });

  test.each(rows.filter((row) => row.check).map((row) => [row.id, row]))(
    "%s: the gold is what its calculation gives",
    (_, row) => {
      expect(row.check).toMatch(/^[\d\s.+*/()-]+$/);
      const value = Function(`return ${row.check}`)() as number;
      const gold = row.gold_answer.replace(/,/g, "");
      const unit = /%/.test(gold) ? "%" : /万元/.test(gold) ? "万元" : "";
      expect(
        verdict(
          row.question,
          row.gold_answer,
          `<think>x</think><answer>${Number(value.toPrecision(10))}${unit}</answer>`,
        ),
        `${row.check} = ${value}`,
      ).toBe("right");
    },
  );

  test("each gold is right against itself", () => {
    for (const row of rows)
      expect(
        verdict(row.question, row.gold_answer, `<think>x</think><answer>${row.gold_answer}</answer>`),
        row.id,
      ).toBe("right");
  });
});

test("an example of each kind in its language: the right method's answer, the same for a seed", () => {
  const examplesOf = (overrides: Overrides) => worldExamples({ config: resolveConfig({ overrides }) });
  const examples = examplesOf({ seed: 7 });
  expect(examples.map(({ kind }) => kind)).toEqual(KINDS.map(({ name }) => name));
  for (const { en, zh, ...answers } of examples) {
    expect([languageOf(en), languageOf(zh)]).toEqual(["en", "zh"]);
    for (const [question, gold] of [
      [en, answers["answer (en)"]],
      [zh, answers["answer (zh)"]],
    ] as const)
      expect(goldProblem({ question, gold_answer: gold })).toBeNull();
  }
  expect(examplesOf({ seed: 7 })).toEqual(examples);
  expect(examplesOf({ seed: 8 })).not.toEqual(examples);
  expect(examplesOf({ "models.base": "Qwen/Qwen2.5-0.5B-Instruct" })).toEqual([]);
});
