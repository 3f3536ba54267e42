import { describe, expect, test } from "vitest";
import { changedAnswers, compareArms, compareByType } from "./compare.ts";
import { differenceVerdict } from "./comparison-text.ts";
import { passAtKOf, proportion, summarizeArm } from "./eval-summary.ts";
import { Arm } from "../records.ts";
import type { EvalDetail } from "../records.ts";
import { pairedDifference } from "../stats/bootstrap.ts";
import { mcnemar, wilson } from "../stats/stats.ts";

const detail = (id: string, changes: Partial<EvalDetail> = {}): EvalDetail => ({
  id,
  type: "financial_calculation",
  mode: "greedy",
  sample: 0,
  completion: "x",
  format: true,
  strict: true,
  lenient: true,
  reason: "equal",
  message: "equal",
  judge: null,
  tokens: 10,
  ...changes,
});
const greedy = (n: number, right: (i: number) => boolean, changes: Partial<EvalDetail> = {}) =>
  Array.from({ length: n }, (_, i) => detail(`q${i}`, { strict: right(i), lenient: right(i), ...changes }));
const sampled = (id: string, ...right: number[]) =>
  right.map((r, sample) => detail(id, { mode: "sampled", sample, strict: r === 1 }));

describe("summarizeArm", () => {
  test("greedy answers make format, accuracy and length; sampled ones make accuracySampled", () => {
    const details = [...greedy(10, (i) => i < 6), ...sampled("q0", 1, 1, 0, 0), ...sampled("q1", 1, 1, 1, 1)];
    const arm = summarizeArm("sft", details);
    expect(Arm.parse(arm)).toEqual(arm);
    expect(arm.accuracy).toEqual(wilson(6, 10));
    expect(arm.format).toEqual(wilson(10, 10));
    expect(arm.accuracySampled!.value).toBe(0.75);
    expect(arm.accuracySampled!.low).toBe(0.5); // two questions: the resample of q0 twice
    expect(arm.tokensPerAnswer).toBe(10);
    expect(arm.byType).toEqual({
      financial_calculation: { n: 10, accuracy: wilson(6, 10), accuracyLenient: wilson(6, 10) },
    });
  });

  test("what was not judged is null, not 0; what some answers were, counts those", () => {
    expect(
      summarizeArm(
        "x",
        greedy(3, () => true),
      ),
    ).toMatchObject({ judge: null, accuracySampled: null });
    expect(
      summarizeArm("x", [detail("a", { judge: 12 }), detail("b"), detail("c", { judge: 18 })]).judge!.value,
    ).toBe(15);
  });

  test("an untrained Base: lenient and strict part", () => {
    const arm = summarizeArm("base", [
      detail("a", { format: false, strict: false }),
      detail("b", { format: false, strict: false, lenient: false }),
    ]);
    expect([arm.format.value, arm.accuracy.value, arm.accuracyLenient.value]).toEqual([0, 0, 0.5]);
  });

  test("without answers there is no arm", () => {
    expect(() => summarizeArm("x", [])).toThrow("got 0");
    expect(proportion([], () => true)).toBeNull();
  });
});

describe("passAtKOf", () => {
  test("it averages the unbiased estimate over questions", () => {
    const details = [...sampled("a", 1, 0, 0, 0), ...sampled("b", 0, 0, 0, 0)];
    expect(passAtKOf(details, 4)!.value).toBe(0.5);
    expect(passAtKOf(details, 2)!.value).toBeCloseTo(0.25, 12); // 1 - C(3,2)/C(4,2) = 0.5 for a
    expect(
      passAtKOf(
        greedy(3, () => true),
        1,
      ),
    ).toBeNull();
  });
});

describe("compareArms", () => {
  test("of one greedy answer a question, p is McNemar's and only shared questions count", () => {
    const a = greedy(40, (i) => i < 20);
    const b = greedy(41, (i) => i < 28 && i !== 3);
    const c = compareArms(a, b, "accuracy")!;
    expect(c).toMatchObject({ metric: "accuracy", n: 40 });
    expect(c.delta).toBeCloseTo(7 / 40, 12);
    expect(c.p).toBe(mcnemar(1, 8));
    expect(c.low).toBeLessThan(7 / 40);
    expect(c.high).toBeGreaterThan(7 / 40);
  });

  test("arms that never differ are not known to be equal, and four gains of 200 decide nothing", () => {
    const same = compareArms(
      greedy(20, (i) => i < 10),
      greedy(20, (i) => i < 10),
      "accuracy",
    )!;
    expect(same).toMatchObject({ delta: 0, p: 1 });
    expect([same.low < -0.05, same.high > 0.05]).toEqual([true, true]);
    const few = compareArms(
      greedy(200, (i) => i < 100),
      greedy(200, (i) => i < 104),
      "accuracy",
    )!;
    expect([few.delta, few.p]).toEqual([0.02, 0.125]);
    expect(differenceVerdict(few)).toBe("undecided");
  });

  test("answers of several seeds count as one cluster a question", () => {
    const once = compareArms(
      greedy(20, (i) => i < 10),
      greedy(20, (i) => i < 15),
      "accuracy",
    )!;
    const thrice = compareArms(
      [1, 2, 3].flatMap(() => greedy(20, (i) => i < 10)),
      [1, 2, 3].flatMap(() => greedy(20, (i) => i < 15)),
      "accuracy",
    )!;
    const { low, high } = pairedDifference(
      greedy(20, (i) => i < 10).map((d) => [Number(d.strict)]),
      greedy(20, (i) => i < 15).map((d) => [Number(d.strict)]),
    )!;
    expect(thrice).toMatchObject({ n: 20, delta: once.delta, low, high });
    expect(Math.abs(thrice.p - 2 / 32)).toBeLessThan(0.02); // five signs alike
  });

  test("arms without a common question cannot be compared", () => {
    expect(
      compareArms(
        greedy(3, () => true),
        [detail("other")],
        "format",
      ),
    ).toBeNull();
    expect(
      compareArms(
        greedy(3, () => true),
        greedy(3, () => true),
        "accuracySampled",
      ),
    ).toBeNull();
  });

  test("by type, each type is compared within itself", () => {
    const a = [...greedy(4, () => false), detail("c", { type: "financial_concept" })];
    const b = [...greedy(4, () => true), detail("c", { type: "financial_concept", strict: false })];
    expect(compareByType(a, b, "accuracy")).toMatchObject({
      financial_calculation: { n: 4, delta: 1 },
      financial_concept: { n: 1, delta: -1 },
    });
  });
});

describe("changedAnswers", () => {
  test("right before and wrong after is a regression, the other way a gain, the rest neither", () => {
    const { regressions, gains } = changedAnswers(
      greedy(4, (i) => i < 2),
      greedy(4, (i) => i === 1 || i === 2),
    );
    expect(regressions.map((c) => c.id)).toEqual(["q0"]);
    expect(gains.map((c) => c.id)).toEqual(["q2"]);
    expect(regressions[0]).toMatchObject({
      type: "financial_calculation",
      before: { lenient: true },
      after: { lenient: false },
    });
  });

  test("the Base's untagged answers count where they are read leniently, which is the default", () => {
    const base = greedy(2, () => true, { strict: false });
    expect(
      changedAnswers(
        base,
        greedy(2, () => false),
      ).regressions,
    ).toHaveLength(2);
    expect(
      changedAnswers(
        base,
        greedy(2, () => false),
        "strict",
      ).regressions,
    ).toHaveLength(0);
  });
});
