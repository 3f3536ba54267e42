import { describe, expect, test } from "vitest";
import { takeCensus, withGradient } from "./census.ts";

const row = (right: number, answers = 4, type = "financial_calculation") => ({
  id: `q${right}`,
  type,
  right,
  answers,
});

describe("the difficulty census", () => {
  test("no question gives counts of 0 and no NaN", () => {
    expect(takeCensus([])).toEqual({
      n: 0,
      groupSize: 0,
      histogram: [],
      accuracy: null,
      gradientShare: null,
      predictedGradientShare: null,
      byType: {},
    });
  });

  test("all right and all wrong groups carry no gradient", () => {
    const census = takeCensus([row(0), row(4), row(4)]);
    expect(census).toMatchObject({ histogram: [1, 0, 0, 0, 2], gradientShare: 0 });
    expect(withGradient([row(0), row(1), row(3), row(4)]).map((r) => r.right)).toEqual([1, 3]);
  });

  test("nine of ten right predicts that 34.4 % of groups of four carry one (p^G + (1-p)^G = 65.6 %)", () => {
    const rows = Array.from({ length: 10 }, (_, i) => row(i < 6 ? 4 : 3));
    const census = takeCensus(rows);
    expect(census.accuracy).toBeCloseTo(0.9, 12);
    expect(census.predictedGradientShare).toBeCloseTo(0.3438, 4);
    expect(census.gradientShare).toBeCloseTo(0.4, 12);
    expect(census.histogram.reduce((a, b) => a + b)).toBe(10);
  });

  test("types are counted apart", () => {
    const census = takeCensus([row(4), row(2, 4, "financial_concept")]);
    expect(census.byType).toEqual({
      financial_calculation: { n: 1, accuracy: 1, gradientShare: 0 },
      financial_concept: { n: 1, accuracy: 0.5, gradientShare: 1 },
    });
  });

  test("groups of different size and impossible counts are refused", () => {
    expect(() => takeCensus([row(1), row(1, 8)])).toThrow(/same number of answers/);
    expect(() => takeCensus([row(5)])).toThrow(/0 ≤ right ≤ 4/);
  });
});
