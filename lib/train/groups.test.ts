import { expect, test } from "vitest";
import { groupsOf, groupTexts } from "./groups.ts";

const answer = (
  id: string,
  group: number,
  completion: string,
  accuracy: number | null,
  reward = 0,
  advantage = 0,
) => ({
  id,
  group,
  completion,
  rewards: { format: 1, ...(accuracy !== null && { accuracy }) } as Record<string, number>,
  reward,
  advantage,
  tokens: 5,
});
const steps = [
  {
    step: 1,
    samples: [
      answer("a", 0, "x", 1, 1, 0.866),
      answer("a", 0, "y", 0, 0.3, -0.866),
      answer("b", 1, "z", null),
      answer("b", 1, "z", null),
    ],
  },
  { step: 2, samples: [answer("c", 0, "x", 1), answer("c", 0, "x", 1)] },
];

test("answers stand with the question they answer, step by step", () => {
  expect(groupsOf(steps).map(({ step, id, answers }) => [step, id, answers.length])).toEqual([
    [1, "a", 2],
    [1, "b", 2],
    [2, "c", 2],
  ]);
  expect(groupsOf([])).toEqual([]);
});

test("equal completions are shown once, the best paid first, with reward and advantage", () => {
  const [a, b] = groupsOf(steps).map(groupTexts);
  expect(a).toEqual([
    { title: "drawn 1 of 2 times", text: "x", ok: true, facts: { reward: 1, advantage: 0.87, tokens: 5 } },
    {
      title: "drawn 1 of 2 times",
      text: "y",
      ok: false,
      facts: { reward: 0.3, advantage: -0.87, tokens: 5 },
    },
  ]);
  expect(b).toEqual([
    { title: "drawn 2 of 2 times", text: "z", ok: null, facts: { reward: 0, advantage: 0, tokens: 5 } },
  ]);
});
