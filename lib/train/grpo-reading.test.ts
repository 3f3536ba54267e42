import { describe, expect, test } from "vitest";
import { watchedRun } from "../testing/watched-run.ts";
import type { Run } from "../run/run.ts";
import { takeCensus } from "./census.ts";
import { readGrpo } from "./grpo-reading.ts";

type Read = Pick<Run, "metrics" | "samples">;
type Group = [reward: number, text: string, advantage?: number][];

/** Fifty steps of one group of two answers each: the first half as `before`, the others as `after`. */
function runOf(before: Group, after: Group, metrics: Record<string, number[]> = {}): Read {
  const samples = Array.from({ length: 50 }, (_, step) => ({
    step: step + 1,
    samples: (step < 25 ? before : after).map(([reward, completion, advantage = 0]) => ({
      ...{ id: `q${step}`, group: 0, reward, completion, advantage, tokens: 50 },
      rewards: { format: 1, accuracy: Number(reward === 1) },
    })),
  }));
  const steps = samples.map(({ step }) => step);
  return { samples, metrics: { step: steps, ...metrics } } as unknown as Read;
}

const mixed: Group = [
  [1, "a"],
  [0.3, "b"],
];
const solved: Group = [
  [1, "a"],
  [1, "a"],
];
const lost: Group = [
  [0.3, "b"],
  [0.3, "b"],
];
const ten = (from: number, to: number) => Array.from({ length: 50 }, (_, i) => (i < 25 ? from : to));

