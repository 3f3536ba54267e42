import { expect, test } from "vitest";
import { majorityOf } from "./majority.ts";

const answer = (text: string): string => `<think>\n…\n</think>\n<answer>\n${text}\n</answer>`;

test.each([
  ["three of four", ["5", "7", "7", "7"], 1],
  ["a tie goes to the group that came first", ["5", "7", "7", "5"], 0],
  ["four different answers: the first", ["1", "2", "3", "4"], 0],
  ["one answer", ["9"], 0],
  ["two ways to write a value are one group", ["0.4", "25%", "0.25", "30"], 1],
  ["and so is a value with its rounding, whichever comes first", ["0.4", "33.3%", "33.33%", "30"], 1],
  [
    "free text that no rule can decide counts where it is the same text",
    ["it falls", "it rises", "it rises"],
    1,
  ],
])("%s", (_, answers, winner) => expect(majorityOf("What share is it?", answers.map(answer))).toBe(winner));

test("an option's letter and its text are one answer", () => {
  expect(majorityOf("Which way?\nA. up\nB. down", ["A", "B", "B. down", "C"].map(answer))).toBe(1);
});

test("answers are found where a lenient reader finds them, tags or not", () => {
  expect(majorityOf("How much?", [answer("5"), "So it is\nAnswer: 7", answer("7")])).toBe(1);
});

test("a text without an answer has no vote; where none has one the first text stands", () => {
  expect(majorityOf("How much?", ["", "  ", answer("7")])).toBe(2);
  expect(majorityOf("How much?", [answer(""), "", ""])).toBe(0);
});

test("no answers have no majority", () => {
  expect(() => majorityOf("How much?", [])).toThrow("at least one");
});
