import { describe, expect, test } from "vitest";
import { selectBest, yieldCurve } from "./select.ts";

const text = (id: string, sample: number, tokens: number | null, body = "x") => ({
  id,
  sample,
  tokens,
  text: body,
});

describe("best of k", () => {
  test("takes the shortest text of each question", () => {
    const chosen = selectBest([text("a", 0, 50), text("b", 0, 9), text("a", 1, 40), text("a", 2, 45)]);
    expect(chosen.map((c) => [c.id, c.sample])).toEqual([
      ["a", 1],
      ["b", 0],
    ]);
  });

  test("takes the earlier of two equally short, in whatever order they come", () => {
    expect(selectBest([text("a", 3, 40), text("a", 1, 40)])[0]!.sample).toBe(1);
  });

  test("compares characters when a count of tokens is missing: a missing count is not 0", () => {
    expect(selectBest([text("a", 0, null, "much longer"), text("a", 1, 99, "short")])[0]!.sample).toBe(1);
  });

  test("may ask for the Judge's points first, then for the length; not judged is behind every number", () => {
    const judged = [
      { ...text("a", 0, 9), points: null },
      { ...text("a", 1, 40), points: 18 },
      { ...text("a", 2, 30), points: 18 },
      { ...text("a", 3, 5), points: 12 },
    ];
    expect(selectBest(judged, "most_points")[0]!.sample).toBe(2);
    expect(
      selectBest(judged.slice(0, 1).concat({ ...text("a", 4, 8), points: null }), "most_points")[0]!.sample,
    ).toBe(4);
  });

  test("may take the first one", () => {
    expect(selectBest([text("a", 2, 1), text("a", 1, 99)], "first")[0]!.sample).toBe(1);
  });

  test("nothing in, nothing out", () => {
    expect(selectBest([])).toEqual([]);
  });
});

describe("the yield over k", () => {
  test("is the mean chance that k of the texts hold a kept one", () => {
    const texts = [true, false, false, false]
      .map((kept) => ({ id: "a", kept }))
      .concat([true, true, true, true].map((kept) => ({ id: "b", kept })));
    expect(yieldCurve(texts).map((p) => p.share)).toEqual([0.625, 0.75, 0.875, 1]);
  });

  test("stops where the question with the fewest texts stops", () => {
    expect(
      yieldCurve([
        { id: "a", kept: true },
        { id: "a", kept: true },
        { id: "b", kept: false },
      ]),
    ).toEqual([{ k: 1, share: 0.5 }]);
  });

  test("of nothing is empty", () => {
    expect(yieldCurve([])).toEqual([]);
  });
});
