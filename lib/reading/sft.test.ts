import { describe, expect, test } from "vitest";
import type { EvalDetail } from "../records.ts";
import { metrics } from "../testing/example-runs.ts";
import {
  byHand,
  census,
  firstSteps,
  heldOut,
  rates,
  tooLong,
  training,
  whatSftBrings,
  whyDistil,
} from "./sft.ts";
import type { TrainedRun } from "./sft.ts";

const run = (columns: Record<string, (share: number) => number | null>, steps = 20): TrainedRun =>
  ({
    metrics: metrics(steps, { secondsPerStep: () => 0.5, ...columns }),
    config: { sft: { epochs: 2 } },
    step: steps,
    totalSteps: steps,
    start: { device: "cpu", trainableParameters: 8, totalParameters: 100 },
  }) as unknown as TrainedRun;

test("rows that are too long: none, a few, too many", () => {
  const of = (lengths: number[]) => {
    const rows = lengths.map((length) => ({ prompt: "?", response: "x".repeat(length) }));
    return tooLong({ countRowTokens: (_, response) => response.length }, rows, { maxLength: 10 });
  };
  expect(of([3, 9])).toContain("**No row is left out**: the longest has 9");
  expect(of([...Array<number>(30).fill(3), 11])).toContain("**1 row of 31 are longer");
  expect(of([3, 11])).toContain("too many to go on with");
});

test("a loss by hand: the trainer's to within rounding, another one, or none to compare", () => {
  expect(byHand(Math.LN2, 46, Math.LN2 + 2e-8)).toMatch(
    /46 graded tokens.* of 50 %.*\*\*the same loss\*\*, 2e-8/,
  );
  expect(byHand(0.7, 46, 0.5)).toMatch(/0\.5000, 2\.0e-1 apart: \*\*more than rounding/);
  expect(byHand(0.7, 46, null)).toContain("leaves this row out");
  expect(byHand(9, 46, 9)).toContain("less than 1 %");
  expect(byHand(Number.NaN, 0, null)).toBe(
    "No token of this row is graded: it is longer than the tiny model reads.",
  );
});

describe("training", () => {
  test("where the fall is", () => {
    expect(training(run({ loss: (t) => Math.exp(-8 * t) }))).toContain("the first half");
    expect(training(run({ loss: (t) => 2 - t ** 6 }))).toContain("the second half");
    expect(training(run({ loss: (t) => 2 - t }))).toContain("Both halves");
  });
  test("a loss that does not fall, and one that was not logged", () => {
    expect(training(run({ loss: (t) => 1 + t }))).toContain("**It did not fall.**");
    expect(training(run({}))).toContain("too few steps");
  });
  test("the parameters", () =>
    expect(training(run({ loss: (t) => 1 - t }))).toContain("**8 of 100 parameters were trained (8.0 %)**"));
});

describe("overfitting", () => {
  const at = (values: (number | null)[]) =>
    run({ heldOutLoss: (t) => values[Math.round(t * values.length) - 1] ?? null }, values.length);
  test("is told from the lowest held-out loss", () =>
    expect(heldOut(at([0.5, 0.3, 0.2, 0.3, 0.5, 0.6]))).toContain(
      "0.200, at step 3 (epoch 1.0): **from there on",
    ));
  test("is none where the loss ends at its lowest, or within 2 % of it", () => {
    expect(heldOut(at([0.5, 0.4, 0.3]))).toContain("lowest at the end: **no overfitting");
    expect(heldOut(at([0.5, 0.3, 0.301]))).toContain("**no overfitting");
  });
  test("a rise that later values have undone is told, if it is one to speak of", () => {
    const passing = heldOut(at([0.5, 0.3, 0.4, 0.35, 0.25]));
    expect(passing).toContain("**no overfitting in this run.** On the way it rises from 0.300 (step 2) to");
    expect(passing).toContain("0.400 (step 3) and falls again");
    expect(heldOut(at([0.5, 0.3, 0.31, 0.25]))).toMatch(/in this run\.\*\*$/);
  });
  test("is no word for a rise of a few per cent", () =>
    expect(heldOut(at([0.0201, 0.0119, 0.0124]))).toMatch(
      /from 0.0201 \(step 1\) to 0.0124, .* 0.0119, at step 2 .*from there on further passes bring nothing/,
    ));
  test("cannot be told without held-out rows, or from two values", () => {
    expect(heldOut(run({}))).toContain("cannot say when overfitting starts");
    expect(heldOut(at([0.5, null, 0.3]))).toContain("too seldom");
  });
});

