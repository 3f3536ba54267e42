import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Exact } from "./exact.ts";
import {
  add,
  approximately,
  decimal,
  divide,
  equal,
  fraction,
  isNegative,
  isZero,
  negate,
  pow10,
  shift,
} from "./exact.ts";
import { lastDigitPower, roundsTo, show, within } from "./exact-rounding.ts";

/** The same number without the short form: what every function is checked against. */
const long = (a: Exact): Exact => ({ m: 0, e: 0, big: fraction(a) });
const exact = fc
  .tuple(
    fc.oneof(
      fc.integer({ min: -1000, max: 1000 }),
      fc.maxSafeInteger(),
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    ),
    fc.integer({ min: -20, max: 20 }),
  )
  .map(([m, e]) => decimal(m, e));

describe("exact numbers", () => {
  it("say the same in the short form as in the long one", () => {
    fc.assert(
      fc.property(exact, exact, fc.integer({ min: -9, max: 9 }), (a, b, k) => {
        expect(equal(a, b)).toBe(equal(long(a), long(b)));
        expect(equal(a, shift(shift(a, k), -k))).toBe(true);
        expect(equal(shift(a, k), long(shift(a, k)))).toBe(true);
        expect(equal(add(a, b), add(long(a), long(b)))).toBe(true);
        expect(equal(negate(negate(a)), a)).toBe(true);
        expect(isNegative(a)).toBe(isNegative(long(a)));
        expect(isZero(a)).toBe(isZero(long(a)));
        if (!isZero(b)) expect(equal(divide(a, b), divide(long(a), long(b)))).toBe(true);
        expect(within(a, b, 100n)).toBe(within(long(a), long(b), 100n));
        expect(roundsTo(a, b, k)).toBe(roundsTo(long(a), long(b), k));
        expect(show(a)).toBe(show(long(a)));
      }),
      { numRuns: 2000 },
    );
  });

  it("tell 12345678901234567890 from its neighbour", () => {
    expect(equal(decimal(12345678901234567890n, 0), decimal(12345678901234567891n, 0))).toBe(false);
    expect(equal(decimal(9007199254740991, 0), decimal(9007199254740992n, 0))).toBe(false);
    expect(equal(decimal(1, 16), decimal(10000000000000000n, 0))).toBe(true);
  });

  it("come within double precision", () => {
    fc.assert(
      fc.property(exact, (a) => {
        const { n, d } = fraction(a);
        const scaled = Number((n * pow10(40)) / d) / 1e40;
        if (scaled !== 0) expect(Math.abs(approximately(a) / scaled - 1)).toBeLessThan(1e-9);
      }),
    );
  });

  it("round half up and half even, and nothing else", () => {
    const half = decimal(125, -3);
    expect(roundsTo(half, decimal(13, -2), -2)).toBe(true);
    expect(roundsTo(half, decimal(12, -2), -2)).toBe(true);
    expect(roundsTo(decimal(135, -3), decimal(13, -2), -2)).toBe(false);
    expect(roundsTo(decimal(-125, -3), decimal(-13, -2), -2)).toBe(true);
    expect(roundsTo(decimal(-125, -3), decimal(13, -2), -2)).toBe(false);
    expect(roundsTo(decimal(1249, -4), decimal(13, -2), -2)).toBe(false);
    expect(roundsTo(divide(decimal(1, 0), decimal(3, 0)), decimal(33, -2), -2)).toBe(true);
  });

  it("know their last digit and how they are written", () => {
    expect(
      [
        decimal(1200, 0),
        decimal(125, -3),
        decimal(0, 0),
        divide(decimal(1, 0), decimal(3, 0)),
        decimal(5, 3),
      ].map(lastDigitPower),
    ).toEqual([2, -3, null, null, 3]);
    expect(
      [
        decimal(52, 7),
        decimal(-125, -3),
        decimal(0, -2),
        divide(decimal(2, 0), decimal(6, 0)),
        divide(decimal(1, 0), decimal(8, 0)),
      ].map(show),
    ).toEqual(["520,000,000", "-0.125", "0", "1/3", "0.125"]);
    expect(show(decimal(1, 100)).length).toBeLessThanOrEqual(60);
  });
});
