import { expect, test } from "vitest";
import { AssemblyStats, assemblyStats, languageCounts, madeOf, textLanguage } from "./assembly-stats.ts";
import type { AssemblyFate } from "./assembly-stats.ts";

const fate = (
  layer: string,
  reason: string | null,
  assembly: string | null,
  source = "a",
  question: "zh" | "en" = "zh",
  response: "zh" | "en" | null = "en",
): AssemblyFate => ({ layer, reason, assembly, source, language: { question, response } });
const fates = [
  fate("split", "test_question", "boxed"),
  fate("teacher", "length", null),
  fate("assemble", "no_answer", "no_answer"),
  fate("assemble", "repeats_answer", "repeats_answer", "b", "en"),
  fate("answer", "value_differs", "boxed"),
  fate("size", null, "boxed", "b", "en"),
  fate("size", null, "as_written", "b", "en"),
  fate("size", null, "closing_line", "a", "zh", "zh"),
];

test(
  "every whole text is written so, put together or without a training text, in total, by source " +
    "and by language",
  () => {
    const stats = AssemblyStats.parse(assemblyStats(fates));
    expect(stats).toMatchObject({
      in: 6,
      asWritten: 1,
      putTogether: { boxed: 2, closing_line: 1 },
      none: { no_answer: 1, repeats_answer: 1 },
    });
    expect(stats.bySource.b).toEqual({
      in: 3,
      asWritten: 1,
      putTogether: { boxed: 1 },
      none: { repeats_answer: 1 },
    });
    expect(stats.byLanguage.zh).toEqual({
      in: 3,
      asWritten: 0,
      putTogether: { boxed: 1, closing_line: 1 },
      none: { no_answer: 1 },
    });
    expect(madeOf(stats)).toEqual({ as_written: 1, boxed: 2, closing_line: 1 });
  },
);

test("questions of one language that were answered in another are counted, the kept ones beside them", () => {
  expect(languageCounts(fates)).toEqual([
    { question: "en", response: "en", texts: 3, kept: 2 },
    { question: "zh", response: "en", texts: 2, kept: 0 },
    { question: "zh", response: "zh", texts: 1, kept: 1 },
  ]);
});

test("tags are no language, and a formula has none", () => {
  expect(textLanguage("净利率？", "<think>\n净利率=15%\n</think>\n<answer>\n15%\n</answer>")).toEqual({
    question: "zh",
    response: "zh",
  });
  expect(textLanguage("净利率？", "<think>\n120/800=15%\nA>B\n</think>\n<answer>15%</answer>")).toEqual({
    question: "zh",
    response: null,
  });
  expect(textLanguage("净利率？", "The net margin is 15%.")).toEqual({ question: "zh", response: "en" });
  expect(textLanguage("Margin?", null)).toEqual({ question: "en", response: null });
});

test("nothing gives zeros", () => {
  expect(assemblyStats([])).toEqual({
    in: 0,
    asWritten: 0,
    putTogether: {},
    none: {},
    bySource: {},
    byLanguage: {},
  });
  expect(languageCounts([])).toEqual([]);
});
