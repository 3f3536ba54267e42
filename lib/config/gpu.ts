/** Whether there is a GPU, how much of it is free, and whether its driver will do: asked before anything is loaded. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LabError } from "../errors.ts";

export interface Gpu {
  name: string;
  memoryMiB: number;
  /** Not held by any process at the moment. */
  freeMiB: number;
  /** Such as "580.95.05". */
  driver: string;
}

/** torch 2.11 is built for CUDA 13.0, whose first driver this is. Source: NVIDIA's CUDA 13.0 release notes, table 3. */
export const OLDEST_DRIVER = "580.65.06";

/** CUDA_DEVICE_ORDER of all that is started: nvidia-smi's, by which the memory is planned; CUDA's own puts the fastest first. */
export const GPU_ORDER = "PCI_BUS_ID";

const QUERY = ["--query-gpu=name,memory.total,memory.free,driver_version", "--format=csv,noheader,nounits"];
const run = promisify(execFile);

/** The NVIDIA GPUs that a process started here would see; none when there is no `nvidia-smi` or no driver answers. */
export async function listGpus(environment: NodeJS.ProcessEnv = process.env): Promise<Gpu[]> {
  try {
    const { stdout } = await run("nvidia-smi", QUERY, { timeout: 20_000 });
    return visibleGpus(parseGpus(stdout), environment.CUDA_VISIBLE_DEVICES);
  } catch {
    return [];
  }
}

/** `name, total MiB, free MiB, driver` lines. */
export function parseGpus(text: string): Gpu[] {
  return text
    .split("\n")
    .map((line) => /^(.+),\s*(\d+),\s*(\d+),\s*([\d.]+)\s*$/.exec(line.trim()))
    .flatMap((match) => (match ? [{ name: match[1]!, memoryMiB: Number(match[2]), freeMiB: Number(match[3]), driver: match[4]! }] : []));
}

/** Those that CUDA_VISIBLE_DEVICES leaves, in its order. Names other than numbers (UUIDs) say how many, not which: the first ones stand for them. */
export function visibleGpus(gpus: readonly Gpu[], devices: string | undefined): Gpu[] {
  if (devices === undefined) return [...gpus];
  const named = devices.split(",").map((device) => device.trim()).filter((device) => device !== "" && device !== "-1");
  return named.flatMap((device, i) => gpus[/^\d+$/.test(device) ? Number(device) : i] ?? []);
}

/** What leaves a training the first `count` of the GPUs it would see: transformers' Trainer takes all for one process (nn.DataParallel), which TRL refuses. */
export function firstGpus(count: number, { CUDA_VISIBLE_DEVICES }: NodeJS.ProcessEnv): { CUDA_VISIBLE_DEVICES: string } {
  const visible = CUDA_VISIBLE_DEVICES?.split(",") ?? Array.from({ length: count }, (_, i) => String(i));
  return { CUDA_VISIBLE_DEVICES: visible.slice(0, count).map((device) => device.trim()).join(",") };
}

/** What leaves one of several training processes (accelerate's WORLD_SIZE and LOCAL_RANK) its own GPU alone; nothing for a single one. */
export function ownGpu({ WORLD_SIZE = "1", LOCAL_RANK = "0", CUDA_VISIBLE_DEVICES }: NodeJS.ProcessEnv): { CUDA_VISIBLE_DEVICES?: string } {
  if (Number(WORLD_SIZE) <= 1) return {};
  return { CUDA_VISIBLE_DEVICES: CUDA_VISIBLE_DEVICES?.split(",")[Number(LOCAL_RANK)]?.trim() ?? LOCAL_RANK };
}

/**
 * The GPUs of the `gpu` profile; an empty list under `tiny`, which needs none.
 *
 * Call it before downloading or loading anything. Throws LabError when the profile needs a GPU and none is found, or its driver is too old.
 */
export async function requireGpu(lab: { config: { profile: string } }): Promise<Gpu[]> {
  if (lab.config.profile !== "gpu") return [];
  const gpus = await listGpus();
  if (gpus.length === 0)
    throw new LabError({
      what: "The gpu profile needs an NVIDIA GPU",
      where: "nvidia-smi",
      expected: "at least one GPU",
      found: process.env.CUDA_VISIBLE_DEVICES === undefined ? "none (no nvidia-smi, or no driver answers)" : `none that CUDA_VISIBLE_DEVICES=${process.env.CUDA_VISIBLE_DEVICES} leaves`,
      todo: "Use --profile tiny, or run on a machine with a GPU. Nothing was loaded.",
    });
  const [{ driver }] = gpus as [Gpu];
  if (isOlder(driver, OLDEST_DRIVER))
    throw new LabError({ what: "The GPU's driver is too old", where: "nvidia-smi", expected: `${OLDEST_DRIVER} or newer, for CUDA 13`, found: driver, todo: "Install a newer NVIDIA driver (and restart). Nothing was loaded." });
  return gpus;
}

/** Versions of dotted numbers. @example isOlder("550.9", "580.65.06") //=> true */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(a.length, b.length); i++) if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) < (b[i] ?? 0);
  return false;
}
