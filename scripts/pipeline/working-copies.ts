/**
 * The reader's copies of the notebooks, and of the glossary that they link to. JupyterLab writes outputs and
 * changed cells into the file it has opened; in a copy that git ignores they never stand in the way of
 * `git pull`.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { quoteForShell } from "../../lib/shell.ts";
import { writeFileAtomic } from "../../lib/store/atomic.ts";
import { notebookFiles } from "./options.ts";

/** What became of one copy. `outdated`: it holds the reader's work, and what it is a copy of is newer. */
export interface WorkingCopy {
  file: string;
  state: "new" | "renewed" | "kept" | "outdated";
}

/** The notebooks, in order, and the page beside them that their links lead to. */
const courseFiles = (): string[] => [...notebookFiles(), join(REPO_ROOT, "notebooks", "README.md")];

/**
 * Brings the copies in `folder` up to date: what is missing is copied, a copy that nobody changed follows
 * the original, and one that holds the reader's work stays as it is.
 */
export function bringWorkingCopies(
  folder: string,
  originals: readonly string[] = courseFiles(),
): WorkingCopy[] {
  mkdirSync(folder, { recursive: true });
  const memory = join(folder, ".copied.json");
  const copied = readMemory(memory);
  const copies = originals.map((original): WorkingCopy => {
    const name = basename(original);
    const file = join(folder, name);
    const text = readFileSync(original);
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

/** What a reader should know about the copies, a line each; none where there is nothing new. */
export function describeCopies(copies: readonly WorkingCopy[]): string[] {
  const inRepository = (file: string): string => relative(REPO_ROOT, file);
  const of = (state: WorkingCopy["state"]): string[] =>
    copies.filter((copy) => copy.state === state).map(({ file }) => inRepository(file));
  const list = (files: string[]): string =>
    files.length > 2 ? `${files[0]} … ${basename(files.at(-1)!)}` : files.join(", ");
  const [made, renewed, outdated] = [of("new"), of("renewed"), of("outdated")];
  return [
    ...(made.length > 0 ? [`${list(made)} copied to be yours: git ignores what you do there`] : []),
    ...(renewed.length > 0 ? [`${list(renewed)} as in notebooks/ now: you had changed nothing there`] : []),
    ...outdated.map(
      (file) =>
        `${file} holds your work and stays; notebooks/${basename(file)} is newer. To have that one: ` +
        `mv ${quoteForShell(file)} ${quoteForShell(file.replace(/\.\w+$/, "_mine$&"))}, then this ` +
        "command again",
    ),
  ];
}

/** Name → `hashOf` the original as it was copied; a file that cannot be read remembers nothing. */
function readMemory(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  } catch {
    return {};
  }
}

/**
 * Hash of what the cells say and show. JupyterLab saves a notebook that was only opened with other metadata,
 * which is nobody's work. Of what is no notebook, the hash of its bytes.
 */
function hashOf(text: Uint8Array): string {
  const hash = createHash("sha256");
  try {
    const { cells } = JSON.parse(Buffer.from(text).toString("utf8")) as { cells: SavedCell[] };
    const said = cells.map(({ cell_type, source, outputs = [] }) => [
      cell_type,
      [source].flat().join(""),
      outputs.map(({ data, text }) => [data, text]),
    ]);
    return hash.update(JSON.stringify(said)).digest("hex");
  } catch {
    return hash.update(text).digest("hex");
  }
}

interface SavedCell {
  cell_type: string;
  source: string | string[];
  outputs?: { data?: unknown; text?: unknown }[];
}
