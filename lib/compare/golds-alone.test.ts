import { expect, test } from "vitest";
import { goldRows } from "./golds-alone.ts";
import type { Question, SftRow } from "../records.ts";

test("the same prompts with nothing but their gold; a row without its question is left out", () => {
  const row = (id: string): SftRow => ({
    id,
    prompt: `${id}?`,
    response: "<think>…",
    type: "financial_concept",
  });
  const questions = [{ id: "a", gold_answer: "5%" }] as Question[];
  expect(goldRows([row("a"), row("b")], questions)).toEqual([
    { ...row("a"), response: "<answer>\n5%\n</answer>" },
  ]);
});
