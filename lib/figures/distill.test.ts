import { describe, expect, test } from "vitest";
import { distillProgress, yieldByType } from "./distill.ts";
import { title } from "../testing/figure-parts.ts";

describe("progress", () => {
  test("verdicts without a token count are drawn without an axis of tokens", () => {
    const figure = distillProgress(
      {
        total: 4,
        done: 2,
        failed: 0,
        tokensPerSecond: null,
        etaSeconds: 3,
        history: [{ seconds: 1, done: 2, tokensPerSecond: null }],
      },
      { title: "Verdicts on disk", unit: "verdicts" },
    );
    expect(figure.data.map((trace) => trace.name)).toEqual(["verdicts"]);
    expect(figure.layout.yaxis2).toBeUndefined();
    expect(title(figure)).toContain("Verdicts on disk");
  });
});

describe("distillation", () => {
  test("yield is per type: usable and failed add up to 100 %", () => {
    const figure = yieldByType([
      { type: "financial_concept", failure: null },
      { type: "financial_concept", failure: null },
      { type: "financial_concept", failure: "length" },
    ]);
    expect(figure.data.map((trace) => (trace.x as number[])[0])).toEqual([
      expect.closeTo(66.67, 1),
      expect.closeTo(33.33, 1),
    ]);
  });

  test("a legend that takes two lines on a printed page has room for two", () => {
    const room = (causes: string[]) =>
      (
        yieldByType(
          causes.map((failure) => ({ type: "financial_concept", failure })),
          "right by the rules",
        ).layout.margin as { t: number }
      ).t;
    expect(
      room(["wrong_answer", "undecided", "unreadable_answer", "bad_format"]) - room(["wrong_answer"]),
    ).toBe(20);
  });
});
