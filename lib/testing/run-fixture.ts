/** A workspace in a temporary folder and runs of the fake trainer in it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "../store/hash.ts";
import type { Config } from "../config/config.ts";
import type { Lab } from "../config/lab.ts";
import { workspacePaths } from "../config/paths.ts";
import type { Paths } from "../config/paths.ts";
import { PROFILES } from "../config/profiles.ts";
import { listRuns } from "../run/run.ts";
import { cancelRun } from "../run/start.ts";
import type { RunSpec } from "../run/key.ts";
import { fakeModel } from "./model-fixture.ts";

const FAKE_TRAINER = fileURLToPath(new URL("./fake-trainer.ts", import.meta.url));

/** Program and arguments of the fake trainer; options such as "--crash-at=7", see there. */
export function fakeTrainer(...options: string[]): string[] {
  return [process.execPath, FAKE_TRAINER, ...options];
}

/** Program and arguments of the fake merge. */
export function fakeMerge(): string[] {
  return [process.execPath, fileURLToPath(new URL("./fake-merge.ts", import.meta.url))];
}

/** Program and arguments of the fake export; options such as "--same=0.9", see there. */
export function fakeExport(...options: string[]): string[] {
  return [process.execPath, fileURLToPath(new URL("./fake-export.ts", import.meta.url)), ...options];
}

/** An SFT run of the tiny profile; equal names give equal keys. */
export function fakeSpec(name: string, changes: Partial<RunSpec> = {}): RunSpec {
  return {
    stage: "sft",
    label: name,
    config: PROFILES.tiny,
    inputs: { train: { path: "/nowhere/sft.jsonl", sha256: sha256(name), rows: 3 } },
    models: { base: { path: "/nowhere/base", revision: "main", sha256: sha256("base") }, adapter: null },
    reward: null,
    ...changes,
  };
}

export interface TemporaryWorkspace {
  paths: Paths;
  root: string;
  /** Ends every run that still goes on and removes the folder. */
  remove(): Promise<void>;
}

export function temporaryWorkspace(): TemporaryWorkspace {
  const root = mkdtempSync(join(tmpdir(), "ftmodel-run-"));
  const paths = workspacePaths(root);
  return {
    root,
    paths,
    async remove() {
      for (const { key, status } of listRuns({ paths }))
        if (status === "running") await cancelRun({ paths }, key, 100);
      rmSync(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/**
 * A lab of the tiny profile in the workspace, whose Base is a fake model that this writes and that no census
 * can ask; `change` sets what else differs.
 */
export function labOnFakeBase({ paths, root }: TemporaryWorkspace, change?: (config: Config) => void): Lab {
  const config = structuredClone(PROFILES.tiny);
  config.models.base = fakeModel(join(root, "base"));
  config.grpo.dropDeadGroups = false;
  change?.(config);
  return { config, paths, force: false };
}
