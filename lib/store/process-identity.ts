/** Processes that outlive the one that started them: know them again, end them with all they started. */
import { processStart } from "./process-start.ts";

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
