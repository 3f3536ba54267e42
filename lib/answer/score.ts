/** A whole completion judged: format, the answer read strictly, the answer read leniently. */
import { checkAnswer } from "./check-answer.ts";
import { extractAnswer } from "./completion/extract.ts";
import { checkFormat } from "./completion/format.ts";
import type { Judged } from "./verdict.ts";
import { judged } from "./verdict.ts";

export interface Score {
  format: boolean;
  /** What is wrong with the format, or "ok". */
  formatReason: string;
  /** The answer block alone: what filter and reward count. */
  strict: Judged;
  /** Wherever an answer can be found: what evaluation reports beside it. */
  lenient: Judged;
}

export interface CompletionCase {
  question: string;
  gold: string;
  completion: string;
}

/**
 * Judges a completion. Without an answer block `strict` is unreadable with the reason "no_answer_block".
 *
 * @example
 * scoreCompletion({ question: "", gold: "800", completion: "<think>a</think><answer>800</answer>" }).strict.verdict //=> "right"
 */
export function scoreCompletion({ question, gold, completion }: CompletionCase): Score {
  const format = checkFormat(completion);
  const answer = extractAnswer(completion, "strict");
  const strict = answer === null ? noAnswer() : checkAnswer({ question, gold, prediction: answer });
  const found = answer ?? extractAnswer(completion, "lenient");
  const lenient =
    answer !== null
      ? strict
      : found === null
        ? judged("unreadable", "empty", () => "the completion is empty")
        : checkAnswer({ question, gold, prediction: found });
  return { format: format.ok, formatReason: format.reason, strict, lenient };
}

const noAnswer = (): Judged =>
  judged("unreadable", "no_answer_block", () => "there is not exactly one answer block after the thinking");
