/** A JSON-lines file that survives being killed: what was acknowledged is there, once, after any crash. */
import { closeSync, existsSync, fdatasync, ftruncateSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import type { z } from "zod";
import { fileError, syncFolder, writeFully } from "./atomic.ts";
import { LabError } from "../errors.ts";
import { fieldProblem } from "./field-problem.ts";
import { checkedLine } from "./jsonl.ts";
import { lockFolder } from "./lock.ts";
import { recoverStore } from "./recover.ts";
import type { StoreOptions, StoreReport } from "./recover.ts";

export type { StoreOptions, StoreReport } from "./recover.ts";

export interface Store<T> {
  readonly path: string;
  readonly report: StoreReport;
  readonly size: number;
  has(key: string): boolean;
  get(key: string): T | undefined;
  /** In order of first appearance. */
  rows(): T[];
  /**
   * Resolves when all given rows are on disk. Rejects with LabError when a row does not fit the schema or the
   * disk refuses; nothing of it is then kept.
   */
  append(...rows: T[]): Promise<void>;
  /** Waits for what is being written, then lets go of file and folder. */
  close(): Promise<void>;
}

const open = new Set<string>();
const sync = promisify(fdatasync);

interface Waiting<T> {
  rows: T[];
  lines: Buffer[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Opens a store, repairing what a crash left, and makes this process the folder's only writer.
 *
 * One `write()` a record with its newline, then one sync before anyone is told; rows that arrive during a
 * sync share the next one. An unfinished last line is cut. A damaged line (flipped bit, NUL, broken UTF-8,
 * foreign fields) is moved to `<file>.corrupt`. Throws LabError when another process writes in the folder,
 * when the file is open already in this one, when the disk refuses, and when the file holds rows but none of
 * this schema (it is then left as it is).
 */
export function openStore<T>(path: string, options: StoreOptions<T>): Store<T> {
  const file = resolve(path);
  if (open.has(file))
    throw new LabError({
      what: "A file is open for writing already",
      where: file,
      found: "an earlier call in this process that has not closed it",
      todo: "Wait for that call, or restart the kernel.",
    });
  const lock = lockFolder(dirname(file));
  let rows: Map<string, T>;
  let report: StoreReport;
  let fd: number;
  let length: number;
  try {
    ({ rows, length, report } = recoverStore(file, options, lock.stale));
    const isNew = !existsSync(file);
    fd = openSync(file, "a");
    if (isNew) syncFolder(dirname(file));
  } catch (cause) {
    lock.release();
    throw fileError("A file could not be opened for writing", file, cause);
  }
  open.add(file);
  let waiting: Waiting<T>[] = [];
  let flushing: Promise<void> | null = null;
  let closed = false;

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        let end = length;
        for (const { lines } of batch) {
          for (const line of lines) {
            writeFully(fd, line);
            end += line.length;
          }
        }
        await sync(fd);
        length = end;
        for (const { rows: added, resolve } of batch) {
          for (const row of added) rows.set(options.key(row), row);
          resolve();
        }
      } catch (cause) {
        cutBack(fd, length);
        for (const { reject } of batch) reject(fileError("A row could not be written", file, cause));
      }
    }
    flushing = null;
  }

  return {
    path: file,
    report,
    get size() {
      return rows.size;
    },
    has: (key) => rows.has(key),
    get: (key) => rows.get(key),
    rows: () => [...rows.values()],
    append(...added) {
      if (closed)
        return Promise.reject(
          new LabError({ what: "append requires an open store", where: file, found: "a closed one" }),
        );
      let parsed: T[];
      try {
        parsed = added.map((row) => checked(file, options.schema, row));
      } catch (error) {
        return Promise.reject(error);
      }
      const lines = parsed.map((row) => Buffer.from(`${checkedLine(row as object)}\n`, "utf8"));
      const done = new Promise<void>((resolve, reject) =>
        waiting.push({ rows: parsed, lines, resolve, reject }),
      );
      flushing ??= Promise.resolve().then(flush);
      return done;
    },
    async close() {
      if (closed) return;
      closed = true;
      await flushing;
      closeSync(fd);
      open.delete(file);
      lock.release();
    },
  };
}

function checked<T>(file: string, schema: z.ZodType<T>, row: T): T {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  const { field, expected, found } = fieldProblem(parsed.error, row);
  throw new LabError({
    what: "append requires a row that fits the schema",
    where: `${file}, field ${field}`,
    expected,
    found,
  });
}

/**
 * After a failed write the file ends where the last acknowledged row ends; the next open would cut the rest
 * anyway.
 */
function cutBack(fd: number, length: number): void {
  try {
    ftruncateSync(fd, length);
  } catch {
    // the disk refuses even that: the torn tail stays for the next open
  }
}
