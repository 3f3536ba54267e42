/** What each trained arm has cost. */
import type { Lab } from "../config/lab.ts";
import { armAdapter } from "../completions/models.ts";
import { readOrigin } from "../model/adapter.ts";
import type { TrainedArm } from "../records.ts";
import { readRun } from "../run/run.ts";
import type { Run } from "../run/run.ts";
import { styleOf } from "../view/arms.ts";

/** The run that made an arm's adapter; null when there is none, or its adapter came from elsewhere. */
export function runOf(lab: Lab, arm: TrainedArm): Run | null {
  const origin = readOrigin(armAdapter(lab, arm)!);
  return origin ? readRun(lab, origin.run) : null;
}

/** A row a trained arm: steps, answers written, seconds in steps, peak memory. */
export function armCosts(lab: Lab, withoutSft: Run): Record<string, unknown>[] {
  const arms = [
    ["sft", runOf(lab, "sft")],
    ["sft_grpo", runOf(lab, "sft_grpo")],
    ["sft_on_policy", runOf(lab, "sft_on_policy")],
    ["grpo_only", withoutSft],
  ] as const;
  return arms.flatMap(([arm, run]) => (run ? [costOf(arm, run)] : []));
}

function costOf(arm: string, { stage, config, step, samples, metrics }: Run): Record<string, unknown> {
  const known = (name: string) => (metrics[name] ?? []).map((value) => value ?? 0);
  const paid = samples.reduce((sum, { samples: of }) => sum + of.length, 0);
  return {
    arm: styleOf(arm, 0).label,
    steps: step,
    "answers written": (stage === "on_policy" ? step * config.onPolicy.promptsPerStep : paid) || null,
    "seconds in steps": known("secondsPerStep").reduce((sum, seconds) => sum + seconds, 0),
    "peak memory (MiB)": Math.max(...known("memoryMiB")),
  };
}
