/** Whether the memory that a plan counts on is free at the moment. */
import type { Overrides } from "../config/settings.ts";
import { LabError } from "../errors.ts";
import { bytesOf, gigabytes, settings, unlessRefused } from "./choose.ts";
import { listGpus } from "./gpus.ts";
import type { Gpu } from "./gpus.ts";

/** What a plan takes, and what would do instead. */
export interface Waiting {
  stage: string;
  /** GPUs. */
  used: number;
  /** Bytes of one. */
  need: (gpu: Gpu) => number;
  /** CUDA_VISIBLE_DEVICES with these, where they do; else null. */
  others: (idle: readonly Gpu[]) => string | null;
  /** Settings that do with what is free of these; null, or a LabError, when none do. */
  smaller: (gpus: readonly Gpu[]) => Overrides | null;
}

/** How long memory may take to come back from a process that has just ended. */
const RELEASE_MS = 8_000;

/**
 * Throws LabError when the GPUs' memory is held by others, after waiting `releaseMs` for what is about to
 * end.
 */
export async function assertFree(
  { stage, used, need, others, smaller }: Waiting,
  releaseMs = RELEASE_MS,
): Promise<void> {
  const deadline = Date.now() + releaseMs;
  for (;;) {
    const gpus = await listGpus();
    const isFull = (gpu: Gpu) => bytesOf(gpu.freeMiB) < need(gpu);
    const full = gpus.slice(0, used).filter(isFull);
    if (full.length === 0) return;
    if (Date.now() >= deadline) {
      const gpu = full.reduce((a, b) => (b.freeMiB < a.freeMiB ? b : a));
      const devices = others(gpus.filter((gpu) => !isFull(gpu)));
      const instead = settings(unlessRefused(() => smaller(gpus)) ?? {});
      throw new LabError({
        what: "The GPU's memory is held by other processes",
        where: nameOf(gpu),
        expected: `${gigabytes(need(gpu))} GiB free for ${stage}`,
        found:
          `${gigabytes(bytesOf(gpu.freeMiB))} of ${gigabytes(bytesOf(gpu.memoryMiB))} GiB. Nothing ` +
          "was loaded.",
        todo:
          "`nvidia-smi` lists the processes that hold it: end them, or wait for them" +
          (devices ? `; or use the others: ${devices}` : "") +
          (instead ? `; or use what is free: ${instead}.` : "."),
      });
    }
    await new Promise((wake) => setTimeout(wake, 500));
  }
}

/** As it stands in messages. */
export const nameOf = ({ index, name }: Gpu): string => `GPU ${index} (${name})`;
