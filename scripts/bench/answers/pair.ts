/** One generated case: what ANSWERS.md says about a prediction for a gold answer. */
import type { Random } from "../../../lib/stats/random.ts";

export interface Pair {
  question: string;
  gold: string;
  prediction: string;
  expected: "right" | "wrong";
  /** The rule of ANSWERS.md and the way it was used, as "8 rounding: off by one". */
  rule: string;
}

/** Draws one case. */
export type Family = (random: Random) => Pair;

export function right(rule: string, gold: string, prediction: string, question = ""): Pair {
  return { question, gold, prediction, expected: "right", rule };
}

export function wrong(rule: string, gold: string, prediction: string, question = ""): Pair {
  return { question, gold, prediction, expected: "wrong", rule };
}
