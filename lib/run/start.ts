/** Starting, resuming and ending runs: at most one process works on a key. */
import { rewardWeights, wantsGpu } from "../config/config.ts";
import { appendFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileError, writeFileAtomic, fileStamp } from "../store/atomic.ts";
import { firstGpus } from "../gpu/gpus.ts";
import { processesOnCpu } from "../gpu/on-cores.ts";
import { REPO_ROOT } from "../config/paths.ts";
import { endGroup, waitForExit } from "../store/process.ts";
import { isFinished, readRun } from "./run.ts";
import { cutTornTail } from "./events.ts";
import type { EndEvent } from "./events.ts";
import { RunFolder } from "./folder.ts";
import type { Workspace } from "./folder.ts";
import { isTraining, runKey } from "./key.ts";
import type { RunFile, RunSpec, Stage, TrainedStage } from "./key.ts";
import { whileStarting } from "./lock.ts";
import { coresCommand, launch, sidecarCommand } from "./process.ts";

export interface StartOptions {
  /**
   * Start from nothing even if the run is done or could be resumed; the old folder is kept as
   * `<key>.old-<time>`.
   */
  force?: boolean;
  /**
   * Program and arguments instead of `.venv/bin/python scripts/<stage>.py`; the path of run.json is appended.
   */
  command?: readonly string[];
  /**
   * Called before a process is started, and not when there is none to start; what it throws leaves nothing
   * behind.
   */
  ready?: () => Promise<void>;
}

/**
 * Starts the run that `spec` describes, or attaches to it: at most one process works on a key.
 *
 * finished → nothing is started (unless `force`); running → the living process is kept; failed or interrupted
 * → a new process resumes from the newest complete checkpoint; written by another version → kept aside, and
 * trained anew. Writes run.json (and reward.ts) first. Returns the key and whether a process was started.
 */
export async function startRun(
  workspace: Workspace,
  spec: RunSpec,
  { force = false, command, ready }: StartOptions = {},
): Promise<{ key: string; started: boolean }> {
  const key = runKey(spec);
  const folder = new RunFolder(workspace, key);
  return await whileStarting(workspace.paths.runs, async () => {
    if (folder.isOutdated() && (await isGone(folder))) setAside(folder);
    if (folder.exists()) {
      const run = readRun(workspace, key);
      if (run.status === "running" || (isFinished(run) && !force)) return { key, started: false };
      await waitUntilGone(folder);
      await ready?.();
      if (force) setAside(folder);
    } else await ready?.();
    writeRunFile(folder, spec, key);
    await launch(folder, command ?? commandOf(spec), gpusOf(spec), warmth(spec));
    return { key, started: true };
  });
}

/** What a stage makes, by its folder's name in the run's own. */
const OUTPUTS: Record<Stage, string> = {
  sft: "adapter",
  grpo: "adapter",
  on_policy: "adapter",
  merge: "merged",
  export: "exported",
};

function setAside(folder: RunFolder): void {
  renameSync(folder.path, `${folder.path}.old-${fileStamp()}`);
}

/** What a GPU or a tracking service reads from the environment, it reads when it is loaded. */
export function mayBeWarm({ config }: Pick<RunFile, "config">): boolean {
  return !wantsGpu(config) && config.gpu.ray === "" && config.tracking.service === "none";
}

/** Trainings follow each other in a notebook; after a merge comes a server, which has the cores. */
function warmth(spec: Pick<RunFile, "stage" | "config">): "use" | "keep" | null {
  if (!mayBeWarm(spec)) return null;
  return isTraining(spec.stage) ? "keep" : "use";
}

function commandOf(spec: Pick<RunFile, "stage" | "config">): string[] {
  const { ray } = spec.config.gpu;
  return wantsGpu(spec.config) || ray !== ""
    ? sidecarCommand(spec.stage, processesOf(spec), ray)
    : coresCommand(spec.stage, coresOf(spec));
}

