import { expect, test } from "vitest";
import { assemblyRows, languageRows } from "./assembly-stats.ts";

const counts = {
  in: 10,
  asWritten: 2,
  putTogether: { last_boxed: 5, last_answer: 1 },
  none: { no_answer: 2 },
};

test("rules and reasons stand with their counts, sources only where there are several", () => {
  const all = {
    source: "all",
    "whole texts": 10,
    "as written": 2,
    "put together": "last boxed 5, last answer 1",
    "no training text": "no answer 2",
  };
  expect(assemblyRows({ ...counts, bySource: { mine: counts }, byLanguage: {} })).toEqual([all]);
  const plain = { in: 3, asWritten: 3, putTogether: {}, none: {} };
  expect(assemblyRows({ ...counts, bySource: { mine: counts, made: plain }, byLanguage: {} })).toEqual([
    all,
    { ...all, source: "mine" },
    { source: "made", "whole texts": 3, "as written": 3, "put together": "none", "no training text": "none" },
  ]);
});

test("a Chinese question answered in English is a row of its own", () => {
  expect(
    languageRows([
      { question: "zh", response: "en", texts: 7, kept: 3 },
      { question: "en", response: null, texts: 1, kept: 0 },
    ]),
  ).toEqual([
    { question: "Chinese", reasoning: "not Chinese", texts: 7, "in the training rows": 3 },
    { question: "not Chinese", reasoning: "formulas alone", texts: 1, "in the training rows": 0 },
  ]);
});
