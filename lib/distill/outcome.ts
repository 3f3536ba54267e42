/** What a Teacher's text is worth by the rules alone, before any Judge. */
import { checkFormat, scoreCompletion } from "../answer/index.ts";
import type { Distilled } from "../records.ts";

/** "bad_format", "wrong_answer", "unreadable_answer", "undecided" (rules cannot decide), or the cause of a failed request ("length", "http_500" …). */
export type Outcome = string;

/** Why a text cannot be trained on, in one code; null when rules find format and answer right. The first that applies: failure, format, answer. */
export function textOutcome(row: Pick<Distilled, "question" | "gold_answer" | "teacher_output" | "failure">): Outcome | null {
  if (row.failure !== null || row.teacher_output === null) return row.failure ?? "no_text";
  if (!checkFormat(row.teacher_output).ok) return "bad_format";
  const { verdict } = scoreCompletion({ question: row.question, gold: row.gold_answer, completion: row.teacher_output }).strict;
  return verdict === "right" ? null : verdict === "wrong" ? "wrong_answer" : verdict === "judge" ? "undecided" : "unreadable_answer";
}
