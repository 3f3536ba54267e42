/** Several arms evaluated: asked in as few starts of a server as can be, and one Judge for all. */
import { answerTestQuestions, evaluate } from "./evaluate.ts";
import type { EvaluateOptions, Evaluation } from "./evaluate.ts";
import { openJudge } from "../judge/server.ts";
import type { Lab } from "../config/lab.ts";
import type { ArmName } from "../records.ts";

export type EvaluateArmsOptions = Omit<EvaluateOptions, "arm" | "model" | "name">;

/**
 * Evaluates arms: first all answers (on vLLM one server holds the Base and every adapter), then all
 * judgements, so that no two servers need memory at once. As `evaluate` otherwise; arms whose answers are on
 * disk start no server.
 */
export async function evaluateArms<A extends ArmName>(
  lab: Lab,
  arms: readonly A[],
  options: EvaluateArmsOptions = {},
): Promise<Record<A, Evaluation>> {
  await answerTestQuestions(
    lab,
    arms.map((arm) => ({ arm })),
    options,
  );
  const judge = options.judge ?? (lab.config.evaluate.useJudge ? await openJudge(lab) : undefined);
  const evaluations: Partial<Record<A, Evaluation>> = {};
  try {
    for (const arm of arms) evaluations[arm] = await evaluate(lab, { ...options, force: false, judge, arm });
  } finally {
    if (!options.judge) await judge?.close?.();
  }
  return evaluations as Record<A, Evaluation>;
}
