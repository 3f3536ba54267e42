import { expect, test } from "vitest";
import type { EvalDetail } from "../records.ts";
import { closing } from "./closing.ts";
import type { Closing } from "./closing.ts";

type Metric = Closing["pairs"][number]["metrics"][number];
const better: Pick<Metric, "delta" | "low" | "high" | "p"> = { delta: 0.1, low: 0.05, high: 0.2, p: 0.01 };
const open = { delta: 0.01, low: -0.1, high: 0.1, p: 0.5 };
const worse = { delta: -0.1, low: -0.2, high: -0.05, p: 0.01 };
const pair = (a: string, b: string, greedy: typeof better, sampled: typeof better | null = null, lost = 0) =>
  ({
    ...{ a, b, regressions: Array.from({ length: lost }, () => ({})) },
    metrics: [
      { metric: "accuracyLenient", n: 200, ...greedy },
      ...(sampled ? [{ metric: "accuracySampledLenient", n: 200, ...sampled }] : []),
    ],
  }) as unknown as Closing["pairs"][number];
const answers = (n: number, right: number, kind?: string) =>
  Array.from({ length: n }, (_, i) => ({ mode: "greedy", lenient: i < right, kind }) as EvalDetail);
const said = (pairs: Closing["pairs"], details: EvalDetail[] = [], seeds = [42]) =>
  closing({
    summary: { n: 200, seeds, profile: "tiny" },
    pairs,
    evaluations: { sft_grpo: { details } },
  });

test("what is decided is shown with its numbers, by the reading that decides it", () => {
  const text = said([
    pair("base_prompted", "sft", better),
    pair("sft", "sft_grpo", open, better, 6),
    pair("base", "grpo_only", worse),
  ]);
  expect(text).toContain("On 200 test questions that no training saw: SFT is better than the untrained Base");
  expect(text).toContain(
    "(greedy +10.0 points [+5.0, +20.0]); GRPO adds right answers to SFT (sampled +10.0",
  );
  expect(text).toContain("without SFT, **costs** right answers of the Base (greedy −10.0");
  expect(text).toContain("6 questions that SFT had right are wrong after GRPO");
  expect(text).not.toContain("Not decided");
  expect(text).not.toContain("golds alone");
});

test("what is not decided is said, two readings that contradict each other among it", () => {
  const text = said([pair("sft_gold", "sft", open), pair("sft", "sft_grpo", better, worse)]);
  expect(text).toContain("no step could be told from chance");
  expect(text).toContain(
    "Not decided: whether the Teacher's steps teach more than the golds alone (greedy +1.0",
  );
  expect(text).toContain("; whether GRPO adds right answers to SFT (greedy +10.0");
  expect(text).toContain("No question that SFT had right was lost");
});

test.each([
  ["none generated", answers(9, 9), "questions from the sources that were trained on"],
  [
    "few from elsewhere",
    [...answers(50, 40, "k"), ...answers(3, 0)],
    "Of questions from elsewhere it says nothing.",
  ],
  [
    "others fail",
    [...answers(184, 150, "k"), ...answers(16, 2)],
    "16 from elsewhere 2 are right: what was learned does **not**",
  ],
  ["others hold", [...answers(184, 150, "k"), ...answers(16, 12)], "so few cannot say."],
])("to whom: %s", (_, details, words) => expect(said([], details)).toContain(words));

test.each([
  ["as before", 2, "2 are right (Base: 2, SFT: 1): hardly any, before training as after"],
  ["some won", 10, "10 are right (Base: 2, SFT: 1): training brought some of them"],
])("questions from elsewhere, beside what the Base had: %s", (_, right, words) => {
  const arm = (others: number) => ({ details: [...answers(900, 850, "k"), ...answers(40, others)] });
  const evaluations = { base: arm(2), sft: arm(1), sft_grpo: arm(right) };
  const summary = { n: 940, seeds: [42], profile: "tiny" as const };
  expect(closing({ summary, pairs: [], evaluations })).toContain(words);
});

test("one seed and several", () => {
  expect(said([])).toContain("with seed 42, says nothing");
  expect(said([], [], [42, 43, 44])).toContain("3 trainings a stage, with the seeds 42, 43, 44, are few");
});
