/** What a Teacher's text is worth by the rules alone, before any Judge. */
import { checkFormat, scoreCompletion } from "../answer/index.ts";
import type { Distilled } from "../records.ts";

/**
 * "no_answer", "no_reasoning", "repeats_answer" (no training text), "bad_format", "wrong_answer", "unreadable_answer", "undecided" (rules cannot
 * decide), or the cause of a failed request ("length", "http_500" …).
 */
export type Outcome = string;

/**
 * Why a text cannot be trained on, in one code; null when rules find the format and the answer of its training text right. The first that
 * applies: failure, no training text, format, answer.
 */
export function textOutcome(row: Pick<Distilled, "question" | "gold_answer" | "response" | "assembly" | "failure">): Outcome | null {
  if (row.failure !== null) return row.failure;
  if (row.response === null) return row.assembly ?? "no_text";
  if (!checkFormat(row.response).ok) return "bad_format";
  const { verdict } = scoreCompletion({ question: row.question, gold: row.gold_answer, completion: row.response }).strict;
  return verdict === "right" ? null : verdict === "wrong" ? "wrong_answer" : verdict === "judge" ? "undecided" : "unreadable_answer";
}
