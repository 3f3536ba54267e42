import { describe, expect, test } from "vitest";
import { duplicatesTable, sourceBars } from "./prepare.ts";
import { questionLengths } from "./question-lengths.ts";
import { menu, title } from "../testing/figure-parts.ts";

const ofTokens = (tokens: number) => ({ type: "financial_concept", source: "mine", tokens });

describe("preparation", () => {
  test("a source with nothing but rows set aside is still a bar", () => {
    const figure = sourceBars(
      [{ source: "a" }],
      [
        { source: "b", reason: "no_gold" },
        { source: "b", reason: "no_gold" },
      ],
    );
    expect(figure.data.map((trace) => [trace.name, trace.y, trace.x])).toEqual([
      ["kept", ["a", "b"], [1, 0]],
      ["set aside: no gold", ["a", "b"], [0, 2]],
    ]);
  });

  test("many reasons are put together, and no row is lost", () => {
    const setAside = Array.from({ length: 9 }, (_, i) => ({ source: "s", reason: `r${i}` }));
    const drawn = sourceBars([], setAside).data.flatMap((trace) => trace.x as number[]);
    expect(drawn.reduce((a, b) => a + b, 0)).toBe(9);
  });

  test("a question of exactly the limit still fits", () => {
    expect(title(questionLengths([191, 192, 193].map(ofTokens), 192))).toContain(
      "1 over the limit of 192 (33.3 %)",
    );
  });

  test("a limit far beyond the data does not squeeze the bars", () => {
    const { range } = questionLengths([10, 20].map(ofTokens), 2048).layout.xaxis as { range: number[] };
    expect(range[1]).toBeLessThan(30);
  });

  test("each slice of the lengths has its own bins, and its entry counts its own long rows", () => {
    const short = Array.from({ length: 50 }, (_, i) => ofTokens(20 + i));
    const figure = questionLengths(
      [...short, { type: "financial_analysis", source: "filings", tokens: 3000 }],
      60,
    );
    expect(title(figure)).toContain("10 over the limit of 60");
    const [all, , analysis, , filings] = menu(figure);
    expect([all!.label, analysis!.label, filings!.label]).toEqual([
      "all questions",
      "type: analysis",
      "source: filings",
    ]);
    const mine = menu(figure).find((entry) => entry.label === "source: mine")!;
    expect(mine.args[1]["title.text"]).toContain("9 over the limit of 60");
    expect(Math.max(...(mine.args[0].x![0] as number[]))).toBeLessThan(100);
    expect((mine.args[0].y as number[][]).flat().reduce((a, b) => a + b, 0)).toBe(50);
  });

  test("duplicates whose golds differ come first", () => {
    const view = duplicatesTable(
      [
        { id: "b", of: "a", goldDiffers: false },
        { id: "d", of: "c", goldDiffers: true },
      ],
      [{ id: "a", question: "What?" }],
    );
    expect(view.text.indexOf("d ")).toBeLessThan(view.text.indexOf("b "));
    expect(view.text).toContain("What?");
  });
});
