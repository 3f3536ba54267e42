/** On a GPU one run after the other: each is planned for the whole card. */
import { wantsGpu } from "../config/config.ts";
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { attemptLives } from "./run.ts";
import { RunFolder } from "./folder.ts";
import type { Workspace } from "./folder.ts";
import type { RunSpec } from "./key.ts";
import { startRun } from "./start.ts";
import type { StartOptions } from "./start.ts";

const LOOK_EVERY_MS = 1000;

class Busy extends Error {}

/**
 * As `startRun`. On a GPU a process is started only when no other run of the workspace lives, and says once
 * whom it waits for. Rejects with the signal's reason when that aborts.
 */
export async function startInTurn(
  workspace: Workspace,
  spec: RunSpec,
  { signal, ready, ...options }: StartOptions & { signal?: AbortSignal | undefined } = {},
): Promise<{ key: string; started: boolean }> {
  if (!wantsGpu(spec.config)) return await startRun(workspace, spec, { ...options, ...(ready && { ready }) });
  for (let told = false; ; told = true) {
    let other: string | null = null;
    const whenIdle = async (): Promise<void> => {
      other = livingRun(workspace);
      if (other) throw new Busy();
      await ready?.();
    };
    try {
      return await startRun(workspace, spec, { ...options, ready: whenIdle });
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
    }
    if (!told) console.log(`${spec.label} waits for ${other}, which has the GPU.`);
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** The key of a run of the workspace that goes on; null when there is none. */
export function livingRun(workspace: Workspace): string | null {
  const { runs } = workspace.paths;
  const names = existsSync(runs) ? readdirSync(runs) : [];
  return names.find((name) => !name.startsWith(".") && lives(workspace, name)) ?? null;
}

function lives(workspace: Workspace, name: string): boolean {
  try {
    return attemptLives(new RunFolder(workspace, name));
  } catch {
    return false; // damaged: listRuns shows it, and it holds nobody up
  }
}
