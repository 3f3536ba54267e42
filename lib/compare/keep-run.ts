/** A try that shall be the stage's adapter. */
import { relative } from "node:path";
import type { Lab } from "../config/lab.ts";
import { REPO_ROOT } from "../config/paths.ts";
import { readOrigin } from "../model/adapter.ts";
import { readRun } from "../run/run.ts";
import type { Run } from "../run/run.ts";
import { changedSettings } from "../run/settings.ts";
import type { TrainedStage } from "../run/key.ts";
import { showMarkdown } from "../show/show.ts";
import { publishedAs, publishRun } from "../train/train.ts";

/**
 * Publishes what a run has trained as its stage's adapter, which the later stages take.
 * It stays until another run is published: the training cell publishes its own whenever it runs. Throws
 * LabError when there is no such run or it is not done.
 *
 * @example
 * const { runs } = await tryValues(lab, "sft.learningRate", [1e-3, 2e-3]);
 * await keepRun(lab, runs[0]);
 */
export async function keepRun(lab: Lab, which: string | Pick<Run, "key">): Promise<void> {
  const run = readRun(lab, typeof which === "string" ? which : which.key);
  const before = readOrigin(publishedAs(lab, run))?.run;
  const folder = await publishRun(lab, run.key);
  const settings = changedSettings(run.config, run.stage as TrainedStage);
  const cell = settings.map(({ key, value }) => `"${key}": ${JSON.stringify(value)}`).join(", ");
  await showMarkdown(
    `\`${run.key}\` is now \`${inRepository(folder)}\`` +
      `${before !== undefined && before !== run.key ? ` (before: \`${before}\`)` : ""}. ` +
      (cell === ""
        ? "It has the default values."
        : `For the next run of the training cell, too: \`openLab({ ${cell} })\`.`),
  );
}

/** Short where it lies in the repository, whole where a workspace of its own holds it. */
function inRepository(path: string): string {
  const short = relative(REPO_ROOT, path);
  return short.startsWith("..") ? path : short;
}
