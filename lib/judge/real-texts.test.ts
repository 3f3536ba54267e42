import { expect, test } from "vitest";
import { textOf } from "../testing/judge-rows.ts";
import { armTexts, labelledTexts } from "./real-texts.ts";
import type { DistilledText } from "./real-texts.ts";
import type { EvalDetail, RlRow } from "../records.ts";

const row = (i: number, response: string | null, over: Partial<DistilledText> = {}): DistilledText => ({
  ...{ key: `k${i}`, id: `q${i}`, question: `What is ${i} + ${i}?`, gold_answer: String(2 * i) },
  ...{ teacher_output: "raw", response, assembly: "last_boxed", failure: null, ...over },
});
const right = (i: number) => row(i, textOf("we add", String(2 * i)));
const wrong = (i: number) => row(i, textOf("we guess", String(2 * i + 1)));
const range = (n: number, from = 1) => Array.from({ length: n }, (_, i) => from + i);

test("the checker's right and wrong texts, as many of each as there are, at most half each", () => {
  const rows = [...range(60).map(right), ...range(8, 100).map(wrong)];
  const texts = labelledTexts(rows, { count: 40 });
  expect(texts.filter(({ fault }) => fault === "wrong_answer")).toHaveLength(8);
  expect(texts.filter(({ fault }) => fault === null)).toHaveLength(20);
  expect(labelledTexts(rows, { count: 40 })).toEqual(texts);
  expect(labelledTexts(rows, { count: 40, seed: 7 })).not.toEqual(texts);
  expect(texts.slice(0, 14).some(({ fault }) => fault !== null)).toBe(true);
});

test("one text a question, and the wrong one of it where it has both", () => {
  const rows = range(10).flatMap((i) => [
    right(i),
    { ...wrong(i), key: `w${i}` },
    { ...wrong(i), key: `v${i}` },
  ]);
  const texts = labelledTexts(rows);
  expect(texts).toHaveLength(10);
  expect(texts.every(({ fault }) => fault === "wrong_answer")).toBe(true);
});

test("what the Judge never sees in the filter is not shown here", () => {
  const open = {
    ...row(1, textOf("prices rise", "money buys less")),
    gold_answer: "because inflation erodes the real value",
  };
  const rows = [
    open,
    row(2, null),
    row(3, "4"),
    row(4, null, { assembly: "no_answer", teacher_output: textOf("x", "8") }),
  ];
  expect(labelledTexts(rows)).toEqual([]);
});

test("where nothing was put together, the raw text counts, unless it was cut", () => {
  const raw = { response: null, assembly: null, teacher_output: textOf("we add", "2") };
  expect(labelledTexts([row(1, null, raw)])).toMatchObject([
    { id: "k1", fault: null, completion: raw.teacher_output },
  ]);
  expect(labelledTexts([row(1, null, { ...raw, failure: "length" })])).toEqual([]);
});

test("an arm's greedy answers that keep the format, with the rules' labels", () => {
  const detail = (id: string, completion: string, over: Partial<EvalDetail> = {}): EvalDetail => ({
    ...{
      id,
      type: "financial_calculation",
      mode: "greedy",
      sample: 0,
      completion,
      format: true,
      strict: false,
      lenient: false,
    },
    ...{ reason: "", message: "", judge: null, tokens: 1, ...over },
  });
  const questions = ["a", "b"].map(
    (id): RlRow => ({
      id,
      prompt: `${id}: what is 2 × 2?`,
      gold_answer: "4",
      type: "financial_calculation",
    }),
  );
  const details = [
    detail("a", textOf("2 × 2 = 4", "4")),
    detail("b", textOf("2 × 2 = 5", "5")),
    detail("a", textOf("2 × 2 = 4", "4"), { mode: "sampled" }),
    detail("b", "5", { format: false }),
    detail("elsewhere", textOf("1", "1")),
  ];
  expect(armTexts("sft", details, questions).map(({ id, fault }) => [id, fault])).toEqual([
    ["sft/a", null],
    ["sft/b", "wrong_answer"],
  ]);
});
