import { expect, test } from "vitest";
import type { QuestionFacts } from "./prepared.ts";
import { typeRules } from "./type-rules.ts";

const fact = (rule: string, type: string, typeByRules: string, typeGiven = true) =>
  ({ rule, type, typeByRules, typeGiven }) as QuestionFacts;

test("rules that fired, in order, with the share that agrees", () => {
  const rows = typeRules([
    fact("otherwise", "financial_concept", "financial_concept"),
    fact("otherwise", "financial_analysis", "financial_concept"),
    fact("rules yes or no", "financial_reasoning", "financial_reasoning", false),
  ]);
  expect(rows.map(({ rule, questions, agree }) => [rule, questions, agree])).toEqual([
    ["rules yes or no", 1, null],
    ["otherwise", 2, 0.5],
  ]);
  expect(typeRules([])).toEqual([]);
});
