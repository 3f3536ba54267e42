import { expect, test } from "vitest";
import { shownAnswer } from "./answer-view.ts";
import type { EvalDetail } from "../records.ts";

const detail = (id: string, lenient: boolean, completion: string): EvalDetail => ({
  id,
  type: "financial_concept",
  mode: "greedy",
  sample: 0,
  completion,
  format: true,
  strict: lenient,
  lenient,
  reason: "r",
  message: "m",
  judge: null,
  tokens: 3,
});
test("an answer stands under its arm's name with its verdict", () => {
  expect(shownAnswer("sft_grpo", { ...detail("a", true, "x"), format: false })).toEqual({
    title: "SFT + GRPO",
    text: "x",
    ok: true,
    reason: "r",
    message: "m",
    facts: { format: "broken", tokens: 3 },
  });
  expect(shownAnswer("base", detail("a", false, "x")).ok).toBe(false);
  expect(shownAnswer("base", { ...detail("a", false, "x"), reason: "free_text" }).ok).toBeNull();
});