test("rates: one run, no difference, one ahead", () => {
  const of = (rate: number, loss: number) => ({ rate, run: run({ loss: () => loss }) });
  expect(rates([of(1, 1)])).toContain("no two runs");
  expect(rates([of(0.1, 1), of(0.2, 1.05)])).toContain("hardly a difference");
  expect(rates([of(0.1, 1), of(0.2, 0.5)])).toContain("**0.2 is ahead**");
});

test("what SFT brings: form, substance, both, or none that so few show", () => {
  const step = (format: number, lenient: number, questions = 100) => ({
    ...{ questions, answers: 8 * questions, format, lenient, strict: 0 },
  });
  expect(whatSftBrings(step(0, 0.2), step(1, 0.6))).toContain("the form and right answers, too");
  expect(whatSftBrings(step(0, 0.2, 8), step(1, 0.5, 8))).toContain("these few cannot say");
  expect(whatSftBrings(step(1, 0.2), step(1, 0.6))).toContain("the form was there before");
  expect(whatSftBrings(step(1, 0.5), step(1, 0.5))).toContain("no difference");
  expect(whatSftBrings(step(0, 0.6), step(1, 0.2))).toContain("cost right answers");
  expect(whatSftBrings(step(1, 0.5), step(0, 0.5))).toContain("cost the form");
});

test("census: nobody asked, something left to learn, settled", () => {
  const of = (histogram: number[]) => ({ n: histogram.reduce((a, b) => a + b, 0), groupSize: 2, histogram });
  expect(census(of([0, 0, 0]))).toBe("No question was asked.");
  expect(census(of([1, 8, 1]))).toContain(
    "**8** are right in some answers and wrong in others, 1 right in all",
  );
  expect(census(of([1, 8, 1]))).toContain("something left");
  expect(census(of([5, 2, 5]))).toContain("teach nothing any more");
});

describe("why distil", () => {
  const answers = (right: number): EvalDetail[] =>
    Array.from({ length: 100 }, (_, i) => ({
      id: `${i}`,
      mode: "greedy",
      lenient: i < right,
    })) as EvalDetail[];
  const of = (base: number, golds: number, texts: number) =>
    whyDistil({ base: answers(base), golds: answers(golds), texts: answers(texts) });

  test("a row a model, each with what the texts have over it", () => {
    const { rows } = of(40, 20, 60);
    expect(rows.map((row) => row["trained on"])).toEqual([
      "nothing: the Base",
      "golds alone",
      "the Teacher's texts",
    ]);
    expect(rows[1]).toMatchObject({ questions: 100, right: { value: 0.2 } });
    expect(rows[1]!["the Teacher's texts are ahead by (points)"]).toMatch(/^\+40\.0 \[/);
    expect(rows[2]!["the Teacher's texts are ahead by (points)"]).toBeNull();
  });

  test("a gain on a control that fell below the Base is not all gain", () => {
    expect(of(40, 20, 60).reading).toMatch(/^\*\*Distilling pays:\*\* \+20\.0 .* against the Base, \+40\.0 /);
    expect(of(40, 20, 60).reading).toMatch(/flatters the texts: .*\*\*cost\*\* .*\(−20\.0 /);
    expect(of(20, 20, 60).reading).not.toContain("flatters");
    expect(of(60, 20, 60).reading).toContain("beat the golds alone, but not the Base");
  });

  test("worse, undecided, not asked", () => {
    expect(of(20, 60, 20).reading).toContain("did harm");
    expect(of(50, 50, 51).reading).toMatch(/^\*\*These questions do not decide it/);
    expect(of(20, 50, 51).reading).toContain("Better than the Base; against golds alone");
    expect(whyDistil({ base: [], golds: [], texts: answers(5) })).toEqual({
      rows: [],
      reading: expect.stringContaining("no question"),
    });
  });
});

test("first steps: a row a policy, its shares in words", () => {
  const step = { policy: "from SFT", questions: 8, answers: 64, format: 1, strict: 0.5, lenient: 0.6 };
  expect(firstSteps([{ ...step, reward: 0.7, telling: 7 }])).toEqual([
    {
      ...{ policy: "from SFT", answers: 64, format: 1, "right in the answer block": 0.5 },
      ...{ "right wherever it appears": 0.6, "mean reward": 0.7, "questions with a signal, of 8": 7 },
    },
  ]);
});
