/** What a Teacher's text is worth by the rules alone, before any Judge. */
import { checkFormat, scoreCompletion } from "../answer/index.ts";
import type { Distilled } from "../records.ts";

/**
 * "no_answer", "no_reasoning", "repeats_answer" (no training text), "bad_format", "wrong_answer",
 * "unreadable_answer", "undecided" (rules cannot decide), or the cause of a failed request ("length",
 * "http_500" …).
 */
export type Outcome = string;

type JudgedRow = Pick<Distilled, "question" | "gold_answer" | "response" | "assembly" | "failure">;
const OUTCOMES = { right: null, wrong: "wrong_answer", unreadable: "unreadable_answer", judge: "undecided" };

/**
 * Why a text cannot be trained on, in one code; null when rules find the format and the answer of its
 * training text right. The first that applies: failure, no training text, format, answer.
 */
export function textOutcome(row: JudgedRow): Outcome | null {
  const { question, gold_answer: gold, response, assembly, failure } = row;
  if (failure !== null) return failure;
  if (response === null) return assembly ?? "no_text";
  if (!checkFormat(response).ok) return "bad_format";
  return OUTCOMES[scoreCompletion({ question, gold, completion: response }).strict.verdict];
}
