import { expect, test } from "vitest";
import type { AnswerGroup } from "./groups.ts";
import { luckyLetters } from "./lucky-letters.ts";
import { readGrpo } from "./grpo-reading.ts";

const question = { id: "q", question: "Effect on total assets?\nA. unchanged\nB. rises\nC. falls" };
const answer = (line: string, letter: string, accuracy = 1) => ({
  ...{ id: "q", group: 0, reward: accuracy, advantage: 0, tokens: 9, rewards: { accuracy } },
  completion: `<think>\ntotal assets: unchanged\n${line}\n</think>\n<answer>\n${letter}\n</answer>`,
});
const group = (...answers: ReturnType<typeof answer>[]) =>
  [{ step: 1, id: "q", answers }] as unknown as AnswerGroup[];

test("a right letter beside another option's words is luck", () => {
  const lucky = group(answer("B. unchanged", "B"), answer("B. unchanged", "B"), answer("A. rises", "A", 0));
  expect(luckyLetters(lucky, [question])).toEqual([
    {
      ...{ question: question.question, letter: "B", wrote: "unchanged", belongsTo: "A" },
      ...{ times: 2, answers: 3 },
    },
  ]);
  expect(readGrpo.luck(lucky, [question])).toBe(
    "**A lucky letter:** in 2 of 3 answers to “Effect on total assets?” the letter B is right, but the " +
      "words beside it, “unchanged”, are option A's. The rule reads the letter alone, so the step " +
      "makes this reasoning likelier, too.",
  );
});

test("its own words, a wrong letter, words of no option, no options: no luck", () => {
  expect(luckyLetters(group(answer("B. rises", "B")), [question])).toEqual([]);
  expect(luckyLetters(group(answer("B. unchanged", "B", 0)), [question])).toEqual([]);
  expect(luckyLetters(group(answer("B. up", "B")), [question])).toEqual([]);
  expect(luckyLetters(group(answer("B. unchanged", "B")), [{ id: "q", question: "ROE?" }])).toEqual([]);
  expect(readGrpo.luck(group(answer("B. rises", "B")), [question])).toContain("none was plainly luck");
});
