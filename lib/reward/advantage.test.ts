import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectedNoSignalShare, groupAdvantages, hasNoSignal } from "./advantage.ts";

describe("groupAdvantages", () => {
  test("one winner of four gets 1.50 with TRL's deviation and 1.73 with Fin-R1's", () => {
    expect(groupAdvantages([1, 0, 0, 0])[0]).toBeCloseTo(1.5, 3);
    expect(groupAdvantages([1, 0, 0, 0], { ddof: 0 })[0]).toBeCloseTo(Math.sqrt(3), 3);
  });

  test("an all-wrong group with mixed format still gets a full-size push of 0.87", () => {
    expect(groupAdvantages([0.3, 0.3, 0, 0]).map((a) => Math.round(a * 100) / 100)).toEqual([
      0.87, 0.87, -0.87, -0.87,
    ]);
  });

  test("equal rewards carry no signal, whatever they are", () => {
    expect(groupAdvantages([0.7, 0.7, 0.7])).toEqual([0, 0, 0]);
    expect(groupAdvantages([0.1 + 0.2, 0.1 + 0.2])).toEqual([0, 0]);
    expect(hasNoSignal([1, 1, 0])).toBe(false);
  });

  test("without scaling it is the plain difference to the mean", () => {
    expect(groupAdvantages([1, 0], { scale: false })).toEqual([0.5, -0.5]);
  });

  test("the advantages of a group sum to 0", () => {
    const rewards = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 16 });
    fc.assert(fc.property(rewards, (r) => Math.abs(groupAdvantages(r).reduce((a, b) => a + b)) < 1e-6));
  });

  test("one answer has nothing to be compared with", () =>
    expect(() => groupAdvantages([1])).toThrow("at least 2"));
});

describe("expectedNoSignalShare", () => {
  test.each([
    [0.9, 4, 0.6562],
    [0.5, 8, 2 / 256],
    [0, 4, 1],
    [1, 4, 1],
    [0.3, 1, 1],
  ])("p %f and %i answers a question: %f", (p, groupSize, share) =>
    expect(expectedNoSignalShare(p, groupSize)).toBeCloseTo(share, 12),
  );

  test("a chance outside [0, 1] throws", () =>
    expect(() => expectedNoSignalShare(1.2, 4)).toThrow("got 1.2"));
});
