/** The fourth arm (beside Base, SFT, SFT + GRPO): GRPO on the bare Base, as Fin-R1-Zero. */
import { armsToCompare } from "../completions/models.ts";
import type { Config } from "../config/config.ts";
import type { Lab } from "../config/lab.ts";
import type { ArmName } from "../records.ts";
import type { Run } from "../run/run.ts";
import { overrideConfig } from "../config/settings.ts";
import { trainGrpo } from "./train.ts";
import type { GrpoOptions } from "./train.ts";

export interface WithoutSft {
  run: Run;
  /**
   * The arms that can be compared: without this one when the Base found nothing to learn from, and without
   * those that are trained on demand and have not been.
   */
  arms: ArmName[];
}

/**
 * Trains GRPO from the Base with the settings of the lab's GRPO, and publishes ckpts/grpo_only_lora. An
 * unchanged call returns the finished run.
 *
 * A Base that never writes the format is paid nothing, whatever it answers: a run in which no group ever
 * differed in reward fails with cause "no_signal". That is a result, not an error: the run is returned, and
 * the arm is left out. Throws LabError as trainGrpo otherwise.
 */
export async function trainWithoutSft(lab: Lab, options: GrpoOptions = {}): Promise<WithoutSft> {
  let last: Run | null = null;
  const onProgress = (run: Run): void => {
    last = run;
    options.onProgress?.(run);
  };
  try {
    const run = await trainGrpo({ ...lab, config: withoutSft(lab.config) }, { ...options, onProgress });
    return { run, arms: armsToCompare(lab) };
  } catch (error) {
    const run = last as Run | null;
    if (run?.cause?.code === "no_signal")
      return { run, arms: armsToCompare(lab).filter((arm) => arm !== "grpo_only") };
    throw error;
  }
}

/** Its answers have no tags yet, so a census would call nearly every question dead. */
export function withoutSft(config: Config): Config {
  return overrideConfig(config, { "grpo.startFromSft": false, "grpo.dropDeadGroups": false });
}
