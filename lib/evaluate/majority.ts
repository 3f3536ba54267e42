/** One answer out of several: what most of them say. Pure. */
import { checkAnswer, extractAnswer } from "../answer/index.ts";

/**
 * The index of the first answer of the largest group of answers that say the same, of equal groups the one
 * that came first.
 *
 * Two answers say the same when the checker would take either for right with the other as gold. An answer
 * that cannot be found in its text votes for nothing; where none is found the first text stands. Throws
 * RangeError without any.
 *
 * Source: Wang et al. 2022 (self-consistency), https://arxiv.org/abs/2203.11171.
 *
 * @example majorityOf("How much?", ["Answer: 5", "Answer: 0.25", "Answer: 25%"]) //=> 1
 */
export function majorityOf(question: string, completions: readonly string[]): number {
  if (completions.length === 0) throw new RangeError("majorityOf requires at least one answer, got 0");
  const groups: { answer: string; first: number; votes: number }[] = [];
  completions.forEach((completion, i) => {
    const answer = extractAnswer(completion, "lenient");
    if (answer === null || answer.trim() === "") return;
    const group = groups.find((one) => sayTheSame(question, one.answer, answer));
    if (group) group.votes++;
    else groups.push({ answer, first: i, votes: 1 });
  });
  return groups.reduce((best, group) => (group.votes > best.votes ? group : best), { first: 0, votes: 0 })
    .first;
}

function sayTheSame(question: string, a: string, b: string): boolean {
  const isRight = (gold: string, prediction: string) =>
    checkAnswer({ question, gold, prediction }).verdict === "right";
  return a.trim() === b.trim() || isRight(a, b) || isRight(b, a);
}
