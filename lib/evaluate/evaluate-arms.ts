/** Several arms evaluated with one server at a time and one Judge for all. */
import { answerTestQuestions, evaluate } from "./evaluate.ts";
import type { EvaluateOptions, Evaluation } from "./evaluate.ts";
import { openJudge } from "../judge/judge-server.ts";
import type { Lab } from "../config/lab.ts";
import type { ArmName } from "../records.ts";

export type EvaluateArmsOptions = Omit<EvaluateOptions, "arm" | "model" | "name">;

/**
 * Evaluates arms one after the other: first all answers, then all judgements, so that no two models need memory at once.
 * As `evaluate` otherwise; an arm whose answers are on disk starts no server.
 */
export async function evaluateArms<A extends ArmName>(lab: Lab, arms: readonly A[], options: EvaluateArmsOptions = {}): Promise<Record<A, Evaluation>> {
  for (const arm of arms) await answerTestQuestions(lab, { ...options, arm });
  const judge = options.judge ?? (lab.config.evaluate.useJudge ? await openJudge(lab) : undefined);
  const evaluations: Partial<Record<A, Evaluation>> = {};
  try {
    for (const arm of arms) evaluations[arm] = await evaluate(lab, { ...options, force: false, judge, arm });
  } finally {
    if (!options.judge) await judge?.close?.();
  }
  return evaluations as Record<A, Evaluation>;
}
