/** Questions whose answers rules cannot check, and why. */
import type { Question } from "../records.ts";
import { checkAnswer } from "./check-answer.ts";
import { readGold } from "./gold.ts";

/**
 * Characters; the rules look for a text gold's words in the answer, and nobody writes a paragraph word by
 * word again.
 */
const MAX_TEXT_GOLD = 80;

/** Why no answer to this question can be checked by rules, or null when it can. */
export function goldProblem({ question, gold_answer: gold }: Pick<Question, "question" | "gold_answer">): {
  reason: string;
  unreadable: boolean;
  message: string;
} | null {
  const read = readGold(question, gold);
  if (!read.readable)
    return {
      reason: read.reason,
      unreadable: true,
      message: `the gold answer ${JSON.stringify(gold.slice(0, 80))} cannot be read`,
    };
  if (read.kind === "text" && gold.length > MAX_TEXT_GOLD)
    return {
      reason: "long_free_text",
      unreadable: false,
      message: "no answer but this very text would be right by the rules",
    };
  // What the rules would not even accept as an answer to itself, no completion can be rewarded for.
  const self = checkAnswer({ question, gold, prediction: gold });
  return self.verdict === "right"
    ? null
    : {
        reason: "rules_cannot_decide",
        unreadable: false,
        message: "the rules cannot check answers to this question",
      };
}
