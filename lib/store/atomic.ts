/** Files that are there wholly or not at all. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { LabError } from "../errors.ts";
import { processStart } from "./process.ts";

/**
 * Replaces a file so that a reader, or a crash at any moment, sees the old content or the new, never a
 * mixture.
 *
 * Temp file beside it → write → fsync → rename → fsync of the folder. Makes the folder. Removes temp files
 * that dead processes left for the same path. Throws LabError when the disk is full, the folder read-only or
 * the path not writable; the old content then stays.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array): void {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.`;
  const temp = join(folder, `${prefix}${process.pid}.tmp`);
  try {
    makeFolder(folder);
    removeDeadTemps(folder, prefix);
    const fd = openSync(temp, "w");
    try {
      writeFully(fd, typeof data === "string" ? Buffer.from(data, "utf8") : data);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temp, path);
    syncFolder(folder);
  } catch (cause) {
    removeQuietly(temp);
    throw fileError("A file could not be written", path, cause);
  }
}

/** After a failure whose own message must not be covered by that of the clean-up. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // the next writer removes it
  }
}

/** Makes a folder and what is missing above it. Node's own recursive mkdir calls a read-only disk ENOENT. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(path) !== path) {
      makeFolder(dirname(path));
      mkdirSync(path, { recursive: true });
    } else if (!existsSync(path) || !statSync(path).isDirectory()) throw error;
  }
}

/**
 * One `write()` for the whole of `data`; goes on only where the kernel took a part, which it does on a disk
 * that is filling up.
 */
export function writeFully(fd: number, data: Uint8Array): void {
  let written = 0;
  while (written < data.length) written += writeSync(fd, data, written, data.length - written);
}

/** Makes a rename or a new file in the folder survive a power cut. */
export function syncFolder(folder: string): void {
  let fd: number;
  try {
    fd = openSync(folder, "r");
  } catch (error) {
    // folders cannot be opened there
    if ((error as NodeJS.ErrnoException).code === "EISDIR" || process.platform === "win32") return;
    throw error;
  }
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function removeDeadTemps(folder: string, prefix: string): void {
  for (const name of readdirSync(folder)) {
    const pid = name.startsWith(prefix) && /^(\d+)\.tmp$/.exec(name.slice(prefix.length));
    if (pid && Number(pid[1]) !== process.pid && processStart(Number(pid[1])) === null)
      rmSync(join(folder, name), { force: true });
  }
}

const CAUSES: Record<string, { found: string; todo: string }> = {
  ENOSPC: {
    found: "the disk is full",
    todo: "Free some space and run again; everything written so far is kept.",
  },
  EDQUOT: {
    found: "the disk quota is used up",
    todo: "Free some space and run again; everything written so far is kept.",
  },
  EFBIG: {
    found: "the file would exceed the size the system allows",
    todo: "Raise the file size limit (ulimit -f) and run again.",
  },
  EROFS: { found: "the file system is read-only", todo: "Name a folder you can write to with --workspace." },
  EACCES: {
    found: "no permission",
    todo: "Change the permissions, or name another folder with --workspace.",
  },
  EPERM: { found: "no permission", todo: "Change the permissions, or name another folder with --workspace." },
  ENOENT: { found: "no such file or folder", todo: "Check the path." },
  EISDIR: { found: "a folder", todo: "Name a file." },
  ENOTDIR: { found: "a part of the path is a file, not a folder", todo: "Check the path." },
  EMFILE: { found: "too many open files", todo: "Raise the limit of open files (ulimit -n)." },
};

/** A LabError that says in words what the system refused. */
export function fileError(what: string, path: string, cause: unknown): LabError {
  if (cause instanceof LabError) return cause;
  const error = cause as NodeJS.ErrnoException;
  const known = error.code ? CAUSES[error.code] : undefined;
  return new LabError(
    { what, where: path, found: known ? `${known.found} (${error.code})` : error.message, todo: known?.todo },
    { cause },
  );
}

/** The time in a report's name: sorts as text, and any file system takes it. */
export function fileStamp(time: Date = new Date()): string {
  return time.toISOString().replace(/[-:.]/g, ""); //=> 20261122T134500123Z
}
