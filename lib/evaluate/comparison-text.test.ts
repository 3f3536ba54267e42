import { expect, test } from "vitest";
import {
  comparisonRows,
  describeComparison,
  differenceVerdict,
  formatP,
  readSteps,
} from "./comparison-text.ts";
import { formatPoints } from "../view/numbers.ts";

const comparison = {
  metric: "accuracyLenient" as const,
  n: 200,
  delta: 0.2,
  low: 0.121,
  high: 0.279,
  p: 0.0002,
};

test("a difference is a verdict only when its interval and the test agree on one side of 0", () => {
  expect([0.05, 0.125].map((p) => differenceVerdict({ low: 0.005, high: 0.04, p }))).toEqual([
    "undecided",
    "undecided",
  ]);
  expect(
    [
      { low: 0.01, high: 0.2 },
      { low: -0.2, high: -0.01 },
      { low: 0, high: 0.2 },
      { low: -0.1, high: 0 },
    ].map((ends) => differenceVerdict({ ...ends, p: 0.01 })),
  ).toEqual(["better", "worse", "undecided", "undecided"]);
});

test("the sentence holds difference, interval, p, n and what may be said", () => {
  expect(describeComparison("base", "sft", comparison)).toBe(
    "**SFT against Base**, greedy, lenient: **+20.0 points** [+12.1, +27.9], p < 0.001, n = 200 " +
      "questions: better.",
  );
  expect(
    describeComparison("sft", "sft_grpo", { ...comparison, delta: -0.01, low: -0.05, high: 0.03, p: 0.7 }),
  ).toMatch(/−1\.0 points\*\* \[−5\.0, \+3\.0\], p = 0\.700, .*do not decide it\.$/);
  expect(
    describeComparison("base", "base_prompted", {
      ...comparison,
      changed: 0,
      delta: 0,
      low: -0.04,
      high: 0.04,
      p: 1,
    }),
  ).toMatch(/0\.0 points.*no answer's verdict differs\.$/);
});

test("points carry a sign, but not that of a zero", () => {
  expect([0.043, -0.01, 0, -0.0001, 1].map(formatPoints)).toEqual(["+4.3", "−1.0", "0.0", "0.0", "+100.0"]);
  expect([0.0004, 0.04, 1].map(formatP)).toEqual(["p < 0.001", "p = 0.040", "p = 1.000"]);
});

test("a table has one row a pair and metric", () => {
  const rows = comparisonRows([
    { a: "base", b: "sft", metrics: [comparison, { ...comparison, metric: "format" }] },
  ]);
  expect(rows.map((row) => [row.step, row.metric, row.verdict])).toEqual([
    ["Base → SFT", "greedy, lenient", "better"],
    ["Base → SFT", "format", "better"],
  ]);
  expect(rows[0]!.points).toBe("+20.0 [+12.1, +27.9]");
});

const pairOf = (a: string, b: string, greedy: object, sampled?: object) => ({
  ...{ a, b },
  metrics: [
    { ...comparison, changed: 40, ...greedy },
    ...(sampled
      ? [{ ...comparison, metric: "accuracySampledLenient" as const, changed: 40, ...sampled }]
      : []),
  ],
});
const worse = { delta: -0.1, low: -0.15, high: -0.05, p: 0.01 };
const open = { delta: 0.01, low: -0.05, high: 0.06, p: 0.7 };
const same = { delta: 0, low: -0.01, high: 0.01, p: 1, changed: 0 };

test("a step is one row: greedy, sampled, and one verdict where both agree", () => {
  const { rows } = readSteps([
    pairOf("sft", "sft_grpo", {}, { n: 50 }),
    pairOf("base", "sft", {}, worse),
    pairOf("base", "base_majority", open),
  ]);
  expect(rows[0]).toEqual({
    step: "SFT → SFT + GRPO",
    "greedy, points [95 %]": "+20.0 [+12.1, +27.9]",
    p: "< 0.001",
    n: 200,
    "sampled, points [95 %]": "+20.0 [+12.1, +27.9]",
    "p, sampled": "< 0.001",
    "n, sampled": 50,
    verdict: "better",
  });
  expect(rows.map(({ verdict }) => verdict)).toEqual(["better", "better; sampled: worse", "undecided"]);
  expect(rows[2]).toMatchObject({ p: "0.700", "sampled, points [95 %]": null, "n, sampled": null });
});

test("the sentences count the steps, and name those that are not better", () => {
  const all = [
    pairOf("sft", "sft_grpo", {}, {}),
    pairOf("base", "sft", worse, worse),
    pairOf("base", "grpo_only", open),
    pairOf("base", "base_prompted", same),
  ];
  expect(readSteps(all).reading).toBe(
    "Of 4 steps, greedy and read leniently: **1 better**, **1 worse** (*Base → SFT*), 1 not decided " +
      "(*Base → GRPO only*), 1 without any change (*Base → Base, prompted*). Sampled answers agree " +
      "wherever there are any.",
  );
  expect(readSteps([pairOf("base", "sft", {}, open)]).reading).toMatch(
    /^Of one step, .*\*\*1 better\*\*\. Sampled answers say otherwise of \*Base → SFT\* \(undecided\)\.$/,
  );
  expect(readSteps([pairOf("base", "sft", {})]).reading).toMatch(/better\*\*\.$/);
  expect(readSteps([]).reading).toContain("No two arms");
});
