/**
 * GRPO on a few questions, over and over: what a reward teaches shows soonest where the same questions are
 * asked again.
 */
import type { Lab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import type { RlRow } from "../records.ts";
import { labOn } from "./own-rows.ts";
import type { GrpoOptions, Trained } from "./train.ts";
import { trainGrpo } from "./train.ts";

/**
 * Trains from the SFT model on `rows`, each asked once a pass, `passes` times, and publishes nothing: an
 * experiment beside the run.
 *
 * Everything else is the lab's `grpo`, at one learning rate from the first step to the last. `passMeans`
 * reads the passes one by one: their questions are the same, so they compare. With a number of rows that
 * `promptsPerStep` does not divide the last pass ends early. An unchanged call returns the finished run at
 * once. Throws LabError as trainGrpo, and where rows and passes do not fill one step.
 */
export async function practise(
  lab: Lab,
  rows: readonly RlRow[],
  passes: number,
  options: GrpoOptions = {},
): Promise<Trained> {
  const { promptsPerStep, updatesPerBatch } = lab.config.grpo;
  const maxSteps = updatesPerBatch * Math.floor((rows.length * passes) / promptsPerStep);
  if (maxSteps < 1)
    throw new LabError({
      what: "There are too few questions to practise on",
      expected: `rows × passes ≥ grpo.promptsPerStep = ${promptsPerStep}`,
      found: `${rows.length} × ${passes}`,
      todo: "Bring more questions or ask for more passes.",
    });
  return await trainGrpo(
    labOn(lab, rows, "practice", {
      maxSteps,
      epochs: passes,
      warmupShare: 0,
      schedule: "constant",
    }),
    {
      publish: false,
      ...options,
    },
  );
}
