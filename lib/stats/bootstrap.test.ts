import { describe, expect, test } from "vitest";
import {
  areaInterval,
  bootstrapMean,
  bootstrapShare,
  clusteredShare,
  kappaInterval,
  pairedDifference,
} from "./bootstrap.ts";
import { createRandom } from "./random.ts";
import { areaUnderCurve, wilson } from "./stats.ts";

const coin = (n: number, p: number, seed: number) => {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => [random.next() < p ? 1 : 0]);
};

describe("bootstrapMean", () => {
  test("with one answer a question it agrees with Wilson to a point", () => {
    const clusters = coin(300, 0.6, 1);
    const successes = clusters.filter(([x]) => x === 1).length;
    const a = bootstrapMean(clusters)!;
    const b = wilson(successes, 300)!;
    expect(a.value).toBe(b.value);
    expect(Math.abs(a.low - b.low)).toBeLessThan(0.01);
    expect(Math.abs(a.high - b.high)).toBeLessThan(0.01);
  });

  test("copies of an answer are no evidence: the interval stays as wide as with one answer", () => {
    const once = coin(100, 0.5, 2);
    const fourTimes = once.map(([x]) => [x!, x!, x!, x!]);
    expect(bootstrapMean(fourTimes)).toEqual(bootstrapMean(once));
  });

  test("the 95 % interval covers the truth in 90 to 99 of 100 simulated experiments", () => {
    let covered = 0;
    for (let i = 0; i < 200; i++) {
      const { low, high } = bootstrapMean(coin(80, 0.7, 1000 + i), { resamples: 400, seed: i })!;
      if (low <= 0.7 && 0.7 <= high) covered++;
    }
    expect(covered / 200).toBeGreaterThan(0.9);
    expect(covered / 200).toBeLessThan(0.99);
  });

  test("extremes: nothing is null, one question has no spread, unequal clusters weigh by size", () => {
    expect(bootstrapMean([])).toBeNull();
    expect(bootstrapMean([[], []])).toBeNull();
    expect(bootstrapMean([[1, 0]])).toEqual({
      value: 0.5,
      low: expect.closeTo(0.103, 3),
      high: expect.closeTo(0.897, 3),
    }); // one question says little
    expect(bootstrapMean([[1, 1, 1], [0]])!.value).toBe(0.75);
  });

  test("the same seed gives the same interval", () => {
    const clusters = coin(50, 0.4, 3);
    expect(bootstrapMean(clusters, { seed: 7 })).toEqual(bootstrapMean(clusters, { seed: 7 }));
    expect(bootstrapMean(clusters, { seed: 7 })).not.toEqual(bootstrapMean(clusters, { seed: 8 }));
  });
});

describe("clusteredShare", () => {
  test("where all answers agree it is Wilson's interval over the questions, not over the answers", () => {
    expect(clusteredShare(Array.from({ length: 40 }, () => [0, 0, 0, 0]))).toEqual(wilson(0, 40));
    expect(clusteredShare([[1, 1], [1], []])).toEqual(wilson(2, 2));
  });

  test("elsewhere it resamples questions; without answers it is null", () => {
    const questions = [[1, 0], [1, 1], [0, 0], [1]];
    expect(clusteredShare(questions)).toEqual(bootstrapMean(questions));
    expect([clusteredShare([]), clusteredShare([[]])]).toEqual([null, null]);
  });
});

describe("bootstrapShare", () => {
  const trials = (hits: number, n: number) => Array.from({ length: n }, (_, i) => i < hits);
  test("between the ends it is the bootstrap", () => {
    expect(bootstrapShare(trials(7, 20))).toEqual(bootstrapMean(trials(7, 20).map((hit) => [Number(hit)])));
  });

  test("at 0 of n and n of n it is Wilson's: nothing seen in 300 trials is at most 1.3 %", () => {
    // z² / (n + z²)
    expect(bootstrapShare(trials(0, 300))).toEqual({ value: 0, low: 0, high: expect.closeTo(0.01264, 5) });
    expect(bootstrapShare(trials(50, 50))).toEqual({
      value: 1,
      low: expect.closeTo(1 - 3.8415 / 53.8415, 4),
      high: 1,
    });
    expect(bootstrapShare(trials(0, 1))!.high).toBeGreaterThan(0.7);
  });

  test("no trials are nothing", () => expect(bootstrapShare([])).toBeNull());
});

test("five equal points are no certainty of the sixth", () => {
  const { value, low, high } = bootstrapMean([[18], [18], [18], [18], [18]])!;
  expect([value, high]).toEqual([18, 18]);
  expect(low).toBeCloseTo(18 * (1 - 0.4345), 2);
});

