import { expect, test } from "vitest";
import type { Distilled } from "../records.ts";
import { pace, rescue, teacherYield, tokensToImitate, yieldBySource } from "./distill.ts";

const row = (answer: string, more: Partial<Distilled> = {}): Distilled => ({
  ...{ id: "a", question: "What is 2+3?", gold_answer: "5", type: "financial_calculation", source: "s" },
  ...{ key: "k", sample: 0, teacher_output: "", teacher_reasoning: null, assembly: null, failure: null },
  ...{ completion_tokens: 9, model: "m", response: `<think>\n2+3\n</think>\n<answer>\n${answer}\n</answer>` },
  ...more,
});
const rows = (right: number, wrong: number, more: Partial<Distilled> = {}): Distilled[] => [
  ...Array.from({ length: right }, () => row("5", more)),
  ...Array.from({ length: wrong }, () => row("6", more)),
];

test("pace: too few texts, steady, faster in the end", () => {
  const curve = (history: { seconds: number; done: number }[], resumed = 0) => ({
    ...{ total: 100, done: 100, failed: 0, resumed, tokensPerSecond: null, etaSeconds: null },
    history: history.map((point) => ({ ...point, tokensPerSecond: null })),
  });
  expect(pace(curve([], 100))).toContain("Too few texts");
  const steady = pace(curve([0, 1, 2, 3, 4].map((i) => ({ seconds: 5 + i, done: 20 + 20 * i }))));
  expect(steady).toContain("after 5 s. After that 20 texts a second");
  expect(steady).toContain("about as fast as before");
  const late = [5, 9, 13, 14, 15].map((seconds, i) => ({ seconds, done: 20 + 20 * i }));
  expect(pace(curve(late))).toContain("faster than before");
});

test("tokens to imitate: none right, a ratio", () => {
  const words = (text: string): number => text.split(/\s+/).length;
  expect(tokensToImitate(rows(0, 2), words)).toContain("nothing to compare");
  expect(tokensToImitate(rows(3, 1), words)).toContain("6 times as many tokens to imitate, from the same 3");
});

test("yield: nothing, all right, the cause of most and the weakest type", () => {
  expect(teacherYield([])).toBe("There is no text yet.");
  expect(teacherYield(rows(4, 0))).toBe("**100 %** [51, 100] of 4 texts are right by the rules.");
  const mixed = teacherYield([...rows(20, 0), ...rows(5, 15, { type: "financial_concept" })]);
  expect(mixed).toContain("**63 %** [47, 76] of 40 texts");
  expect(mixed).toContain("Of the other 15, 15 fail by “wrong answer”");
  expect(mixed).toContain("in concept: **25 %** [11, 47] of 20, less than in the others.");
  const alike = teacherYield([...rows(18, 2), ...rows(17, 3, { type: "financial_concept" })]);
  expect(alike).toMatch(/in concept: .* of 20, which chance alone may set apart/);
});

test("sources: one says nothing, two apart or not", () => {
  expect(yieldBySource(rows(3, 1))).toBe("");
  const apart = [...rows(90, 10), ...rows(2, 50, { source: "t" })];
  expect(yieldBySource(apart)).toContain("s 90 of 100, t 2 of 52. The sources differ");
  expect(yieldBySource([...rows(5, 5), ...rows(6, 4, { source: "t" })])).toContain("do not tell");
});

test("rescue: the interval of the few that were asked goes into the yield", () => {
  expect(rescue([], 0, { right: 5, total: 5 })).toContain("nothing to ask again");
  const told = rescue(
    [
      { k: 1, share: 0.45 },
      { k: 4, share: 14 / 24 },
    ],
    24,
    { right: 670, total: 800 },
  );
  expect(told).toContain("4 more texts rescue **58 %** [39, 76] of 24 questions");
  expect(told).toContain("Most of it comes with the first new text");
  expect(told).toContain("from 84 % to between **90 and 96 %**");
  const slow = rescue(
    [
      { k: 1, share: 0.1 },
      { k: 4, share: 0.5 },
    ],
    24,
    { right: 1, total: 2 },
  );
  expect(slow).toContain("later texts still bring");
});
