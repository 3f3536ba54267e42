import { expect, test } from "vitest";
import { countPaid, paidWrongly, payAgain } from "./pay-again.ts";
import { DEFAULT_WEIGHTS } from "./reward.ts";

const answer = (id: string, said: string) => ({
  id,
  group: 0,
  completion: `<think>\n1\n</think>\n<answer>\n${said}\n</answer>`,
  rewards: {},
  reward: 0,
  advantage: 0,
  tokens: 9,
});
const questions = [{ id: "a", prompt: "By what percentage did it grow?", gold_answer: "25%" }];
const lax = ({ completion, tokens }: { completion: string; tokens: number }) => ({
  total: completion.includes("25") ? 1 : 0,
  tokens,
});

test("both rewards judge the same answers: what a lax one pays stands beside the verdict", () => {
  const paid = payAgain(
    [{ samples: [answer("a", "25%")] }, { samples: [answer("a", "not 25%"), answer("a", "20%")] }],
    questions,
    lax,
    DEFAULT_WEIGHTS,
  );
  expect(paid.map(({ row, parts }) => [row.score.accuracy, parts.total])).toEqual([
    [1, 1],
    [0, 1],
    [0, 0],
  ]);
  expect(paid[0]!.parts.tokens).toBe(9);
  expect(paid[0]!.row.score.total).toBe(1);
});

test("an answer to a question that is not there is named", () => {
  expect(() => payAgain([{ samples: [answer("b", "1")] }], questions, lax, DEFAULT_WEIGHTS)).toThrow(
    /not among the rows \(b\)|not among the rows[^]*b/,
  );
});

test("what only one of the two pays for is counted apart; an undecided answer is not paid", () => {
  const paid = payAgain(
    [{ samples: [answer("a", "25%"), answer("a", "not 25%"), answer("a", "0.25"), answer("a", "20%")] }],
    questions,
    lax,
    DEFAULT_WEIGHTS,
  );
  expect(paid.map(({ row }) => row.score.accuracy)).toEqual([1, 0, 1, 0]);
  expect(countPaid(paid, "total")).toEqual({
    answers: 4,
    both: 2,
    rewardOnly: 1,
    checkerOnly: 0,
    neither: 1,
  });
  const undecided = {
    ...paid[0]!,
    row: { ...paid[0]!.row, score: { ...paid[0]!.row.score, accuracy: null } },
  };
  expect(countPaid([undecided], "total")).toMatchObject({ both: 0, rewardOnly: 1 });
  expect(countPaid([], "total").answers).toBe(0);
});

test("the share that is paid, though wrong, comes with an interval over questions", () => {
  const two = [...questions, { ...questions[0]!, id: "b" }];
  const paid = payAgain(
    [{ samples: [answer("a", "not 25%"), answer("a", "25%"), answer("b", "25%"), answer("b", "20%")] }],
    two,
    lax,
    DEFAULT_WEIGHTS,
  );
  // One of a's two answers, none of b's: resampled questions give 0, ¼ or ½.
  expect(paidWrongly(paid, "total")).toEqual({ value: 0.25, low: 0, high: 0.5 });
  expect(paidWrongly([], "total")).toBeNull();
});