describe("what a GRPO run has done", () => {
  test("the reward is higher, lower, or not told apart", () => {
    expect(readGrpo.reward(runOf(lost, solved))).toContain("**higher**");
    expect(readGrpo.reward(runOf(solved, lost))).toContain("**lower**");
    expect(readGrpo.reward(runOf(mixed, mixed))).toContain("**not told apart**");
    expect(readGrpo.reward(runOf(mixed, mixed))).toContain("a difference of 0.00 [");
    expect(readGrpo.reward({ ...runOf(mixed, mixed), samples: [] })).toContain("too short");
  });

  test("questions that come round again are counted, where they do", () => {
    const run = runOf(mixed, solved);
    const again = (questions: number) => ({
      ...run,
      samples: run.samples.map((step) => ({
        ...step,
        samples: step.samples.map((one) => ({ ...one, id: `q${step.step % questions}` })),
      })),
    });
    expect(readGrpo.reward(again(20))).toMatch(/groups ask 20 questions, each about [\d.]+ times/);
    expect(readGrpo.reward(again(1000))).not.toContain("groups ask");
  });

  test("a census is told by what it leaves out, what that saves, and what it costs", () => {
    const rows = [0, 0, 1, 2, 2, 2].map((right, i) => ({ id: `q${i}`, type: "a", right, answers: 2 }));
    expect(readGrpo.census(takeCensus(rows), runOf(mixed, solved))).toBe(
      "The census leaves out **5 of 6 questions**: of 2 answers each, 3 had all of them right and 2 had " +
        "none. Drawn from all questions, about 83.3 % of the first groups would be silent; in the first " +
        "fifth of the run 0 % are. It cost 12 answers.",
    );
    expect(readGrpo.census(takeCensus([]), runOf(mixed, solved))).toContain("too short");
  });

  test("variety that goes where questions are solved is no collapse", () => {
    expect(readGrpo.variety(runOf(mixed, solved, { entropy: ten(0.2, 0.1) }))).toMatch(
      /Entropy goes from 0.200 to 0.100.*solved/,
    );
    expect(readGrpo.variety(runOf(mixed, lost))).toContain("**collapse**");
    // as many silent groups, all of them wrong, before and after: nothing was solved
    const two: Group = [...lost.slice(0, 1), [0.3, "c"]];
    expect(readGrpo.variety(runOf(two, lost))).toContain("nothing was **solved**");
    expect(readGrpo.variety(runOf(mixed, mixed))).toContain("**not** been lost");
    expect(readGrpo.variety({ ...runOf(mixed, mixed), samples: [] })).toContain("too short");
  });

  test("a run of a few steps is too short for every reading of its ends", () => {
    const three = { kl: [0.1, 0.1, 0.1], loss: [0, 0, 0], entropy: [1, 1, 1] };
    const run = { ...runOf(mixed, mixed, three), samples: runOf(mixed, mixed).samples.slice(0, 3) };
    for (const said of [readGrpo.reward(run), readGrpo.variety(run), readGrpo.hold(run, 0.04)])
      expect(said).toContain("too short");
  });

  test("a run of a few steps says what its last one can tell", () => {
    const eight = {
      kl: [0, 0.01, 0.01, 0.01, 0.02, 0.02, 0.02, 0.02],
      loss: [-0.03, 0, 0, 0, 0, 0, 0, 0.005],
    };
    const run = runOf(mixed, mixed, eight);
    expect(readGrpo.hold(run, 0.04)).toMatch(
      /0\.0200 nats a token at the last of 8 steps: .* too short .*0\.040 an answer.*times the penalty/s,
    );
    expect(readGrpo.hold(run, 0.04)).not.toContain("fifth");
    expect(readGrpo.loss(run)).toBe("The loss is -3e-2 at the first step and 5e-3 at the last.");
    const still = readGrpo.hold(runOf(mixed, mixed, { kl: [0, 0] }), 0.04);
    expect(still).toContain("the reward decides");
    expect(still).not.toMatch(/Infinity|NaN/);
  });

  test("penalty and reward are weighed both an answer", () => {
    const run = (kl: number) => runOf(mixed, mixed, { kl: ten(kl / 2, kl) });
    expect(readGrpo.hold(run(0.02), 0.04)).toMatch(/0\.040 an answer.*1[78] times the penalty/s);
    expect(readGrpo.hold(run(0.35), 0.04)).toContain("equally hard");
    expect(readGrpo.hold(run(2), 0.04)).toContain("the penalty decides");
    expect(readGrpo.hold(run(0.02), 0.04)).toContain("has **grown**");
    expect(readGrpo.hold(runOf(mixed, mixed, { kl: ten(0.1, 0.1) }), 0.04)).toContain("where it was");
    expect(readGrpo.hold(runOf(mixed, mixed, { kl: ten(0.2, 0.1) }), 0.04)).toContain("**shrunk**");
    expect(readGrpo.hold(runOf(mixed, mixed), 0)).toContain("nothing holds the policy");
  });

  test("the loss rises only where it does", () => {
    const rising = { loss: ten(0, 0.001) };
    expect(readGrpo.loss(runOf(mixed, mixed, { ...rising, kl: ten(0.01, 0.02) }))).toContain("by the KL");
    expect(readGrpo.loss(runOf(mixed, mixed, { ...rising, kl: ten(0.02, 0.01) }))).toMatch(
      /\*\*rises\*\*, although the KL in it does not/,
    );
    expect(readGrpo.loss(runOf(mixed, mixed, rising))).toContain("although the KL");
    expect(readGrpo.loss(runOf(mixed, mixed, { loss: ten(0, 0) }))).not.toContain("rises");
    expect(readGrpo.loss(runOf(mixed, mixed))).toContain("No loss");
  });

  test("what was clipped follows the updates a batch, and names what the share is of", () => {
    const of = (loss: string, updatesPerBatch: number, shares?: number[]) => {
      const column = loss === "cispo" ? "cispo_clip_ratio" : "clip_ratio/region_mean";
      const metrics = { step: [1], ...(shares && { [column]: shares }) };
      return readGrpo.clip({ metrics, config: { grpo: { loss, updatesPerBatch } } } as unknown as Run);
    };
    expect(of("grpo", 1, [0, 0])).toBe(
      "One update a batch: the policy that learns is the one that answered, every ratio is 1, and " +
        "**nothing is clipped**.",
    );
    expect(of("grpo", 1, [0, 0.02])).toContain("and yet up to 2.0 % of the tokens");
    expect(of("grpo", 4, [0, 0, 0, 0])).toContain("moved so little that **nothing is clipped**");
    expect(of("gspo", 4, [0, 0.2, 0.3, 0.4, 0, 0.4, 0.5, 0.8])).toBe(
      "4 updates a batch: beyond a bound stand 0 % of the answers at the first update, 30.0 % at the " +
        "second and 60.0 % at the last. From these nothing more is learned in that update.",
    );
    expect(of("cispo", 2, [0, 0.01])).toMatch(/of the tokens .*, 1\.0 % at the second\. .*still learns/);
    expect(of("dapo", 2)).toContain("has not logged");
  });

  test("a loss whose value says nothing is not read as the KL's", () => {
    const run = runOf(mixed, mixed, { loss: ten(0, 0.001), kl: ten(0.01, 0.02) });
    const of = (loss: string, updatesPerBatch: number) =>
      readGrpo.loss({ ...run, config: { grpo: { loss, updatesPerBatch } } } as unknown as Run);
    expect(of("grpo", 1)).toContain("by the KL");
    expect(of("cispo", 1)).toContain("with CISPO's loss its value is not zero");
    expect(of("dapo", 2)).toContain("with several updates a batch its value is not zero");
  });

  test("one step has a slope, a value, or nothing to learn", () => {
    const group: Group = [
      [1, "a", 0.7],
      [0.3, "b", -0.7],
    ];
    const of = (loss: number, gradient: number) =>
      readGrpo.step(runOf(group, group, { loss: [loss], grad_norm: [gradient], kl: [0] }));
    expect(of(1e-8, 0.03)).toMatch(/a slope all the same\. Our advantages .* at most 7e-3/);
    expect(of(0.5, 0.03)).toContain("has a value, too");
    expect(of(0.5, 0.03)).toContain(", KL 0:");
    expect(of(0, 0)).toContain("nothing to learn");
  });
});

