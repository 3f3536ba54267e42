import { describe, expect, test } from "vitest";
import {
  cohenKappa,
  mcnemar,
  mean,
  pairedShares,
  passAtK,
  quantile,
  standardDeviation,
  wilson,
} from "./stats.ts";

describe("wilson", () => {
  // Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("%i of %i gives Newcombe's interval", (successes, n, low, high) => {
    const interval = wilson(successes, n)!;
    expect(interval.value).toBe(successes / n);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  test("nothing judged is null, all right ends at exactly 1, and both ends stay inside [0, 1]", () => {
    expect(wilson(0, 0)).toBeNull();
    expect(wilson(20, 20)!.high).toBe(1);
    expect(wilson(20, 20)!.low).toBeCloseTo(1 - 0.1611, 4);
    expect(wilson(1, 1)!.low).toBeGreaterThan(0);
  });

  test("impossible counts throw", () => {
    expect(() => wilson(3, 2)).toThrow("got 3 of 2");
    expect(() => wilson(0.5, 2)).toThrow(RangeError);
    expect(() => wilson(-1, 2)).toThrow(RangeError);
  });
});

describe("mcnemar", () => {
  // Two-sided binomial tails, written out as fractions.
  test.each([
    [0, 0, 1],
    [0, 1, 1],
    [5, 5, 1],
    [0, 6, 2 / 64],
    [11, 1, (2 * (1 + 12)) / 4096],
    [2, 8, (2 * (1 + 10 + 45)) / 1024],
  ])("%i against %i discordant questions", (b, c, p) => {
    expect(mcnemar(b, c)).toBeCloseTo(p, 12);
    expect(mcnemar(c, b)).toBeCloseTo(p, 12);
  });

  test("thousands of discordant pairs neither overflow nor vanish", () => {
    // Normal approximation with continuity correction: z = (200 - 1) / √20000 = 1.407, p = 0.159.
    expect(mcnemar(9900, 10100)).toBeCloseTo(0.159, 3);
    expect(mcnemar(0, 2000)).toBe(0);
  });

  test("negative counts throw", () => expect(() => mcnemar(-1, 2)).toThrow("got -1 and 2"));
});

describe("pairedShares", () => {
  test("21 children before and after a transplantation: Fagerland, Lydersen and Laake's", () => {
    // Fagerland et al. 2014, Statistics in Medicine 33:2850-2875 (data of Bentur et al. 2009): first − second
    // is −0.286 [−0.507, −0.026].
    const { delta, low, high } = pairedShares({ both: 1, onlyFirst: 1, onlySecond: 7, neither: 12 })!;
    expect([-high, -delta, -low]).toEqual([
      expect.closeTo(-0.507, 3),
      expect.closeTo(-6 / 21, 12),
      expect.closeTo(-0.026, 3),
    ]);
  });

  test("exchanged arms turn the interval round; no change has a width; nothing is null", () => {
    const there = pairedShares({ both: 30, onlyFirst: 2, onlySecond: 9, neither: 19 })!;
    const back = pairedShares({ both: 30, onlyFirst: 9, onlySecond: 2, neither: 19 })!;
    expect([back.delta, back.low, back.high]).toEqual([
      expect.closeTo(-there.delta, 12),
      expect.closeTo(-there.high, 12),
      expect.closeTo(-there.low, 12),
    ]);
    for (const both of [0, 1, 10, 19, 20]) {
      const { low, high } = pairedShares({ both, onlyFirst: 0, onlySecond: 0, neither: 20 - both })!;
      expect([low < -0.02, high > 0.02, low >= -1, high <= 1]).toEqual([true, true, true, true]);
    }
    expect(pairedShares({ both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 })).toBeNull();
  });

  // Every table of 20 questions, weighed by its chance.
  test.each([
    [0.5, 0.05, 0.05, 0.4],
    [0.3, 0.2, 0.3, 0.2],
    [0.6, 0.02, 0.18, 0.2],
    [0.2, 0.1, 0.3, 0.4],
  ])("it covers the truth about 95 times in 100: %f, %f, %f, %f", (pBoth, pFirst, pSecond, pNeither) => {
    const n = 20;
    const logFactorial = Array.from({ length: n + 1 }, (_, k) =>
      Array.from({ length: k }, (_, i) => Math.log(i + 1)).reduce((a, b) => a + b, 0),
    );
    let covered = 0;
    for (let both = 0; both <= n; both++)
      for (let onlyFirst = 0; both + onlyFirst <= n; onlyFirst++)
        for (let onlySecond = 0; both + onlyFirst + onlySecond <= n; onlySecond++) {
          const neither = n - both - onlyFirst - onlySecond;
          const { low, high } = pairedShares({ both, onlyFirst, onlySecond, neither })!;
          if (low > pSecond - pFirst || high < pSecond - pFirst) continue;
          const parts = [
            [both, pBoth],
            [onlyFirst, pFirst],
            [onlySecond, pSecond],
            [neither, pNeither],
          ] as const;
          covered += Math.exp(
            logFactorial[n]! + parts.reduce((sum, [k, p]) => sum + k * Math.log(p) - logFactorial[k]!, 0),
          );
        }
    expect(covered).toBeGreaterThan(0.93);
    expect(covered).toBeLessThan(0.995);
  });
});

