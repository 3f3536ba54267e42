/** Which notebooks a report shows, and whose copy of each: the pipeline's, or the one the reader saved. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Paths, REPO_ROOT } from "../config/paths.ts";
import { workspaceMark } from "../config/settings-record.ts";
import { type Notebook, readNotebook } from "./notebook.ts";

/** Where a reader saves notebooks: those of the repository, or copies in work/, one folder a workspace. */
export function savedFolders(root: string = REPO_ROOT): string[] {
  const work = join(root, "work");
  const inside = existsSync(work) ? readdirSync(work, { withFileTypes: true }) : [];
  const folders = inside.filter((entry) => entry.isDirectory() && !entry.name.startsWith("."));
  return [join(root, "notebooks"), work, ...folders.map(({ name }) => join(work, name))];
}

export interface Executed extends Notebook {
  from: "pipeline" | "reader";
  /** When its last cell was done, or when the reader saved it. */
  time: Date;
  /** Seconds that the pipeline took; null where nobody measured. */
  seconds: number | null;
}

const Ledger = z.record(z.string(), z.looseObject({ finished: z.string(), seconds: z.number() }));

/**
 * One copy of every executed notebook, by name. The reader's is taken when a cell of it was run by hand since
 * it came with the repository, in this workspace, and it was saved after the pipeline's was written.
 *
 * @throws LabError when a notebook cannot be read.
 */
export function executedNotebooks(paths: Paths, saved: readonly string[] = savedFolders()): Executed[] {
  const ledger = readLedger(join(paths.reports, "notebooks", "executed.json"));
  const pipeline = notebooksIn(join(paths.reports, "notebooks")).map(({ file, time }): Executed => {
    const notebook = readNotebook(file);
    const run = ledger[notebook.name.slice(0, 2)];
    return { ...notebook, from: "pipeline", time, seconds: run?.seconds ?? null };
  });
  const reader = saved
    .flatMap(notebooksIn)
    .map(({ file, time }): Executed => ({ ...readNotebook(file), from: "reader", time, seconds: null }))
    // those of the repository come with outputs, but nobody ran them here: their cells have no number
    .filter(
      ({ ranCells, cells }) =>
        ranCells > 0 && cells.some((c) => c.cell_type === "code" && c.outputs.length > 0),
    )
    .filter(({ settings }) => isOf(paths, settings?.workspace));
  const chosen = new Map(pipeline.map((notebook) => [notebook.name, notebook]));
  for (const notebook of reader) {
    const other = chosen.get(notebook.name);
    if (!other || notebook.time > other.time) chosen.set(notebook.name, notebook);
  }
  return [...chosen.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A notebook that tells no workspace ran where notebooks run by default. */
function isOf({ root }: Paths, mark: string | undefined): boolean {
  return mark === undefined ? root === REPO_ROOT : mark === workspaceMark(root);
}

function notebooksIn(folder: string): { file: string; time: Date }[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => name.endsWith(".ipynb"))
    .map((name) => join(folder, name))
    .map((file) => ({ file, time: statSync(file).mtime }));
}

/** Empty when there is none or it is damaged: a report says less, it does not fail. */
function readLedger(file: string): z.infer<typeof Ledger> {
  try {
    return Ledger.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}
