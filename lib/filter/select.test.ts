import { describe, expect, test } from "vitest";
import { selectShortest, yieldCurve } from "./select.ts";

const text = (id: string, sample: number, tokens: number | null, body = "x") => ({ id, sample, tokens, text: body });

describe("best of k", () => {
  test("takes the shortest text of each question", () => {
    const chosen = selectShortest([text("a", 0, 50), text("b", 0, 9), text("a", 1, 40), text("a", 2, 45)]);
    expect(chosen.map((c) => [c.id, c.sample])).toEqual([["a", 1], ["b", 0]]);
  });

  test("takes the earlier of two equally short, in whatever order they come", () => {
    expect(selectShortest([text("a", 3, 40), text("a", 1, 40)])[0]!.sample).toBe(1);
  });

  test("compares characters when a count of tokens is missing: a missing count is not 0", () => {
    expect(selectShortest([text("a", 0, null, "much longer"), text("a", 1, 99, "short")])[0]!.sample).toBe(1);
  });

  test("nothing in, nothing out", () => {
    expect(selectShortest([])).toEqual([]);
  });
});

describe("the yield over k", () => {
  test("is the mean chance that k of the texts hold a kept one", () => {
    const texts = [true, false, false, false].map((kept) => ({ id: "a", kept })).concat([true, true, true, true].map((kept) => ({ id: "b", kept })));
    expect(yieldCurve(texts).map((p) => p.share)).toEqual([0.625, 0.75, 0.875, 1]);
  });

  test("stops where the question with the fewest texts stops", () => {
    expect(yieldCurve([{ id: "a", kept: true }, { id: "a", kept: true }, { id: "b", kept: false }])).toEqual([{ k: 1, share: 0.5 }]);
  });

  test("of nothing is empty", () => {
    expect(yieldCurve([])).toEqual([]);
  });
});
