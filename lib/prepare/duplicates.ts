/** The same question twice: found by its canonical key, kept once. */
import { canonicalKey } from "../question/canonical.ts";
import type { Question } from "../records.ts";

export interface RemovedDuplicate {
  id: string;
  /** The id of the copy that stays. */
  of: string;
  /** The two copies give different gold answers: at least one is wrong (option letters are not compared). */
  goldDiffers: boolean;
}

/** Keeps the first copy of each question, in order; tells what was removed and for which. */
export function removeDuplicates<T extends Pick<Question, "id" | "question" | "gold_answer">>(
  questions: readonly T[],
): { kept: T[]; removed: RemovedDuplicate[] } {
  const first = new Map<string, T>();
  const kept: T[] = [];
  const removed: RemovedDuplicate[] = [];
  for (const question of questions) {
    const key = canonicalKey(question.question);
    const before = first.get(key);
    if (before)
      removed.push({
        id: question.id,
        of: before.id,
        goldDiffers: goldDiffers(before.gold_answer, question.gold_answer),
      });
    else {
      first.set(key, question);
      kept.push(question);
    }
  }
  return { kept, removed };
}

function goldDiffers(a: string, b: string): boolean {
  const letters = /^\s*\(?[A-J](?:[\s,、]*[A-J])*\)?\.?\s*$/i;
  // the same letter is another option once the order has changed
  if (letters.test(a) && letters.test(b)) return false;
  return canonicalKey(a) !== canonicalKey(b);
}
