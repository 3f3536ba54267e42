/** Stage 6: wrong answers to read. */
import { isLeftOpen } from "../records.ts";
import type { EvalDetail } from "../records.ts";
import { pretty } from "../view/labels.ts";
import { formatCount } from "../view/numbers.ts";
import { type ShownText, sampleList } from "../view/sample-view.ts";
import type { View } from "../view/table.ts";

export interface FailureOptions {
  /** Answers shown. Default 6. */
  max?: number;
  /** A Chinese question in English, as `glosses` knows it. */
  gloss?: (row: { id: string; question: string }) => string | undefined;
}

/**
 * Wrong answers to read, with question, gold and the scorer's reason: the first `max` of them, one reason
 * after the other.
 */
export function failureSamples(
  details: readonly EvalDetail[],
  questions: readonly { id: string; prompt: string; gold_answer: string }[],
  { max = 6, gloss = () => undefined }: FailureOptions = {},
): View {
  const byId = new Map(questions.map((question) => [question.id, question]));
  const wrong = details.filter((row) => !row.lenient);
  const turns = new Map<string, number>();
  const ranked = wrong.map((row) => {
    const turn = turns.get(row.reason) ?? 0;
    turns.set(row.reason, turn + 1);
    return { row, turn };
  });
  const picked = ranked
    .sort((a, b) => a.turn - b.turn)
    .slice(0, max)
    .map(({ row }): ShownText => {
      const question = byId.get(row.id);
      return {
        title: question?.prompt ?? row.id,
        gloss: question && gloss({ id: row.id, question: question.prompt }),
        text: row.completion,
        ok: isLeftOpen(row.reason) ? null : false,
        reason: row.reason,
        message: row.message,
        facts: { gold: question?.gold_answer ?? null, type: pretty(row.type), tokens: row.tokens },
      };
    });
  const reasons = new Set(picked.map(({ reason }) => reason)).size;
  const untold = picked.some(({ title, gloss }) => gloss === undefined && /\p{Script=Han}/u.test(title));
  return sampleList(
    picked,
    `${formatCount(wrong.length)} of ${formatCount(details.length)} answers were not right; here are ` +
      `${picked.length} of them, with ${reasons} of ${turns.size} reasons` +
      (untold ? ". Published questions in Chinese come without English" : ""),
  );
}
