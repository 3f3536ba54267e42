/** Who a process id belongs to: ids are reused, an id with its start time is not. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * When the process with this id started, as a text that only compares for equality; null when there is none.
 *
 * Linux: clock ticks since boot and the boot's id (proc(5), field 22 of stat). Elsewhere: `ps -o lstart=`. A
 * zombie counts as ended.
 */
export function processStart(pid: number): string | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return process.platform === "linux" ? linuxStart(pid) : psStart(pid);
}

function linuxStart(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null; // no such process
  }
  // The name in field 2 may hold spaces and brackets: count from its last bracket.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return null;
  return `${bootId()}/${fields[19]}`;
}

let boot: string | undefined;
function bootId(): string {
  if (boot === undefined) {
    try {
      boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    } catch {
      boot = ""; // hidden in some containers; the ticks alone still tell most reuses apart
    }
  }
  return boot;
}

function psStart(pid: number): string | null {
  try {
    return (
      execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim() || null
    );
  } catch (error) {
    // ps exits 1 when there is no such process
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") return null;
  }
  try {
    process.kill(pid, 0); // no ps here: that it lives is all that can be said
    return "unknown";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "unknown" : null;
  }
}

/** A pid with the time its process started: together they name one process, although pids are reused. */
export interface ProcessIdentity {
  pid: number;
  startTime: string;
}

/** The identity of a living process; null when no such process runs (a zombie does not run). */
export function identify(pid: number): ProcessIdentity | null {
  const startTime = processStart(pid);
  return startTime === null ? null : { pid, startTime };
}

/** Whether exactly this process still runs. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return processStart(pid) === startTime;
}

/** Resolves to true when the process has ended, to false when it still runs after `timeoutMs`. */
export async function waitForExit(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(identity)) {
    if (Date.now() >= deadline) return false;
    await new Promise((wake) => setTimeout(wake, 25));
  }
  return true;
}

/**
 * Ends a process that leads its own group, and the group with it: SIGTERM, then SIGKILL after `graceMs`.
 *
 * Returns false when exactly this process no longer runs; nothing is signalled then, because the pid may be
 * somebody else's.
 */
export async function endGroup(identity: ProcessIdentity, graceMs = 10_000): Promise<boolean> {
  if (!isAlive(identity)) return false;
  signalGroup(identity.pid, "SIGTERM");
  await waitForExit(identity, graceMs);
  // The leader may have left children behind; they are still in its group.
  signalGroup(identity.pid, "SIGKILL");
  await waitForExit(identity, graceMs);
  return true;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
