import { expect, test } from "vitest";
import { withoutContext } from "../question/asked.ts";
import { foldedStretch, shortQuestion } from "./long-text.ts";

const PROSE = "Net sales rose in every segment but one. ".repeat(30);
const REPORT = `Context: ${PROSE}\n||2019|2018|\n|Sales|8|6|`;
const ASKED = "Question: What was the change in sales?";

test("a question behind a report is found, and stands without it", () => {
  expect(withoutContext(`${REPORT}\n${ASKED}`)).toBe(ASKED);
  expect(withoutContext("A short Question: or not?")).toBe("A short Question: or not?");
  expect(withoutContext("Question: alone")).toBe("Question: alone");
});

test("a long question keeps its beginning and what it asks; a short one is whole", () => {
  expect(shortQuestion("What is 5 % of 200?")).toBeNull();
  const short = shortQuestion(`${REPORT}\n${ASKED} (gold: 2)`)!;
  expect(short).toMatch(
    /^Context: Net sales rose .* …\n… Question: What was the change in sales\? \(gold: 2\)$/,
  );
  expect(short.length).toBeLessThan(200);
  const chinese = shortQuestion(`${"英伟达刷新了纪录。".repeat(80)}\nA. 债券市场\nB. 权益市场`)!;
  expect(chinese).toMatch(/^英伟达.* …\n… .*A\. 债券市场\nB\. 权益市场$/s);
  expect(chinese.length).toBeLessThan(230);
  const band = `${"Each trumpet player carries 5 pounds of weight, ".repeat(12)}how much is it?`;
  expect(shortQuestion(band)).toBeNull();
});

test("what is cut holds no half characters", () => {
  const emoji = shortQuestion("📈".repeat(400))!;
  expect(emoji.isWellFormed()).toBe(true);
  const text = "📈".repeat(2000);
  const { start, end } = foldedStretch(text, { columns: 49, lines: 30 })!;
  for (const part of [text.slice(0, start), text.slice(start, end), text.slice(end)])
    expect(part.isWellFormed()).toBe(true);
});

test("an answer that goes on and on is folded but for its first and its last lines", () => {
  const room = { columns: 40, lines: 10 };
  expect(foldedStretch(Array(10).fill("a line").join("\n"), room)).toBeNull();
  const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`);
  const text = lines.join("\n");
  const { start, end } = foldedStretch(text, room)!;
  expect(text.slice(0, start).trimEnd().split("\n")).toEqual(lines.slice(0, 4));
  expect(text.slice(end).split("\n")).toEqual(lines.slice(-2));
  const words = "again and ".repeat(200);
  const fold = foldedStretch(words, room)!;
  expect(words.slice(0, fold.start)).toMatch(/ $/);
  expect(words.slice(fold.end)).toMatch(/^(again|and)/);
  expect(foldedStretch("中".repeat(190), room)).toBeNull();
  expect(foldedStretch("中".repeat(210), room)).not.toBeNull();
});
