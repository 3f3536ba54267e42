/** One starter at a time: in this process by a queue, among processes by the lock of the runs' folder. */
import { LabError } from "../errors.ts";
import { lockFolder } from "../store/lock.ts";
import type { FolderLock } from "../store/lock.ts";

const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `work` while nobody else starts a run in this folder; waits for others up to `timeoutMs`, then throws
 * the lock's LabError. A starter that died holds nothing back.
 */
export async function whileStarting<T>(
  folder: string,
  work: () => Promise<T>,
  timeoutMs = 30_000,
): Promise<T> {
  const before = queues.get(folder) ?? Promise.resolve();
  const turn = before
    .catch(() => undefined)
    .then(async () => {
      const lock = await waitForLock(folder, timeoutMs);
      try {
        return await work();
      } finally {
        lock.release();
      }
    });
  queues.set(folder, turn);
  try {
    return await turn;
  } finally {
    if (queues.get(folder) === turn) queues.delete(folder);
  }
}

async function waitForLock(folder: string, timeoutMs: number): Promise<FolderLock> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return lockFolder(folder);
    } catch (error) {
      const isHeld = error instanceof LabError && error.problem.code === "folder_held";
      if (!isHeld || Date.now() > deadline) throw error; // a disk that refuses does so again
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }
}