/**
 * Processes that share a step of a training on a CPU; what is learned does not depend on how many, but for
 * rounding, and a last step of SFT that is not full. One where a Judge takes part, whose server has the other
 * cores.
 */
export function coresOf({ stage, config }: Pick<RunFile, "stage" | "config">, cores?: number): number {
  if (!isTraining(stage)) return 1;
  const { rows, isShared } = stepOf(stage, config);
  if (!isShared) return 1;
  let most = processesOnCpu(config.models.base, cores);
  while (rows.some((count) => count % most !== 0)) most -= 1;
  return most;
}

/** What processes have to divide among them, and whether they may. */
function stepOf(
  stage: TrainedStage,
  { sft, grpo, onPolicy }: RunFile["config"],
): { rows: number[]; isShared: boolean } {
  if (stage === "sft")
    return { rows: [sft.batchSize], isShared: !sft.gradientCheckpointing && sft.loraDropout === 0 };
  const { promptsPerStep, microBatch, gradientCheckpointing } = stage === "grpo" ? grpo : onPolicy;
  const isShared = !gradientCheckpointing && !(stage === "grpo" && grpo.useJudge);
  return { rows: [promptsPerStep, microBatch], isShared };
}

function processesOf({ stage, config }: Pick<RunFile, "stage" | "config">): number {
  // 0 stays where the size of the base is not known
  return isTraining(stage) ? Math.max(1, config.gpu.processes) : 1;
}

function gpusOf(spec: Pick<RunFile, "stage" | "config">): NodeJS.ProcessEnv {
  return wantsGpu(spec.config) && spec.config.gpu.ray === "" ? firstGpus(processesOf(spec), process.env) : {};
}

/** Two trainers must not share a folder. */
async function waitUntilGone(folder: RunFolder): Promise<void> {
  if (!(await isGone(folder))) await endGroup(folder.readAttempt()!);
}

/** Waits a moment: a trainer that has written its end may still be tearing down. */
async function isGone(folder: RunFolder): Promise<boolean> {
  const attempt = folder.readAttempt();
  return !attempt || (await waitForExit(attempt, 5000));
}

function writeRunFile(folder: RunFolder, spec: RunSpec, key: string): void {
  try {
    mkdirSync(folder.path, { recursive: true });
    const { reward, ...rest } = spec;
    if (reward && "source" in reward) writeFileAtomic(folder.rewardModule, reward.source);
    const path = reward && ("source" in reward ? folder.rewardModule : reward.path);
    const file: RunFile = {
      ...rest,
      key,
      reward:
        reward && path
          ? {
              command: [
                process.execPath,
                join(REPO_ROOT, "lib", "reward", "server.ts"),
                path,
                JSON.stringify(rewardWeights(spec.config)),
                folder.runFile, // where a judged reward finds its Judge
              ],
              path,
              sha256: reward.sha256,
            }
          : null,
      output: join(folder.path, OUTPUTS[spec.stage]),
      runDir: folder.path,
      created: new Date().toISOString(),
    };
    writeFileAtomic(folder.runFile, `${JSON.stringify(file, null, 2)}\n`);
  } catch (cause) {
    throw fileError("The run could not be written", folder.path, cause);
  }
}

/**
 * Ends a running run with all its processes and records the cause "cancelled". Returns false when nothing was
 * running. Its checkpoints stay: starting it again resumes.
 */
export async function cancelRun(workspace: Workspace, key: string, graceMs = 10_000): Promise<boolean> {
  const folder = new RunFolder(workspace, key);
  folder.readRunFile();
  const attempt = folder.readAttempt();
  if (!attempt || !(await endGroup(attempt, graceMs))) return false;
  const run = readRun(workspace, key);
  if (run.status === "interrupted") {
    const end: EndEvent = {
      event: "end",
      time: Date.now() / 1000,
      status: "failed",
      cause: "cancelled",
      message: "ended by cancelRun; its checkpoints are kept",
      step: run.step,
    };
    cutTornTail(folder.events);
    appendFileSync(folder.events, `${JSON.stringify(end)}\n`);
  }
  return true;
}
