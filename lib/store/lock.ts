/** One writer a folder. */
import {
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { fileError, makeFolder } from "./atomic.ts";
import { LabError } from "../errors.ts";
import { processStart } from "./process.ts";

export interface FolderLock {
  readonly folder: string;
  /** Locks of dead processes that were removed. */
  readonly stale: readonly string[];
  release(): void;
}

interface Owner {
  pid: number;
  start: string | null;
  host: string;
  /** Of its process ids: containers of one host name each count their own. Null where there is none. */
  namespace?: string | null;
}

const PREFIX = ".writer-";
/**
 * Folders this process holds, with the number of holders: files of one folder may be open side by side in one
 * process.
 */
const held = new Map<string, number>();

/**
 * Claims a folder for this process; any number of claims within one process, one process at a time.
 *
 * Every writer puts up a file of its own name first and looks for others second, so of two that start
 * together at least one sees the other; nobody ever deletes a living one's lock. A lock whose process is
 * gone, or whose id now belongs to a later process, is removed. A lock of another machine (shared disk) or
 * container cannot be checked and counts as held. Throws LabError naming the holder.
 */
export function lockFolder(folder: string): FolderLock {
  const path = resolve(folder);
  const count = held.get(path) ?? 0;
  if (count > 0) {
    held.set(path, count + 1);
    return handle(path, []);
  }
  try {
    makeFolder(path);
  } catch (cause) {
    throw fileError("A folder could not be made", path, cause);
  }
  for (let attempt = 1; ; attempt++) {
    const owner: Owner = {
      ...{ pid: process.pid, start: processStart(process.pid) },
      ...{ host: hostname(), namespace: NAMESPACE },
    };
    putUp(path, owner);
    const { living, stale, met } = otherWriters(path);
    if (living === null) {
      held.set(path, 1);
      return handle(path, stale);
    }
    rmSync(join(path, ownName()), { force: true });
    // Two that met while claiming both step back; the wait of random length lets one through. It blocks this
    // process, so nobody waits for one that was there before.
    if (!met || attempt === 4) throw heldError(path, living);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20 + Math.random() * 60);
  }
}

/** By rename, so that nobody reads half of it; not synced, because no lock outlives the machine's memory. */
function putUp(folder: string, owner: Owner): void {
  const path = join(folder, ownName());
  try {
    writeFileSync(`${path}.tmp`, JSON.stringify(owner));
    renameSync(`${path}.tmp`, path);
  } catch (cause) {
    throw fileError("A folder could not be claimed for writing", folder, cause);
  }
}

const NAMESPACE = readNamespace();

function readNamespace(): string | null {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? null;
  } catch {
    return null; // not Linux
  }
}

function ownName(): string {
  return nameOf({ pid: process.pid, host: hostname(), namespace: NAMESPACE });
}

function nameOf({ pid, host, namespace }: Pick<Owner, "pid" | "host" | "namespace">): string {
  return `${PREFIX}${host}${namespace ? `-${namespace}` : ""}-${pid}.lock`;
}

/** Whether the owner's process id means a process that can be seen from here. */
function isElsewhere({ host, namespace }: Owner): boolean {
  return host !== hostname() || (namespace ?? NAMESPACE) !== NAMESPACE;
}

/** How long ago a lock was put up that may be of one who claims the folder at this moment. */
const MEETING_MS = 100;

/** `met`: the living one's lock is as new as ours. */
function otherWriters(folder: string): { living: Owner | null; stale: string[]; met: boolean } {
  const stale: string[] = [];
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(PREFIX) || !name.endsWith(".lock") || name === ownName()) continue;
    const owner = readOwner(join(folder, name));
    if (owner === null) continue; // released between the listing and the reading
    const start = processStart(owner.pid);
    if (isElsewhere(owner) || (start !== null && start === owner.start))
      return { living: owner, stale, met: isNew(join(folder, name)) };
    rmSync(join(folder, name), { force: true });
    stale.push(name);
  }
  return { living: null, stale, met: false };
}

function isNew(lock: string): boolean {
  try {
    return Date.now() - statSync(lock).mtimeMs < MEETING_MS;
  } catch {
    return true; // released by now: the next look will find the folder free
  }
}

function readOwner(path: string): Owner | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return null;
  }
  try {
    const owner = JSON.parse(text) as Owner;
    if (typeof owner.pid === "number" && typeof owner.host === "string") return owner;
  } catch {
    // falls through: locks appear by rename, so half a lock is damage, not a writer at work
  }
  return { pid: 0, start: "damaged", host: hostname() };
}

function heldError(folder: string, owner: Owner): LabError {
  const elsewhere = isElsewhere(owner);
  const place = owner.host === hostname() ? "in another container of this machine" : `on ${owner.host}`;
  return new LabError({
    code: "folder_held",
    what: "Another process is writing in this folder",
    where: folder,
    expected: "one writer at a time",
    found: `process ${owner.pid}${elsewhere ? ` ${place}` : ""}`,
    todo: elsewhere
      ? `If that process is gone, delete ${nameOf(owner)} there.`
      : "Wait for it, stop it, or give this run a folder of its own with --workspace.",
  });
}

function handle(folder: string, stale: string[]): FolderLock {
  let released = false;
  return {
    folder,
    stale,
    release() {
      if (released) return;
      released = true;
      const left = (held.get(folder) ?? 1) - 1;
      if (left > 0) {
        held.set(folder, left);
        return;
      }
      held.delete(folder);
      rmSync(join(folder, ownName()), { force: true });
    },
  };
}

process.on("exit", () => {
  for (const folder of held.keys()) rmSync(join(folder, ownName()), { force: true });
});
