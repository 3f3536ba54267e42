/** Whether a training is what a lab's reader comes to next. */
import { existsSync } from "node:fs";
import type { Config } from "../config/config.ts";
import type { Lab } from "../config/lab.ts";
import { readOrigin } from "../model/adapter.ts";
import { RunFolder } from "../run/folder.ts";
import { runKey } from "../run/key.ts";
import type { InputFile, RunFile } from "../run/key.ts";
import { mayBeWarm } from "../run/start.ts";
import { livingRun } from "../run/turn.ts";
import { hashFile, hashFolder } from "../store/hash.ts";
import { publishedAs } from "./train.ts";
import { withoutSft } from "./without-sft.ts";

interface Training {
  stage: "sft" | "grpo";
  config: Config;
  /** What the stage before it makes: without that, its notebook is not the next one. */
  after: string;
}

/**
 * Whether, in the order of the notebooks, a training on the CPU is next: what it follows is there, and its
 * adapter is not, or is of other rows, values or code. False while a run is going on.
 */
export async function isTrainingNext(lab: Lab): Promise<boolean> {
  const { config, paths } = lab;
  if (!mayBeWarm(lab) || livingRun(lab) !== null) return false;
  const line: Training[] = [
    { stage: "sft", config, after: paths.sft },
    { stage: "grpo", config, after: paths.rl },
    { stage: "grpo", config: withoutSft(config), after: paths.mergedModel },
  ];
  for (const training of line) {
    if (!existsSync(training.after)) return false;
    if (!(await isTrained(lab, training))) return true;
  }
  return false;
}

/** The run that made what is published would have the same key today. */
async function isTrained(lab: Lab, training: Training): Promise<boolean> {
  const origin = readOrigin(publishedAs(lab, training));
  if (origin === null) return false;
  try {
    const run = new RunFolder(lab, origin.run).readRunFile();
    const { config } = training;
    if (run.config.models.base !== config.models.base) return false;
    return runKey({ ...(await asItsFilesAreNow(run)), config }) === run.key;
  } catch {
    return false; // the run or a file of its is gone; whatever it is, the training itself will say so
  }
}

async function asItsFilesAreNow(run: RunFile): Promise<RunFile> {
  const { adapter } = run.models;
  const inputs: Record<string, InputFile> = {};
  for (const [name, file] of Object.entries(run.inputs))
    inputs[name] = { ...file, sha256: await hashFile(file.path) };
  const now = adapter && { ...adapter, sha256: await hashFolder(adapter.path) };
  return { ...run, inputs, models: { ...run.models, adapter: now } };
}
