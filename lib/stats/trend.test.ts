import { describe, expect, test } from "vitest";
import { createRandom } from "./random.ts";
import { normalQuantile, normalTail, studentQuantile, trend } from "./trend.ts";

describe("the Mann–Kendall test", () => {
  test("too few values and equal ones say nothing", () => {
    expect(trend([1, 2, 3])).toEqual({ n: 3, up: 1, down: 1 });
    expect(trend(Array(20).fill(4))).toEqual({ n: 20, up: 1, down: 1 });
  });

  test("a series that only rises: S = 28 of 8 values, var = 8·7·21/18, z = 27/8.083", () => {
    expect(trend([1, 2, 3, 4, 5, 6, 7, 8]).up).toBeCloseTo(normalTail(27 / Math.sqrt(1176 / 18)), 12);
    expect(trend([8, 7, 6, 5, 4, 3, 2, 1]).down).toBeCloseTo(trend([1, 2, 3, 4, 5, 6, 7, 8]).up, 12);
  });

  test("noise is called as often as the level says", () => {
    const random = createRandom("no trend");
    const called = Array.from({ length: 2000 }, () =>
      trend(Array.from({ length: 30 }, () => random.int(0, 12))),
    ).filter(({ up }) => up <= 0.05);
    // 100 expected; 3 standard deviations are 29.
    expect(called.length).toBeGreaterThan(65);
    expect(called.length).toBeLessThan(129);
  });

  test("the normal tail: values of the printed tables", () => {
    expect(normalTail(0)).toBeCloseTo(0.5, 7);
    expect(normalTail(1.959963985)).toBeCloseTo(0.025, 7);
    expect(normalTail(-1.644853627)).toBeCloseTo(0.95, 7);
    expect(normalTail(6) / 9.8659e-10).toBeCloseTo(1, 4);
  });

  test("quantiles: values of the printed tables", () => {
    expect(normalQuantile(0.025)).toBeCloseTo(1.959964, 5);
    expect(() => normalQuantile(0.5)).toThrow(RangeError);
    expect(studentQuantile(0.025, 20) / 2.086).toBeCloseTo(1, 3);
    expect(studentQuantile(0.005, 10) / 3.169).toBeCloseTo(1, 2);
  });
});
