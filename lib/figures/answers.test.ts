import { expect, test } from "vitest";
import type { EvalDetail } from "../records.ts";
import { answerProgress, passAtKCurve } from "./answers.ts";

const sampled = (id: string, ...right: boolean[]): EvalDetail[] =>
  right.map((lenient, sample) => ({
    id,
    type: "financial_concept",
    mode: "sampled",
    sample,
    completion: "",
    format: false,
    strict: false,
    lenient,
    reason: "",
    message: "",
    judge: null,
    tokens: 1,
  }));

test("pass@k grows with k: of a question half right it is half at one try and all at the most", () => {
  const { data, layout } = passAtKCurve([
    { name: "base", details: [...sampled("a", true, false), ...sampled("b", false, false)] },
  ]);
  expect(data).toHaveLength(1);
  expect(data[0]).toMatchObject({ name: "Base", x: [1, 2], y: [0.25, 0.5] });
  expect(JSON.stringify(layout.title)).toContain("n = 2 questions");
});

test("questions that were answered greedily only take no part", () => {
  const greedyToo = { ...sampled("c", true)[0]!, mode: "greedy" as const };
  const { data, layout } = passAtKCurve([
    { name: "sft", details: [...sampled("a", true, false), greedyToo] },
  ]);
  expect(data[0]).toMatchObject({ x: [1, 2], y: [0.5, 1] });
  expect(JSON.stringify(layout)).toContain("n = 1 questions");
});

test("k goes as far as every question has samples; without samples the figure says so", () => {
  expect(
    passAtKCurve([{ name: "sft", details: [...sampled("a", true, true, true), ...sampled("b", true)] }])
      .data[0]!.x,
  ).toEqual([1]);
  const greedy = sampled("a", true).map((row) => ({ ...row, mode: "greedy" as const }));
  expect(JSON.stringify(passAtKCurve([{ name: "sft", details: greedy }]).layout)).toContain(
    "No answers were sampled",
  );
});

test("the curve of an evaluation begins anew with other arms, and names all that are asked", () => {
  let ms = 0;
  const draw = answerProgress(() => ms);
  const at = (names: string[], done: number) => (
    (ms += 1000),
    draw({ names, done, asked: done, failures: {}, total: 4, tokensPerSecond: 10, etaSeconds: 1 })
  );
  at(["base"], 1);
  expect(at(["base"], 2).data[0]!.y).toEqual([1, 2]);
  const next = at(["sft", "sft_grpo"], 1);
  expect(next.data[0]!.y).toEqual([1]);
  expect(JSON.stringify(next.layout.title)).toContain("Answers of SFT · SFT + GRPO");
});
