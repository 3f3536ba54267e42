import { describe, expect, test } from "vitest";
import type { EvalDetail, RlRow } from "../records.ts";
import { DEFAULT_WEIGHTS } from "../reward/reward.ts";
import type { Run } from "../run/run.ts";
import {
  agreementReading,
  gradedRows,
  lastAnswers,
  lastPaid,
  trialReading,
  trialRows,
} from "./reward-trials.ts";

type Pass = { right: number; paid: number; tokens: number };

/** Passes over 64 questions, one answer each. */
function runOf(label: string, ...passes: Pass[]): Pick<Run, "label" | "samples"> {
  const samples = passes.map(({ right, paid, tokens }, step) => ({
    step: step + 1,
    samples: Array.from({ length: 64 }, (_, i) => ({
      ...{ id: `q${i}`, group: i, reward: 1 - i / 100, advantage: 0, completion: `text ${i}`, tokens },
      rewards: { accuracy: Number(i < 8 * right), careless: Number(i < 8 * paid) },
    })),
  }));
  return { label, samples } as unknown as Pick<Run, "label" | "samples">;
}

const before: Pass = { right: 4, paid: 4, tokens: 40 };

describe("what a reward has taught", () => {
  test("more, fewer, or not decided", () => {
    expect(trialReading([runOf("a", before, { right: 8, paid: 8, tokens: 50 })])).toMatch(/more; .*longer/);
    expect(trialReading([runOf("a", before, { right: 0, paid: 0, tokens: 10 })])).toMatch(/fewer; .*shorter/);
    expect(trialReading([runOf("a", before, before)])).toMatch(/not decided; .*not decided/);
    expect(trialReading([runOf("a", before)])).toContain("fewer than two passes");
  });

  test("hacked, parted, or together", () => {
    const of = (after: Pass) => trialReading([runOf("a", before, after)], "careless");
    expect(of({ right: 0, paid: 8, tokens: 40 })).toContain("**hacked**");
    expect(of({ right: 4, paid: 5, tokens: 40 })).toContain("**widened the gap**");
    expect(of({ right: 6, paid: 6, tokens: 40 })).toContain("**together**");
    // each question moves by itself: paid more often on some, right more often on others
    const run = runOf("a", before, before);
    const last = run.samples.at(-1)!.samples;
    for (const [i, answer] of last.entries()) {
      if (i % 8 === 0) answer.rewards.careless = 1;
      if (i % 16 === 3) answer.rewards.accuracy = 1;
    }
    expect(trialReading([run], "careless")).toMatch(/widened the gap.*\*\*not decide\*\*/);
  });

  test("two rewards are held against each other on the questions of their last pass", () => {
    const of = (right: number) =>
      trialReading([
        runOf("a", before, { right: 8, paid: 8, tokens: 40 }),
        runOf("b", before, { right, paid: 8, tokens: 40 }),
      ]);
    expect(of(2)).toMatch(/last pass, question by question, \*b\* has \*\*−\d+\.\d points\*\* .*: \*\*fewer/);
    expect(of(8)).toMatch(/last pass.*not decided\.$/);
    expect(trialReading([runOf("a", before, before)])).not.toContain("last pass");
  });

  test("a row a run, and the best paid group of its last pass", () => {
    const run = runOf("a", before, { right: 8, paid: 8, tokens: 50 });
    expect(trialRows([run], null)[0]).toMatchObject({ reward: "a", "answers a pass": 64 });
    const rows = Array.from({ length: 64 }, (_, i) => ({
      ...{ id: `q${i}`, prompt: `question ${i}`, gold_answer: "1", type: "financial_concept" },
    })) as RlRow[];
    expect(lastAnswers(run, rows)).toMatchObject({ question: "question 0", texts: [{ text: "text 0" }] });
    expect(lastAnswers({ samples: [] }, rows)).toEqual({ question: "", texts: [] });
    const paid = lastPaid(run, rows, () => ({ careless: 1, total: 1 }), DEFAULT_WEIGHTS);
    expect(paid).toHaveLength(64);
    const also = { part: "careless", paid: [paid] };
    expect(trialRows([run], also)[0]).toHaveProperty("last pass: wrong, yet paid");
  });

  test("test questions grade the rewards, each against the first", () => {
    const answers = (right: (i: number) => boolean) =>
      Array.from({ length: 100 }, (_, i) => ({
        ...{
          id: `q${i}`,
          type: "financial_concept",
          mode: "greedy",
          sample: 0,
          completion: "",
          format: true,
        },
        ...{ strict: right(i), lenient: right(i), reason: "", message: "", judge: null, tokens: 1 },
      })) as EvalDetail[];
    const [first, worse] = gradedRows(["a", "b"], [answers((i) => i < 80), answers((i) => i < 50)]);
    expect(first).toMatchObject({ reward: "a", n: 100, verdict: null });
    expect(worse).toMatchObject({ reward: "b", verdict: "worse" });
    expect(gradedRows(["a"], [])).toEqual([]);
  });

  test("how often two ways to pay agree", () => {
    const of = (rewardOnly: number) =>
      agreementReading({ answers: 100, both: 50, rewardOnly, checkerOnly: 0 });
    expect(of(0)).toContain("never part");
    expect(of(3)).toContain("rarely");
    expect(of(30)).toContain("often enough");
  });
});
