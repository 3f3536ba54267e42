/** What is read of a GRPO run as it goes: its verdicts, and whether it is as runs of its profile. Pure. */
import type { Config } from "../config/config.ts";
import type { Run } from "../run/run.ts";
import { outsideReference, referenceFor } from "./reference.ts";
import type { Reference } from "./reference.ts";
import { readVerdicts } from "./verdict.ts";
import type { RunVerdict } from "./verdict.ts";

export interface WatchedRun {
  /** The held-out questions, at each probe. */
  probes: { step: number; right: number; n: number }[];
  /** One a probe, from the second on. */
  verdicts: RunVerdict[];
  /** The band of its profile; null where there is none, and for a reward of the reader's own. */
  reference: Reference | null;
  /** Where it has left the band, and what its config has otherwise. */
  outside: string | null;
}

/** What `rewardByComponent` draws below and behind the reward. */
export function watchRun(
  run: Pick<Run, "probes" | "samples" | "metrics" | "totalSteps"> & { config: Config },
): WatchedRun {
  const reference = referenceFor(run);
  return {
    probes: run.probes.map(({ step, answers }) => ({
      ...{ step, n: answers.length },
      right: answers.filter(({ right }) => right === 1).length,
    })),
    verdicts: readVerdicts(run),
    reference,
    outside: reference && outsideReference(run, reference),
  };
}
