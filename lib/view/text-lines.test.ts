import { expect, test } from "vitest";
import { widthOf, wrapText } from "./text-view.ts";

test("a Chinese character is two columns wide", () => {
  expect(widthOf("ROE 是")).toBe(6);
});

test("lines break at blanks where there are any, within a long word where there are none", () => {
  expect(wrapText("one two three four", 9, 9)).toEqual(["one two", "three", "four"]);
  expect(wrapText("abcdefghij", 4, 9)).toEqual(["abcd", "efgh", "ij"]);
  expect(wrapText("净资产收益率", 5, 9)).toEqual(["净资", "产收", "益率"]);
});

test("its own line breaks stay, and what does not fit is told by its last line", () => {
  expect(wrapText("a\n\nb", 9, 9)).toEqual(["a", "", "b"]);
  expect(wrapText("a\nb\nc\nd", 9, 3)).toEqual(["a", "b", "…"]);
});

test("no line is wider than it may be, and no character is lost", () => {
  const text = "毛利率 = (revenue − cost) / revenue，即 (940−799)/940 = 15%。".repeat(5);
  const lines = wrapText(text, 20, 99);
  expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(20);
  expect(lines.join("").replace(/ /g, "")).toBe(text.replace(/ /g, ""));
});
