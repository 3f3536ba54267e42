import { describe, expect, test } from "vitest";
import { groupingOf } from "./grouping.ts";
import type { Grouped } from "./grouping.ts";

const groups = (rows: Grouped[]) => {
  const { by, groupOf } = groupingOf(rows);
  return [by, ...rows.map(groupOf)];
};
const own = { type: "financial_calculation", source: "mine", question: "What is 2 + 3?" };

describe("rows are grouped", () => {
  test("by kind where one has it, and by source where it has none", () => {
    const by = "kind of question (by source where it has none)";
    expect(groups([{ ...own, kind: "bond" }, own])).toEqual([by, "bond", "mine"]);
  });
  test("by source where files differ", () => {
    expect(groups([own, { ...own, source: "exam" }])).toEqual(["source", "mine", "exam"]);
  });
  test("by type where one file holds several", () => {
    const concept = { ...own, type: "financial_concept" };
    expect(groups([own, concept])).toEqual(["type", own.type, concept.type]);
  });
  test("by language where all else is equal, a single group included", () => {
    expect(groups([own, { ...own, question: "2加3等于多少？" }])).toEqual([
      "language",
      "not Chinese",
      "Chinese",
    ]);
    expect(groups([own])).toEqual(["language", "not Chinese"]);
    expect(groups([])).toEqual(["language"]);
  });
});
