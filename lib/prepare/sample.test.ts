import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../stats/random.ts";
import { QUESTION_TYPES } from "../records.ts";
import { mixOf, sampleStratified } from "./sample.ts";
import { resolveConfig } from "../config/settings.ts";

const mix = mixOf(resolveConfig());
const make = (counts: readonly number[]) =>
  QUESTION_TYPES.flatMap((type, t) =>
    Array.from({ length: counts[t]! }, (_, i) => ({ id: `${type}_${i}`, type })),
  );
const count = (rows: readonly { type: string }[]) =>
  QUESTION_TYPES.map((type) => rows.filter((r) => r.type === type).length);

describe("sampleStratified", () => {
  test("the original's mix: of 2,000 rows 40 % calculation, 30 % reasoning, 20 % concept", () => {
    const { kept, report } = sampleStratified(make([3000, 3000, 3000, 3000]), { size: 2000, mix, seed: 42 });
    expect(count(kept)).toEqual([800, 600, 400, 200]);
    expect(report).toMatchObject({ filledFromOthers: 0, missing: 0 });
  });

  test("what a type lacks the others give by their shares, and the report says so", () => {
    const { kept, report } = sampleStratified(make([1000, 1000, 1000, 10]), { size: 1000, mix, seed: 42 });
    expect(count(kept)).toEqual([440, 330, 220, 10]);
    expect(report.types.financial_analysis).toEqual({ share: 0.1, wanted: 100, available: 10, taken: 10 });
    expect(report.filledFromOthers).toBe(90);
  });

  test("fewer rows than asked for are all taken", () => {
    const { kept, report } = sampleStratified(make([5, 1, 0, 0]), { size: 10, mix, seed: 42 });
    expect(kept).toHaveLength(6);
    expect(report.missing).toBe(4);
    expect(sampleStratified([], { size: 10, mix, seed: 1 }).kept).toEqual([]);
  });

  test(
    "the order of the input does not matter, the seed does, and more rows move nobody out of a " +
      "type that has enough",
    () => {
      const rows = make([300, 300, 300, 300]);
      const ids = (input: typeof rows, seed: number) =>
        sampleStratified(input, { size: 100, mix, seed }).kept.map((q) => q.id);
      expect(ids(createRandom(5).shuffle(rows), 42)).toEqual(ids(rows, 42));
      expect(ids(rows, 43)).not.toEqual(ids(rows, 42));
      const more = ids([...rows, ...make([0, 0, 0, 400]).slice(300)], 42);
      expect(more.filter((id) => !id.startsWith("financial_analysis"))).toEqual(
        ids(rows, 42).filter((id) => !id.startsWith("financial_analysis")),
      );
    },
  );

  test("it always takes min(size, all), never a row twice, never more of a type than there is", () => {
    const shares = fc
      .array(fc.nat(20), { minLength: 4, maxLength: 4 })
      .filter((s) => s.some((x) => x > 0))
      .map((s) => s.map((x) => x / s.reduce((a, b) => a + b, 0)));
    fc.assert(
      fc.property(
        fc.array(fc.nat(40), { minLength: 4, maxLength: 4 }),
        fc.integer({ min: 1, max: 150 }),
        shares,
        (counts, size, share) => {
          const rows = make(counts);
          const drawn = Object.fromEntries(QUESTION_TYPES.map((t, i) => [t, share[i]!])) as typeof mix;
          const { kept, report } = sampleStratified(rows, { size, mix: drawn, seed: 1 });
          expect(kept).toHaveLength(Math.min(size, rows.length));
          expect(new Set(kept.map((k) => k.id)).size).toBe(kept.length);
          expect(report.missing).toBe(size - kept.length);
          count(kept).forEach((n, i) => expect(n).toBe(report.types[QUESTION_TYPES[i]!].taken));
        },
      ),
    );
  });

  test("shares that do not sum to 1 are refused", () => {
    expect(() => sampleStratified([], { size: 1, mix: { ...mix, financial_concept: 0.5 }, seed: 1 })).toThrow(
      "sum to 1",
    );
  });
});
