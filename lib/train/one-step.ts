/**
 * One step of GRPO on questions of your choice: how a policy answers them now, what that is paid, and what a
 * step would learn from it.
 */
import { LabError } from "../errors.ts";
import type { Lab } from "../config/lab.ts";
import type { RlRow } from "../records.ts";
import type { Run } from "../run/run.ts";
import { labOn } from "./own-rows.ts";
import { trainGrpo } from "./train.ts";
import type { GrpoOptions } from "./train.ts";

/**
 * Runs a single step of GRPO on `rows` and returns its run: groupSize answers a question, their rewards and
 * advantages (`samples`), the loss and the length of the gradient. Published nowhere. An unchanged call
 * returns the finished run at once.
 *
 * The policy is the SFT adapter, or the bare Base with `fromSft: false`. That no group carries a signal is a
 * result, too: the run is then returned with status "failed" and cause "no_signal". Throws LabError as
 * trainGrpo, and without rows.
 */
export async function trainOneStep(
  lab: Lab,
  rows: readonly RlRow[],
  { fromSft = true, ...options }: GrpoOptions & { fromSft?: boolean } = {},
): Promise<Run> {
  if (rows.length === 0)
    throw new LabError({ what: "One step needs questions", expected: "at least one row", found: "none" });
  const { grpo } = lab.config;
  const answers = rows.length * grpo.groupSize;
  const microBatch = answers % grpo.microBatch === 0 ? grpo.microBatch : grpo.groupSize;
  const step = labOn(lab, rows, "one_step", {
    startFromSft: fromSft,
    promptsPerStep: rows.length,
    maxSteps: 1,
    updatesPerBatch: 1,
    epochs: 1,
    warmupShare: 0,
    microBatch,
  });
  let last: Run | null = null;
  const onProgress = (run: Run): void => {
    last = run;
    options.onProgress?.(run);
  };
  try {
    return await trainGrpo(step, { publish: false, ...options, onProgress });
  } catch (error) {
    const run = last as Run | null;
    if (run?.cause?.code === "no_signal") return run;
    throw error;
  }
}
