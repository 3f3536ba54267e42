import { describe, expect, test } from "vitest";
import { createRandom } from "./random.ts";

describe("createRandom", () => {
  test("the same seed gives the same draws, another seed others", () => {
    const draws = (seed: number | string) =>
      Array.from(
        { length: 20 },
        (
          (r) => () =>
            r.next()
        )(createRandom(seed)),
      );
    expect(draws(42)).toEqual(draws("42"));
    expect(draws(42)).not.toEqual(draws(43));
    expect(draws("42/split")).not.toEqual(draws("42/sample"));
  });

  test("the stream is pinned, so that a new release draws the same questions", () => {
    const r = createRandom(42);
    expect([r.int(0, 999), r.int(0, 999), r.int(0, 999), r.int(0, 999)]).toMatchInlineSnapshot(`
      [
        525,
        186,
        405,
        864,
      ]
    `);
  });

  test("draws are uniform: ten bins of 100,000 stay within five standard deviations", () => {
    const r = createRandom(1);
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) bins[Math.floor(r.next() * 10)]!++;
    for (const n of bins) expect(Math.abs(n - 10_000)).toBeLessThan(5 * Math.sqrt(100_000 * 0.1 * 0.9));
  });

  test("neighbouring seeds do not start alike", () => {
    const firsts = Array.from({ length: 1000 }, (_, seed) => createRandom(seed).next());
    expect(new Set(firsts).size).toBe(1000);
    const mean = firsts.reduce((a, b) => a + b) / 1000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 1000));
  });

  test("int reaches both ends and nothing beyond", () => {
    const r = createRandom(2);
    const seen = new Set(Array.from({ length: 500 }, () => r.int(-2, 3)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
    expect(() => r.int(3, 2)).toThrow("lo ≤ hi");
    expect(() => r.int(0, 1.5)).toThrow("whole numbers");
  });

  test("shuffle keeps the elements and leaves the input alone, each place equally likely", () => {
    const input = [0, 1, 2, 3];
    const r = createRandom(3);
    const firstPlace = [0, 0, 0, 0];
    for (let i = 0; i < 8000; i++) {
      const out = r.shuffle(input);
      expect(out.slice().sort()).toEqual([0, 1, 2, 3]);
      firstPlace[out[0]!]!++;
    }
    expect(input).toEqual([0, 1, 2, 3]);
    for (const n of firstPlace) expect(Math.abs(n - 2000)).toBeLessThan(5 * Math.sqrt(8000 * 0.25 * 0.75));
  });

  test("pick refuses an empty array", () => {
    expect(() => createRandom(1).pick([])).toThrow("non-empty");
  });
});
