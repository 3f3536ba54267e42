import { expect, test } from "vitest";
import { firstStepRows } from "./first-step.ts";

test("shares are taken within a round: both found the machine alike", () => {
  const rows = firstStepRows([
    { stage: "sft", there: [10, 8], here: [5, 2] },
    { stage: "sft", there: [40, 16], here: [30, 4] },
    { stage: "sft", there: [20, 10], here: [12, 5] },
    { stage: "grpo", there: [15, 15], here: [9, 6] },
  ]);
  expect(rows.map(({ stage, training }) => `${stage}, ${training}`)).toEqual([
    ...["sft, first of a session", "sft, second", "grpo, first of a session", "grpo, second"],
  ]);
  expect(rows.map(({ share }) => share)).toEqual([0.6, 0.25, 0.6, 0.4]);
  expect(rows[0]).toMatchObject({ there: 70 / 3, here: 47 / 3 });
});

test("without another commit only this one's seconds are told", () => {
  const [first] = firstStepRows([{ stage: "sft", there: null, here: [7, 3] }]);
  expect(first).toMatchObject({ there: null, here: 7, share: null });
});
