/** Questions of the generated world that neither the tiny models nor the default run have seen. */
import type { RlRow } from "../../lib/records.ts";
import { generateQuestions } from "../../lib/world/index.ts";

/** `count` of them, the same for a seed. */
export function benchQuestions(count: number, seed: number): RlRow[] {
  return generateQuestions(count, seed, "bench").map(({ id, question, gold_answer, type, source, kind }) => ({
    ...{ id, prompt: question, gold_answer, type, source },
    ...(kind && { kind }),
  }));
}
