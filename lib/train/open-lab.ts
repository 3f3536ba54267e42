/** The lab as a notebook opens it: the Python of a training that comes next begins to load. */
import { openLab as open } from "../config/lab.ts";
import type { Lab, LabOverrides } from "../config/lab.ts";
import { wantsWarm, warmUp } from "../run/warm.ts";
import { isTrainingNext } from "./next-training.ts";

/**
 * Opens the lab: profile < the cell's overrides < the environment, so that a pipeline needs no editing.
 *
 * `overrides` are dotted keys, `profile` among them: `openLab({ "grpo.learningRate": 1e-4 })`. Environment:
 * FTMODEL_PROFILE (tiny, small or gpu), FTMODEL_SET (JSON list of "key=value"), FTMODEL_SOURCES (JSON list of
 * files), FTMODEL_WORKSPACE (folder for data/, ckpts/ and reports/), FTMODEL_FORCE=1. Relative files are
 * looked for from the repository's root. Creates nothing. Throws LabError for an unknown key, a value out of
 * range, and a variable that is not the JSON it should be. A value of the cell that the environment beats is
 * named on the console.
 *
 * In a notebook's kernel, where a training comes next in this lab, the Python that it takes begins to load.
 */
export function openLab(overrides: LabOverrides = {}, environment: NodeJS.ProcessEnv = process.env): Lab {
  const lab = open(overrides, environment);
  if (wantsWarm()) setImmediate(() => void loadForTraining(lab));
  return lab;
}

async function loadForTraining(lab: Lab): Promise<void> {
  if (await isTrainingNext(lab)) warmUp(0);
}
