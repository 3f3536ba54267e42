/**
 * The reader's copies of the notebooks. JupyterLab writes outputs and changed cells into the file it has
 * opened; in a copy that git ignores they never stand in the way of `git pull`.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { writeFileAtomic } from "../../lib/store/atomic.ts";
import { notebookFiles } from "./options.ts";

/** What became of one notebook's copy. `outdated`: it holds the reader's work, and the notebook is newer. */
export interface WorkingCopy {
  file: string;
  state: "new" | "renewed" | "kept" | "outdated";
}

/**
 * Brings the copies in `folder` up to date: what is missing is copied, a copy that nobody changed follows
 * the notebook, and one that holds the reader's work stays as it is.
 */
export function bringWorkingCopies(
  folder: string,
  notebooks: readonly string[] = notebookFiles(),
): WorkingCopy[] {
  mkdirSync(folder, { recursive: true });
  const memory = join(folder, ".copied.json");
  const copied = readMemory(memory);
  const copies = notebooks.map((notebook): WorkingCopy => {
    const name = basename(notebook);
    const file = join(folder, name);
    const text = readFileSync(notebook);
    const now = hashOf(text);
    const isThere = existsSync(file);
    const untouched = isThere && [copied[name], now].includes(hashOf(readFileSync(file)));
    if (isThere && !untouched) return { file, state: copied[name] === now ? "kept" : "outdated" };
    const state = !isThere ? "new" : copied[name] === now ? "kept" : "renewed";
    if (state !== "kept") writeFileAtomic(file, text);
    copied[name] = now;
    return { file, state };
  });
  writeFileAtomic(memory, JSON.stringify(copied, null, 1));
  return copies;
}

/** Name → hash of the notebook as it was copied; a file that cannot be read remembers nothing. */
function readMemory(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  } catch {
    return {};
  }
}

const hashOf = (text: Uint8Array): string => createHash("sha256").update(text).digest("hex");
