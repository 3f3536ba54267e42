import { expect, test } from "vitest";
import type { Run } from "../run/run.ts";
import { firstStep } from "./first-step.ts";

const answer = (group: number, completion: string, reward: number, advantage: number) => ({
  ...{ id: "a", group, completion, rewards: {}, reward, advantage, tokens: 9 },
});

test("a right answer outside its block is right leniently, and paid nothing", () => {
  const samples = [
    answer(0, "<think>\n2+3\n</think>\n<answer>\n5\n</answer>", 1, 1),
    answer(0, "Answer: 5", 0, -1),
    answer(1, "Answer: 6", 0, 0),
    answer(1, "Answer: 6", 0, 0),
  ];
  const rows = [{ id: "a", prompt: "2+3?", gold_answer: "5", type: "financial_calculation" as const }];
  const run = { label: "one step", samples: [{ step: 1, samples }] } as unknown as Run;
  expect(firstStep(run, rows)).toEqual({
    ...{ policy: "one step", questions: 2, answers: 4, format: 0.25, strict: 0.25, lenient: 0.5 },
    ...{ reward: 0.25, telling: 1 },
  });
});
