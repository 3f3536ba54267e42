import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bucket, FunnelCounts, funnelOf } from "./funnel.ts";
import type { Fate } from "./funnel.ts";

const layers = ["format", "answer", "judge"];
const fate = fc.record<Fate>({
  layer: fc.constantFrom(...layers),
  reason: fc.constantFrom(null, "a", "b", "__proto__", "constructor", ""),
  type: fc.constantFrom("financial_calculation", "financial_concept"),
  source: fc.constantFrom("basics", "mine", "toString"),
});

// What is kept has been through the last layer.
const ended = fc
  .array(fate, { maxLength: 60 })
  .map((fates) => fates.map((f) => (f.reason === null ? { ...f, layer: "judge" } : f)));
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

describe("a funnel", () => {
  test("has every row in exactly one bucket, in total, by type and by source", () => {
    fc.assert(
      fc.property(ended, (fates) => {
        const funnel = funnelOf(fates, layers);
        expect(funnel.map((l) => l.layer)).toEqual(layers);
        let arriving = fates.length;
        for (const layer of funnel) {
          FunnelCounts.parse(layer);
          expect(layer.in).toBe(arriving);
          arriving = layer.out;
          expect(layer.in).toBe(
            layer.out + fates.filter((f) => f.layer === layer.layer && f.reason !== null).length,
          );
          for (const bucket of [layer, ...Object.values(layer.byType), ...Object.values(layer.bySource)])
            expect(bucket.in).toBe(bucket.out + sum(Object.values(bucket.reasons)));
          for (const side of [layer.byType, layer.bySource]) {
            expect(sum(Object.values(side).map((b) => b.in))).toBe(layer.in);
            expect(sum(Object.values(side).map((b) => b.out))).toBe(layer.out);
            for (const reason of Object.keys(layer.reasons))
              expect(
                sum(
                  Object.values(side).map((b) => (Object.hasOwn(b.reasons, reason) ? b.reasons[reason]! : 0)),
                ),
              ).toBe(layer.reasons[reason]);
          }
        }
        expect(arriving).toBe(fates.filter((f) => f.reason === null).length);
      }),
    );
  });

  test("of no rows is layers of zeros", () => {
    expect(funnelOf([], ["format"])).toEqual([
      { layer: "format", skipped: false, in: 0, out: 0, reasons: {}, byType: {}, bySource: {} },
    ]);
  });

  test("says which layers were switched off", () => {
    expect(funnelOf([], layers, ["judge"]).map((l) => l.skipped)).toEqual([false, false, true]);
  });

  test("refuses a row that ended in a layer nobody listed", () => {
    expect(() => funnelOf([{ layer: "luck", reason: "x", type: "t", source: "s" }], layers)).toThrow(/luck/);
  });

  test("lists the commonest reason first", () => {
    const rows: Fate[] = ["b", "a", "b"].map((reason) => ({
      layer: "format",
      reason,
      type: "t",
      source: "s",
    }));
    expect(Object.keys(funnelOf(rows, layers)[0]!.reasons)).toEqual(["b", "a"]);
    expect(Bucket.safeParse({ in: -1, out: 0, reasons: {} }).success).toBe(false);
  });
});
