/**
 * Which executed notebooks still hold: nothing they depend on changed, and all they wrote is still there as
 * they left it.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Lab } from "../../lib/config/lab.ts";
import { writeFileAtomic } from "../../lib/store/atomic.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";

/** File below the workspace → size and time of its last change; null for one that was removed. */
export type Snapshot = Record<string, string | null>;

/** What is remembered of one executed notebook. */
export interface Executed {
  /** Hash of everything it depended on, the key of the notebook before it included. */
  key: string;
  finished: string;
  seconds: number;
  /** The files it wrote or changed. */
  wrote: Snapshot;
}

/** Notebook number → its last complete execution. */
export type Ledger = Record<string, Executed>;

/** What notebooks depend on beside their own text, below the repository; tests are not among it. */
const INPUTS = [
  /^lib\/(?!testing\/).*(?<!\.test)\.(ts|json|css)$/,
  /^scripts\/(kernel\.ts|[^/]*\.py|sidecar\/.*\.py)$/,
  /^data\/handwritten\//,
  /^ckpts\/tiny\//,
  /^(package-lock\.json|uv\.lock)$/,
];

/**
 * Hash of what every notebook depends on: library, sidecar, locked packages, shipped models, config and the
 * user's files.
 */
export function commonKey(lab: Lab): string {
  // a value that was chosen is not planned by a GPU's memory
  const hash = createHash("sha256").update(JSON.stringify([lab.config, lab.chosen]));
  const own = ["lib", "scripts", "data/handwritten", "ckpts/tiny"].flatMap((folder) =>
    listFiles(join(REPO_ROOT, folder)),
  );
  const files = [...own, join(REPO_ROOT, "package-lock.json"), join(REPO_ROOT, "uv.lock")].filter((file) =>
    INPUTS.some((kind) => kind.test(relative(REPO_ROOT, file))),
  );
  for (const file of [...files, ...lab.config.prepare.sources]) {
    hash.update(`\0${relative(REPO_ROOT, file)}\0`);
    if (existsSync(file)) hash.update(readFileSync(file)); // a source that is gone is stage 1's error to tell
  }
  return hash.digest("hex");
}

/** Key of one notebook: its text, what all depend on, and the execution before it. */
export function notebookKey(notebook: string, common: string, before: Executed | undefined): string {
  const { cells } = JSON.parse(readFileSync(notebook, "utf8")) as {
    cells: { cell_type: string; source: string | string[] }[];
  };
  const text = cells.map((cell) => [cell.cell_type, [cell.source].flat().join("")]);
  return createHash("sha256")
    .update(JSON.stringify([text, common, before?.key ?? null]))
    .digest("hex");
}

/**
 * The exported reports are made from the notebooks, by whoever asks for them: no notebook answers for them.
 */
const EXPORTED = /^reports\/[^/]*\.(?:html|pdf)$/;

/** All files of the workspace that stages write, as they are now. */
export function takeSnapshot(lab: Lab): Snapshot {
  const snapshot: Snapshot = {};
  for (const folder of ["data", "ckpts", "reports"]) {
    for (const file of listFiles(join(lab.paths.root, folder))) {
      const name = relative(lab.paths.root, file);
      if (file === ledgerFile(lab) || EXPORTED.test(name)) continue;
      const { size, mtimeMs } = statSync(file);
      snapshot[name] = `${size} ${mtimeMs}`;
    }
  }
  return snapshot;
}

/** What is new, changed or removed in `after`. */
export function difference(before: Snapshot, after: Snapshot): Snapshot {
  const removed = Object.keys(before).filter((file) => !(file in after));
  const changed = Object.entries(after).filter(([file, state]) => before[file] !== state);
  return Object.fromEntries([...changed, ...removed.map((file) => [file, null] as const)]);
}

/** What a notebook leaves in any case, whoever made it: an execution that finds it done writes nothing. */
const RESULTS: Record<string, RegExp[]> = {
  "01": [/^data\/raw\/raw\.jsonl$/],
  "02": [/^data\/processed\/distilled\.jsonl$/],
  "03": [
    /^data\/processed\/sft\.jsonl$/,
    /^data\/processed\/rl\.jsonl$/,
    /^data\/processed\/test\.jsonl$/,
    /^data\/processed\/filter_stats\.json$/,
  ],
  "04": [/^ckpts\/sft_lora\//],
  "05": [/^ckpts\/grpo_lora\//],
  "06": [/^reports\/eval_[^/]*\.json$/],
  "07": [/^ckpts\/merged_model\//],
  "08": [/^reports\/ablation_summary_[^/]*\.json$/],
};

/**
 * Why notebook `number` has to be executed, or null when its last execution still holds. Files that a later
 * one rewrote are that one's.
 */
export function reasonToRun(number: string, key: string, ledger: Ledger, now: Snapshot): string | null {
  const executed = ledger[number];
  if (!executed) return "not executed yet";
  if (executed.key !== key) return "something it depends on changed";
  const later = Object.values(ledger).filter((other) => other.finished > executed.finished);
  const changed = Object.entries(executed.wrote).find(
    ([file, state]) => (now[file] ?? null) !== state && !later.some((other) => file in other.wrote),
  );
  if (changed) return `${changed[0]} changed or is gone`;
  const lacking = (RESULTS[number] ?? []).find(
    (result) => !Object.keys(now).some((file) => result.test(file)),
  );
  return lacking ? `its result is missing: ${lacking.source.replace(/[\\^$]/g, "")}` : null;
}

/** What an execution answers for: what it wrote, and what its last execution wrote, as both are now. */
export function ownedBy(before: Snapshot, after: Snapshot, last: Executed | undefined): Snapshot {
  const earlier = Object.keys(last?.wrote ?? {}).map((file) => [file, after[file] ?? null] as const);
  return { ...Object.fromEntries(earlier), ...difference(before, after) };
}

export function readLedger(lab: Lab): Ledger {
  if (!existsSync(ledgerFile(lab))) return {};
  try {
    return JSON.parse(readFileSync(ledgerFile(lab), "utf8")) as Ledger;
  } catch {
    return {}; // damaged: as good as none, every notebook is executed again with the work on disk
  }
}

export function writeLedger(lab: Lab, ledger: Ledger): void {
  writeFileAtomic(ledgerFile(lab), JSON.stringify(ledger, null, 1));
}

/** `reports/notebooks/executed.json`; removed, every notebook is executed again with the work on disk. */
export const ledgerFile = (lab: Lab): string => join(lab.paths.reports, "notebooks", "executed.json");

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
