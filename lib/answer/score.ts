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
 * const completion = "<think>a</think><answer>800</answer>";
 * scoreCompletion({ question: "", gold: "800", completion }).strict.verdict //=> "right"
 */
export function scoreCompletion({ question, gold, completion }: CompletionCase): Score {
  const { ok: format, reason: formatReason } = checkFormat(completion);
  const check = (prediction: string): Judged => checkAnswer({ question, gold, prediction });
  const strict = extractAnswer(completion, "strict");
  if (strict !== null) {
    const judgement = check(strict);
    return { format, formatReason, strict: judgement, lenient: judgement };
  }
  const lenient = extractAnswer(completion, "lenient");
  return {
    format,
    formatReason,
    strict: unreadable("no_answer_block", "there is not exactly one answer block after the thinking"),
    lenient: lenient === null ? unreadable("empty", "the completion is empty") : check(lenient),
  };
}

const unreadable = (reason: string, message: string): Judged =>
  judged({ verdict: "unreadable", reason }, () => message);
