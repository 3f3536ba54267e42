/**
 * Where an adapter comes from, for people: the runs that made it, their seeds, their data, what was changed.
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { readOrigin } from "../model/adapter.ts";
import type { AdapterRef } from "../model/ref.ts";
import { hashFolder } from "../store/hash.ts";
import { table } from "../view/table.ts";
import type { View } from "../view/table.ts";
import { readRunFile, trainingRuns } from "./lineage.ts";
import type { Workspace } from "./folder.ts";
import type { RunFile, TrainedStage } from "./key.ts";
import type { Run } from "./run.ts";
import { changedSettings, describeSetting, describeValue } from "./settings.ts";

/**
 * A line for each training that led to an adapter, the first one first: run, seed, data by number of rows and
 * hash, and the values that differ from the profile's defaults. Of a run, of an adapter's folder, or of all
 * adapters that are in their places in ckpts/; one that was trained elsewhere has no line, and that is said.
 *
 * @example await show(await runOrigin(lab));
 */
export async function runOrigin(workspace: Workspace, of?: Pick<Run, "key"> | string): Promise<View> {
  if (of === undefined) return await originOfAll(workspace);
  const files = typeof of === "string" ? await madeBy(workspace, of) : upTo(workspace, of.key);
  const caption = "Where this adapter comes from";
  return files.length === 0
    ? table([], undefined, { caption: `${caption}: trained elsewhere` })
    : table(files.map(rowOf), undefined, { caption });
}

async function originOfAll(workspace: Workspace): Promise<View> {
  const { ckpts, sftLora, grpoLora } = workspace.paths;
  const others = ["on_policy_lora", "grpo_only_lora"].map((name) => join(ckpts, name));
  const files = new Map<string, RunFile>();
  const elsewhere: string[] = [];
  for (const path of [sftLora, grpoLora, ...others].filter((path) => existsSync(path))) {
    const made = await madeBy(workspace, path);
    if (made.length === 0) elsewhere.push(basename(path));
    for (const file of made) files.set(file.key, file);
  }
  const trained = elsewhere.length === 0 ? "" : ` (${elsewhere.join(", ")}: trained elsewhere)`;
  const caption = `Where the adapters come from${trained}`;
  return table([...files.values()].map(rowOf), undefined, { caption });
}

async function madeBy(workspace: Workspace, path: string): Promise<RunFile[]> {
  const sha256 = readOrigin(path)?.adapter ?? (await hashFolder(path));
  return trainingRuns(workspace, { path, sha256 } satisfies AdapterRef);
}

function upTo(workspace: Workspace, key: string): RunFile[] {
  const file = readRunFile(workspace, key);
  return file ? [...trainingRuns(workspace, file.models.adapter), file] : [];
}

function rowOf({ key, stage, config, inputs, created, plan }: RunFile): Record<string, unknown> {
  const { train } = inputs;
  const changed = changedSettings(config, stage as TrainedStage).map(
    (one) => `${describeSetting(one.key, one.value)} (default ${describeValue(one.default)})`,
  );
  const why = plan === undefined ? "" : " (memory settings: chosen by the GPU's plan)";
  return {
    run: key,
    seed: config.seed,
    data: train
      ? `${train.rows} ${train.rows === 1 ? "row" : "rows"} of ${basename(train.path)}, ` +
        `${train.sha256.slice(0, 8)}`
      : "–",
    Base: describeValue(config.models.base),
    "changed against the defaults": changed.length === 0 ? "nothing" : changed.join(", ") + why,
    started: `${created.slice(0, 16).replace("T", " ")} UTC`,
  };
}
