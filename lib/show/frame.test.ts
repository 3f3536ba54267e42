import { describe, expect, test } from "vitest";
import { frameRows, frameView, toFrame } from "./frame.ts";

const rows = [
  { type: "concept", judge: 16, strict: true },
  { type: "concept", judge: null, strict: false },
  { type: "analysis", strict: true },
  { type: "analysis", judge: 8, strict: true, rewards: { format: 1, total: 0.3 }, tags: ["a", "b"] },
];

/** Mean by group in plain code, missing values left out. */
function meanBy(
  data: readonly Record<string, unknown>[],
  group: string,
  value: string,
): Record<string, number> {
  const sums: Record<string, [number, number]> = {};
  for (const row of data) {
    if (row[value] === null || row[value] === undefined) continue;
    const sum = (sums[String(row[group])] ??= [0, 0]);
    sum[0] += Number(row[value]);
    sum[1] += 1;
  }
  return Object.fromEntries(Object.entries(sums).map(([name, [total, n]]) => [name, total / n]));
}

describe("a DataFrame of rows", () => {
  test("groups to the same means as plain code once missing values are dropped", () => {
    const frame = toFrame(rows, { dropMissing: ["judge"] })
      .groupby(["type"])
      .agg({ judge: "mean" });
    expect(Object.fromEntries(frame.values as [string, number][])).toEqual(meanBy(rows, "type", "judge"));
  });

  test("does not count a missing value as 0: the mean says it is not known", () => {
    const frame = toFrame(rows).groupby(["type"]).agg({ judge: "mean" });
    expect(frame.values).toEqual([
      ["concept", Number.NaN],
      ["analysis", Number.NaN],
    ]);
  });

  test("takes true and false as 1 and 0, so that a mean is a share", () => {
    const frame = toFrame(rows).groupby(["type"]).agg({ strict: "mean" });
    expect(Object.fromEntries(frame.values as [string, number][])).toEqual(meanBy(rows, "type", "strict"));
  });

  test("has all columns in every row, also where a row lacks one", () => {
    const frame = toFrame(rows);
    expect(frame.columns).toEqual(["type", "judge", "strict", "rewards.format", "rewards.total", "tags"]);
    expect((frame.values as unknown[][]).every((row) => row.length === 6)).toBe(true);
    expect(frameRows(frame)[0]).toEqual({
      type: "concept",
      judge: 16,
      strict: 1,
      "rewards.format": null,
      "rewards.total": null,
      tags: "–",
    });
  });

  test("filters and sorts like plain code", () => {
    const frame = toFrame(rows, { dropMissing: ["judge"] });
    expect(frameRows(frame.query(frame.column("judge").gt(8))).map((row) => row.judge)).toEqual([16]);
    expect(frameRows(frame.sortValues("judge") as typeof frame).map((row) => row.judge)).toEqual([8, 16]);
  });

  test("of no rows is an empty table, not a crash", () => {
    expect(frameView(toFrame([])).text).toBe("Table: no rows");
  });

  test("is shown escaped", () => {
    expect(frameView(toFrame([{ q: "<script>" }])).html).toContain("&lt;script&gt;");
  });
});
