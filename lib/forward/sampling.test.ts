import { describe, expect, test } from "vitest";
import { createRandom } from "../stats/random.ts";
import { distribution, draw, mostLikely, ranked } from "./sampling.ts";

/** Probabilities 0.5, 0.25, 0.125, 0.125. */
const logits = Float32Array.from([0.5, 0.25, 0.125, 0.125], Math.log);
const at = (temperature: number, topP = 1) => [...distribution(logits, { temperature, topP })];
const closeTo = (values: number[]) => values.map((value) => expect.closeTo(value, 5));

describe("temperature and top-p", () => {
  test("temperature 1 is the model's own distribution", () => {
    expect(at(1)).toEqual(closeTo([0.5, 0.25, 0.125, 0.125]));
  });

  test("temperature T takes each probability to the power of 1 / T", () => {
    const squares = [0.25, 0.0625, 0.015625, 0.015625];
    const sum = squares.reduce((a, b) => a + b);
    expect(at(0.5)).toEqual(closeTo(squares.map((square) => square / sum)));
  });

  test("temperature 0 leaves the most likely token, the first of equal ones", () => {
    expect(at(0)).toEqual([1, 0, 0, 0]);
    expect(mostLikely(Float32Array.from([1, 3, 3]))).toBe(1);
  });

  test("very cold and very hot stay numbers", () => {
    expect(at(1e-6)).toEqual(closeTo([1, 0, 0, 0]));
    expect(at(1e6)).toEqual(closeTo([0.25, 0.25, 0.25, 0.25]));
  });

  test("top-p keeps the token that reaches it and scales the rest to a sum of 1", () => {
    expect(at(1, 0.5)).toEqual(closeTo([1, 0, 0, 0]));
    expect(at(1, 0.6)).toEqual(closeTo([2 / 3, 1 / 3, 0, 0]));
    expect(at(1, 0.0001)).toEqual([1, 0, 0, 0]);
  });
});

test("draws come as often as the shares say", () => {
  const random = createRandom(5);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 20_000; i++)
    counts[draw(distribution(logits, { temperature: 1, topP: 1 }), random.next())]!++;
  const deviations = [0.5, 0.25, 0.125, 0.125].map((share, i) => Math.abs(counts[i]! / 20_000 - share));
  expect(Math.max(...deviations)).toBeLessThan(0.015); // four standard errors of the largest share
});

test("a token without a share is never drawn, also at the very end", () => {
  const shares = Float32Array.from([0, 0.3333333, 0.6666665, 0]);
  expect([0, 0.5, 0.9999999999].map((position) => draw(shares, position))).toEqual([1, 2, 2]);
});

test("the most likely first, equal ones in their order", () => {
  expect(ranked(Float32Array.from([1, 5, 5, 2]), 3)).toEqual([1, 2, 3]);
});
