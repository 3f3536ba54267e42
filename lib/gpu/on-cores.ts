/** How many processes share a CPU: those of a training's step, and those that answer for one model. */
import { availableParallelism } from "node:os";
import { isSmall } from "../model/shape.ts";

/** Magic number: a process holds about a gigabyte, and more of them gain little on a model this small. */
const MOST = 4;

/**
 * Processes for `model`, a folder or a hub id: one a core for a small one, whose arithmetic takes no longer
 * than the Python around it. Two processes of one thread write the tiny Teacher's texts 1.8 times as fast as
 * one of two threads, and the texts are the same. One for a model whose size is not known, and on systems
 * other than Linux, where processes share no memory. Throws LabError as `readModelShape`.
 */
export function processesOnCpu(
  model: string,
  cores = process.platform === "linux" ? availableParallelism() : 1,
): number {
  return isSmall(model) ? Math.max(1, Math.min(cores, MOST)) : 1;
}
