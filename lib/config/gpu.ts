/** Whether there is a GPU, asked before anything is loaded. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LabError } from "../errors.ts";

export interface Gpu {
  name: string;
  memoryMiB: number;
}

const run = promisify(execFile);

/** The NVIDIA GPUs that `nvidia-smi` lists; none when there is no such program or no driver answers. */
export async function listGpus(): Promise<Gpu[]> {
  try {
    const { stdout } = await run("nvidia-smi", ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"], { timeout: 20_000 });
    return parseGpus(stdout);
  } catch {
    return [];
  }
}

/** `name, MiB` lines. */
export function parseGpus(text: string): Gpu[] {
  return text
    .split("\n")
    .map((line) => /^(.+),\s*(\d+)\s*$/.exec(line.trim()))
    .flatMap((match) => (match ? [{ name: match[1]!, memoryMiB: Number(match[2]) }] : []));
}

/**
 * The GPUs of the `gpu` profile; an empty list under `tiny`, which needs none.
 *
 * Call it before downloading or loading anything. Throws LabError when the profile needs a GPU and none is found.
 */
export async function requireGpu(lab: { config: { profile: string } }): Promise<Gpu[]> {
  if (lab.config.profile !== "gpu") return [];
  const gpus = await listGpus();
  if (gpus.length > 0) return gpus;
  throw new LabError({
    what: "The gpu profile needs an NVIDIA GPU",
    where: "nvidia-smi",
    expected: "at least one GPU",
    found: "none (no nvidia-smi, or no driver answers)",
    todo: "Use --profile tiny, or run on a machine with a GPU. Nothing was loaded.",
  });
}
