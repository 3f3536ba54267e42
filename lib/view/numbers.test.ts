import { describe, expect, test } from "vitest";
import {
  binomial,
  fillBins,
  formatEstimate,
  formatNumber,
  formatPercent,
  formatShare,
  integerBins,
  meanOf,
  movingAverage,
} from "./numbers.ts";

describe("numbers in words", () => {
  test.each([
    [0, "0"],
    [1234567, "1,234,567"],
    [0.0002, "0.0002"],
    [5e-6, "5.00e-6"],
    [12.3456, "12.35"],
    [0.123456, "0.123"],
    [98765.4321, "98,765.4"],
    [-0.5, "-0.5"],
  ])("%d reads %s", (n, text) => expect(formatNumber(n)).toBe(text));

  test("an interval stands behind its value", () => {
    expect(formatEstimate({ value: 0.82, low: 0.755, high: 0.8745 })).toBe("0.82 [0.76, 0.87]");
  });

  test("a per cent is rounded as the interval beside it", () => {
    const value = 0.725; // as a binary number just below
    expect(formatEstimate({ value, low: 0.6, high: 0.8 })).toBe("0.72 [0.60, 0.80]");
    expect(formatPercent(value)).toBe("72 %");
    expect([0, 0.005, 1].map(formatPercent)).toEqual(["0 %", "1 %", "100 %"]);
  });

  test("a share of nothing is no share", () => {
    expect(formatShare(0, 0)).toBe("–");
    expect(formatShare(0, 7)).toBe("0 %");
    expect(formatShare(1, 3)).toBe("33.3 %");
  });
});

describe("curves", () => {
  test("the moving mean of a constant is the constant, ends included", () => {
    expect(movingAverage([2, 2, 2, 2, 2], 3)).toEqual([2, 2, 2, 2, 2]);
  });

  test("a straight line keeps its place: the mean does not lag", () => {
    expect(movingAverage([0, 1, 2, 3, 4], 3).slice(1, 4)).toEqual([1, 2, 3]);
  });

  test("gaps are left out, and a window of gaps stays a gap", () => {
    expect(movingAverage([1, null, 3], 3)).toEqual([1, 2, 3]);
    expect(movingAverage([null, null, null, 6], 2)).toEqual([null, null, 6, 6]);
    expect(meanOf([null, Number.NaN, undefined])).toBeNull();
  });
});

describe("histograms", () => {
  test("every value falls into one bin, the longest too", () => {
    const values = [3, 3, 17, 250, 999];
    const bins = integerBins(values);
    expect(fillBins(values, bins).reduce((a, b) => a + b, 0)).toBe(5);
    expect(bins.starts.length).toBeLessThanOrEqual(31);
  });

  test("small numbers get bins of one", () => {
    expect(integerBins([4, 5, 6])).toEqual({ starts: [4, 5, 6], width: 1 });
    expect(integerBins([7])).toEqual({ starts: [7], width: 1 });
    expect(integerBins([])).toEqual({ starts: [], width: 1 });
  });
});

describe("binomial", () => {
  test("two coins", () =>
    expect(binomial(2, 0.5)).toEqual([0.25, 0.5, 0.25].map((p) => expect.closeTo(p, 12))));
  test("certain and impossible answers", () => {
    expect(binomial(3, 0)).toEqual([1, 0, 0, 0]);
    expect(binomial(3, 1)).toEqual([0, 0, 0, 1]);
  });
  test("sums to one for a large n", () =>
    expect(binomial(500, 0.3).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9));
});