describe("passAtK", () => {
  test.each([
    [1, 0, 1, 0],
    [1, 1, 1, 1],
    [4, 2, 1, 0.5],
    [10, 3, 5, 1 - 21 / 252], // 1 - C(7,5)/C(10,5)
    [4, 1, 4, 1],
    [200, 5, 1, 0.025],
  ])("n %i, correct %i, k %i", (n, correct, k, expected) =>
    expect(passAtK(n, correct, k)).toBeCloseTo(expected, 12),
  );

  test("more draws than samples throw: there is no unbiased estimate", () =>
    expect(() => passAtK(4, 2, 5)).toThrow("k 5"));
});

describe("cohenKappa", () => {
  const expand = (table: [unknown, unknown, number][]) =>
    table.flatMap(([a, b, n]) => Array.from({ length: n }, () => [a, b] as const));

  test("the worked example of two readers and 50 grant proposals gives 0.4", () => {
    // https://en.wikipedia.org/wiki/Cohen%27s_kappa, first example.
    expect(
      cohenKappa(
        expand([
          ["yes", "yes", 20],
          ["yes", "no", 5],
          ["no", "yes", 10],
          ["no", "no", 15],
        ]),
      ),
    ).toBeCloseTo(0.4, 12);
  });

  test("scikit-learn's example with three labels gives 0.6875", () => {
    // Example in the documentation of sklearn.metrics.cohen_kappa_score.
    const y1 = ["negative", "positive", "negative", "neutral", "positive"];
    const y2 = ["negative", "positive", "negative", "neutral", "negative"];
    expect(cohenKappa(y1.map((label, i) => [label, y2[i]!] as const))).toBeCloseTo(0.6875, 12);
  });

  test("agreement by chance is 0, full disagreement negative; constant raters have no kappa", () => {
    expect(
      cohenKappa(
        expand([
          [1, 1, 25],
          [1, 0, 25],
          [0, 1, 25],
          [0, 0, 25],
        ]),
      ),
    ).toBe(0);
    expect(
      cohenKappa(
        expand([
          [1, 0, 5],
          [0, 1, 5],
        ]),
      ),
    ).toBe(-1);
    expect(cohenKappa(expand([[1, 1, 5]]))).toBeNull();
    expect(cohenKappa([])).toBeNull();
  });
});

describe("mean, standardDeviation, quantile", () => {
  test("a mean of nothing is not 0", () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(() => mean([])).toThrow(RangeError);
  });

  test("the deviation divides by n - 1 or by n", () => {
    // 2, 4, 4, 4, 5, 5, 7, 9: population deviation 2 (the example of Wikipedia's "Standard deviation").
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(standardDeviation(values, 0)).toBe(2);
    expect(standardDeviation(values)).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(() => standardDeviation([1])).toThrow("got 1");
  });

  test("quantiles are type 7, as R's default: quantile(c(1,2,3,4)) is 1, 1.75, 2.5, 3.25, 4", () => {
    expect([0, 0.25, 0.5, 0.75, 1].map((p) => quantile([4, 1, 3, 2], p))).toEqual([1, 1.75, 2.5, 3.25, 4]);
    expect(quantile([-10, 9, 100], 0.5)).toBe(9);
    expect(() => quantile([1], 1.5)).toThrow("got 1.5");
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });
});
