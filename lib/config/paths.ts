/** Where things are. The repository is read; a workspace (by default the repository) is written. */
import { createHash } from "node:crypto";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { existsSync } from "node:fs";
import { LabError } from "../errors.ts";

export const REPO_ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Paths {
  root: string;
  raw: string;
  distilled: string;
  sft: string;
  rl: string;
  test: string;
  filterStats: string;
  /** data/processed */
  processed: string;
  ckpts: string;
  sftLora: string;
  grpoLora: string;
  mergedModel: string;
  reports: string;
  runs: string;
  /** Where the reader's copies of the notebooks are: what `npm run lab` opens, and git ignores. */
  notebooks: string;
}

/** Every output path of a workspace; `root` holds data/, ckpts/ and reports/. Creates nothing. */
export function workspacePaths(root: string = process.env.FTMODEL_WORKSPACE || REPO_ROOT): Paths {
  const base = resolve(root);
  const processed = join(base, "data", "processed");
  const ckpts = join(base, "ckpts");
  const reports = join(base, "reports");
  return {
    root: base,
    raw: join(base, "data", "raw", "raw.jsonl"),
    processed,
    distilled: join(processed, "distilled.jsonl"),
    sft: join(processed, "sft.jsonl"),
    rl: join(processed, "rl.jsonl"),
    test: join(processed, "test.jsonl"),
    filterStats: join(processed, "filter_stats.json"),
    ckpts,
    sftLora: join(ckpts, "sft_lora"),
    grpoLora: join(ckpts, "grpo_lora"),
    mergedModel: join(ckpts, "merged_model"),
    reports,
    runs: join(reports, "runs"),
    notebooks: workingFolder(base),
  };
}

/**
 * `work/` of the repository, a folder of its own in it for each other workspace. Never outside the
 * repository: a notebook finds the library by name from the folder that it lies in.
 */
function workingFolder(workspace: string): string {
  const work = join(REPO_ROOT, "work");
  if (workspace === REPO_ROOT) return work;
  const tag = createHash("sha256").update(workspace).digest("hex").slice(0, 6);
  return join(work, `${basename(workspace)}-${tag}`);
}

/**
 * A model named in the config as a path relative to the repository (`ckpts/tiny/base`), or absolute; null for
 * a hub id.
 */
export function localModelPath(name: string): string | null {
  if (isAbsolute(name)) return name;
  if (name.startsWith("ckpts/") || name.startsWith("./") || name.startsWith("../"))
    return resolve(REPO_ROOT, name);
  return null;
}

/** The interpreter of the locked Python environment. */
export const PYTHON = process.env.FTMODEL_PYTHON || join(REPO_ROOT, ".venv", "bin", "python");

/** Throws LabError when its interpreter is not there. */
export function assertPython(): void {
  if (!existsSync(PYTHON))
    throw new LabError({
      what: "The Python environment is missing",
      where: PYTHON,
      todo: "Run `npm run doctor`; `npm start` installs it.",
    });
}
