import { expect, test } from "vitest";
import { reward } from "./default-reward.ts";
import { rewardRow } from "./reward.ts";

const growth = { question: "Sales were 80 and are 100. By what percentage did they grow?", gold: "25%" };
const pay = (completion: string, { question, gold } = growth) =>
  reward(rewardRow({ id: "a", question, gold, completion, tokens: 12 }, { format: 0.3, accuracy: 0.7 }));
const tagged = (answer: string) => `<think>\n20/80\n</think>\n<answer>\n${answer}\n</answer>`;

test.each([
  ["a right answer is paid in full", tagged("25%"), { format: 1, accuracy: 1, total: 1 }],
  ["a wrong one for its format", tagged("20%"), { format: 1, accuracy: 0, total: 0.3 }],
  ["a right one without a block nothing", "20/80=25%", { format: 0, accuracy: 0, total: 0 }],
])("%s", (_, completion, paid) => {
  expect(pay(completion)).toEqual(paid);
});

test("an answer that rules cannot decide is paid for its format alone", () => {
  const open = { question: "Why do prices rise?", gold: "because inflation erodes the value of money" };
  expect(pay(tagged("money buys less"), open)).toEqual({ format: 1, accuracy: null, total: 0.3 });
});
