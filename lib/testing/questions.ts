import { QUESTION_TYPES } from "../records.ts";
import type { Question } from "../records.ts";

/** Questions of all four types in turn. */
export function stubQuestions(n: number): Question[] {
  return Array.from({ length: n }, (_, i) => ({
    id: `q${i}`,
    question: `What is ${i} + ${i}?`,
    gold_answer: String(2 * i),
    type: QUESTION_TYPES[i % 4]!,
    source: "test",
  }));
}