describe("pairedDifference", () => {
  test("a constant gain has no spread and the smallest p there is", () => {
    const a = Array.from({ length: 30 }, () => [0, 0]);
    const b = a.map(() => [1, 0]);
    const d = pairedDifference(a, b, { resamples: 1000 })!;
    expect(d.delta).toBe(0.5);
    expect(d.low).toBeCloseTo(0.5 - 0.1135 * 1.5, 3); // 0.1135: Wilson's upper end of 0 of 30
    expect(d.high).toBeCloseTo(0.5 + 0.1135 * 0.5, 3);
    expect(d.p).toBeCloseTo(1 / 1001, 6);
  });

  test("an arm against itself differs by nothing", () => {
    const a = coin(40, 0.5, 4);
    expect(pairedDifference(a, a)).toMatchObject({ delta: 0, p: 1 });
  });

  test("no change seen is not the certainty of none: the interval is that of single answers", () => {
    const a = coin(20, 0.5, 4);
    const { low, high } = pairedDifference(a, a)!;
    expect(low).toBeCloseTo(-0.161, 3); // Wilson's upper end of 0 of 20
    expect(high).toBeCloseTo(0.161, 3);
    const larger = pairedDifference(coin(2000, 0.5, 4), coin(2000, 0.5, 4))!;
    expect(larger.high - larger.low).toBeLessThan(0.005);
  });

  test("without a difference, p below 0.05 comes up in about 5 of 100 experiments", () => {
    let significant = 0;
    for (let i = 0; i < 300; i++) {
      if (pairedDifference(coin(60, 0.5, i), coin(60, 0.5, 5000 + i), { resamples: 300, seed: i })!.p < 0.05)
        significant++;
    }
    expect(significant / 300).toBeLessThan(0.09);
    expect(significant / 300).toBeGreaterThan(0.01);
  });

  test("pairing helps: an arm right wherever another is, and a few times more, is better", () => {
    const a = coin(200, 0.6, 6);
    let gained = 0;
    const b = a.map(([x]) => [x === 0 && gained++ < 8 ? 1 : x!]);
    const d = pairedDifference(a, b)!;
    expect(d.delta).toBeCloseTo(8 / 200, 12);
    expect(d.low).toBeGreaterThan(0);
    // Exact: all 8 signs alike, 2 / 2^8.
    expect(Math.abs(d.p - 2 / 256)).toBeLessThan(0.006);
  });

  test("questions that one arm did not answer are left out; none left is null", () => {
    expect(pairedDifference([[0], []], [[1], [1]])!.delta).toBe(1);
    expect(pairedDifference([[]], [[1]])).toBeNull();
    expect(() => pairedDifference([[1]], [])).toThrow("got 1 and 0");
  });
});

describe("kappaInterval", () => {
  test("it holds the estimate and narrows with more items", () => {
    const table = [
      ["y", "y"],
      ["y", "y"],
      ["n", "n"],
      ["y", "n"],
      ["n", "n"],
      ["n", "y"],
      ["n", "n"],
      ["y", "y"],
    ] as const;
    const wide = kappaInterval(table)!;
    const narrow = kappaInterval(Array.from({ length: 20 }, () => table).flat())!;
    expect(wide.value).toBeCloseTo(0.5, 12);
    expect(narrow.value).toBeCloseTo(0.5, 12);
    expect(narrow.low).toBeLessThan(0.5);
    expect(narrow.high).toBeGreaterThan(0.5);
    expect(narrow.high - narrow.low).toBeLessThan((wide.high - wide.low) / 2);
  });

  test("raters who agree on all of six items may differ on the seventh", () => {
    const { value, low, high } = kappaInterval([
      [1, 1],
      [0, 0],
      [1, 1],
      [0, 0],
      [1, 1],
      [0, 0],
    ])!;
    expect([value, high]).toEqual([1, 1]);
    // Wilson's lower end of 6 of 6, and half of it by chance
    expect(low).toBeCloseTo((0.6097 - 0.5) / 0.5, 3);
  });

  test("raters who never differ in what they say have none", () =>
    expect(
      kappaInterval([
        [1, 1],
        [1, 1],
      ]),
    ).toBeNull());
});

describe("the area under the ROC curve", () => {
  const scored = (positives: number[], negatives: number[]) => [
    ...positives.map((x) => [true, x] as const),
    ...negatives.map((x) => [false, x] as const),
  ];

  test("is the share of pairs in which the positive scores higher, ties half", () => {
    expect(areaUnderCurve(scored([3, 4], [1, 2]))).toBe(1);
    expect(areaUnderCurve(scored([1, 2], [3, 4]))).toBe(0);
    expect(areaUnderCurve(scored([5, 5, 5], [5, 5]))).toBe(0.5);
    expect(areaUnderCurve(scored([12, 8], [8]))).toBe(0.75);
    // scikit-learn's roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), as its documentation has it.
    expect(areaUnderCurve(scored([0.35, 0.8], [0.1, 0.4]))).toBe(0.75);
  });

  test("agrees with counting every pair", () => {
    const random = createRandom("pairs");
    const [a, b] = [0, 1].map((shift) =>
      Array.from({ length: 40 }, () => Math.floor(random.next() * 6) + shift),
    ) as [number[], number[]];
    const won = b
      .flatMap((x) => a.map((y) => (x > y ? 1 : x === y ? 0.5 : 0)))
      .reduce<number>((sum, w) => sum + w, 0);
    expect(areaUnderCurve(scored(b, a))).toBeCloseTo(won / 1600, 12);
  });

  test("of one side only is not defined", () => {
    expect(areaUnderCurve(scored([1, 2], []))).toBeNull();
    expect(areaInterval([])).toBeNull();
  });

  test("of scores that say nothing has an interval with a half in it, of others not", () => {
    const noise = areaInterval(scored(coin(200, 0.5, 1).flat(), coin(200, 0.5, 2).flat()))!;
    expect([noise.low < 0.5, noise.high > 0.5]).toEqual([true, true]);
    const much = areaInterval(scored(coin(200, 0.8, 3).flat(), coin(200, 0.3, 4).flat()))!;
    expect([much.low > 0.6, much.value < much.high]).toEqual([true, true]);
  });
});
