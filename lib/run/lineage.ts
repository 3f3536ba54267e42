/** Which runs made an adapter. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { RunFolder } from "./folder.ts";
import type { Workspace } from "./folder.ts";
import type { RunFile } from "./key.ts";
import type { AdapterRef } from "../model/ref.ts";
import { readOrigin } from "../model/adapter.ts";

/** The run that trained an adapter; null when it is no longer there, or was never ours. */
export function trainingRun(workspace: Workspace, { path, sha256 }: AdapterRef): RunFile | null {
  const origin = existsSync(path) ? readOrigin(path) : null;
  // The published folder may hold a newer adapter by now; the run's own folder keeps its own.
  const key =
    origin?.adapter === sha256
      ? origin.run
      : runKeys(workspace).find(
          (run) => readOrigin(join(workspace.paths.runs, run, "adapter"))?.adapter === sha256,
        );
  return key === undefined ? null : readRunFile(workspace, key);
}

/** All of them, the first one first: SFT, then the GRPO that went on from it. */
export function trainingRuns(workspace: Workspace, adapter: AdapterRef | null): RunFile[] {
  const runs: RunFile[] = [];
  for (let next = adapter; next && runs.length < 8; next = runs[0]!.models.adapter) {
    const run = trainingRun(workspace, next);
    if (!run) break;
    runs.unshift(run);
  }
  return runs;
}

/** A run's file; null when it is gone or of another version. */
export function readRunFile(workspace: Workspace, key: string): RunFile | null {
  try {
    return new RunFolder(workspace, key).readRunFile();
  } catch {
    return null;
  }
}

function runKeys({ paths: { runs } }: Workspace): string[] {
  return existsSync(runs) ? readdirSync(runs).filter((name) => !name.startsWith(".")) : [];
}