describe("steps of one's own", () => {
  const told = (answers: [number, number, number][], steps = 1) =>
    readGrpo.ownSteps(
      answers.map(([paid, before, after]) => ({ paid, "p before": before, "p after": after })),
      steps === 1
        ? undefined
        : answers.map(([, before, after]) => [before, ...Array.from({ length: steps }, () => after)]),
    );

  test("are told by what they did to the first group's answers", () => {
    const three: [number, number, number][] = [
      [1, 0.2, 0.35],
      [1, 0.1, 0.15],
      [0.3, 0.7, 0.49],
    ];
    expect(told(three)).toBe(
      "The best-paid answers of the first group together: 30 % → **50 %** after one step; its other " +
        "answers: 70 % → **49 %**. What was paid most has become **likelier**.",
    );
    expect(told(three.slice(1), 10)).toMatch(/after 10 steps.*The other 36 % are answers that this group/);
  });

  test.each([
    ["no model, no step", [], "no step was taken"],
    ["a silent group", [[0.3, 0.6, 0.6]], "**nothing has moved**. Take another question"],
    ["a silent group, then others", [[1, 0.6, 0.8]], "The first group was silent, paid 1.00 throughout"],
    [
      "short steps",
      [
        [1, 0.5, 0.502],
        [0, 0.5, 0.498],
      ],
      "hardly a change",
    ],
    [
      "downhill",
      [
        [1, 0.5, 0.3],
        [0, 0.5, 0.7],
      ],
      "**less likely**",
    ],
  ] as [string, [number, number, number][], string][])("%s", (_, answers, words) => {
    expect(told(answers)).toContain(words);
  });
});

describe("a verdict", () => {
  const of = (right: (share: number) => number) => {
    const run = watchedRun("a", 60, { right });
    return readGrpo.verdict({
      ...run,
      config: { ...run.config, profile: "none" },
    } as unknown as Parameters<typeof readGrpo.verdict>[0]);
  };

  test("has an interval of its questions, and says where they do not decide", () => {
    expect(of((t) => 0.4 + 0.35 * t)).toMatch(
      /^\*\*Learning\*\*: .* in the last 4 probes\. That is \+\d+\.\d points \[\+.*questions resampled\.$/,
    );
    expect(of(() => 0.5)).toContain("**these questions do not decide it**");
  });
});

describe("the time of a step", () => {
  const told = (generate: (number | null)[], update: number[]) =>
    readGrpo.time({
      metrics: {
        step: generate.map((_, i) => i + 1),
        "seconds/generate": generate,
        "seconds/update": update,
      },
    });

  test("is a mean over the batches but the first, which starts the machine up", () => {
    expect(told([9, 1, 2, 3], [9, 2, 2, 5])).toBe(
      "A batch takes 5 s: the update 60.0 %, drawing answers 40.0 %.",
    );
    expect(told([9, 2, null, 4, null], [9, 1, 1, 1, 3])).toContain("A batch takes 6 s");
    expect(told([], [])).toBe("No step has been timed.");
  });
});
