import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { signedRank } from "./signed-rank.ts";

describe("Wilcoxon's signed-rank test", () => {
  test("nothing moved: nothing is said", () => {
    expect(signedRank([0, 0])).toEqual({ n: 0, up: 1, down: 1 });
    expect(signedRank([])).toEqual({ n: 0, up: 1, down: 1 });
  });

  test("all up by the same: one of 2ⁿ patterns of signs", () => {
    expect(signedRank([1, 1, 1, 1, 1, 0])).toEqual({ n: 5, up: 1 / 32, down: 1 });
  });

  test("the table of the exact distribution: n = 8, W⁻ = 5 is 10 of 256 patterns", () => {
    // Ranks 1 … 8 with 5 alone on the minus side; 10 of 256 subsets of 1 … 8 sum to 5 or less.
    expect(signedRank([1, 2, 3, 4, -5, 6, 7, 8]).up).toBeCloseTo(10 / 256, 12);
  });

  test("ties share their ranks: counted by hand", () => {
    // Ranks 1.5, 1.5, 3; W⁺ = 4.5 of 6: subsets that weigh 4.5 or more are {1.5, 3} twice and all: 3 of 8.
    expect(signedRank([1, -1, 2]).up).toBeCloseTo(3 / 8, 12);
  });

  test("the scale does not count, and a mirrored sample swaps the sides", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 40 }), (values) => {
        const plain = signedRank(values);
        const scaled = signedRank(values.map((value) => value * 0.37));
        const mirrored = signedRank(values.map((value) => -value));
        expect(scaled.up).toBeCloseTo(plain.up, 9);
        expect(mirrored.up).toBeCloseTo(plain.down, 9);
        expect(plain.up + plain.down).toBeGreaterThanOrEqual(1 - 1e-9);
      }),
    );
  });
});
