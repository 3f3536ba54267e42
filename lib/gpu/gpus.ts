/**
 * Whether there is a GPU, how much of it is free, and whether its driver will do: asked before anything is
 * loaded.
 */
import { wantsGpu } from "../config/config.ts";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LabError } from "../errors.ts";

export interface Gpu {
  /** nvidia-smi's, which is what CUDA_VISIBLE_DEVICES means under GPU_ORDER. */
  index: number;
  /** Such as "GPU-8f2c…". */
  uuid: string;
  name: string;
  memoryMiB: number;
  /** Not held by any process at the moment. */
  freeMiB: number;
  /** Such as "580.95.05". */
  driver: string;
}

/**
 * torch 2.11 is built for CUDA 13.0, whose first driver this is. Source: NVIDIA's CUDA 13.0 release notes,
 * table 3.
 */
export const OLDEST_DRIVER = "580.65.06";

/**
 * CUDA_DEVICE_ORDER of all that is started: nvidia-smi's, by which the memory is planned; CUDA's own puts the
 * fastest first.
 */
export const GPU_ORDER = "PCI_BUS_ID";

const QUERY = [
  "--query-gpu=name,memory.total,memory.free,driver_version,index,uuid",
  "--format=csv,noheader,nounits",
];
/** How long nvidia-smi may take: it has to wake a driver that nothing else holds. */
const ANSWER_MS = 20_000;
const run = promisify(execFile);

/**
 * The NVIDIA GPUs that a process started here would see; none when there is no `nvidia-smi` or no driver
 * answers.
 */
export async function listGpus(environment: NodeJS.ProcessEnv = process.env): Promise<Gpu[]> {
  const answer = await askDriver(ANSWER_MS);
  return "text" in answer ? visibleGpus(parseGpus(answer.text), environment.CUDA_VISIBLE_DEVICES) : [];
}

/** What nvidia-smi prints about the GPUs, or why it prints nothing, in its own words where it has some. */
async function askDriver(timeoutMs: number): Promise<{ text: string } | { problem: string }> {
  try {
    return { text: (await run("nvidia-smi", QUERY, { timeout: timeoutMs, killSignal: "SIGKILL" })).stdout };
  } catch (cause) {
    const {
      code,
      killed,
      stdout = "",
      stderr = "",
      message,
    } = cause as Error & { code?: unknown; killed?: boolean; stdout?: string; stderr?: string };
    if (code === "ENOENT") return { problem: "there is no nvidia-smi" };
    if (killed) return { problem: `nvidia-smi gave no answer in ${timeoutMs / 1000} s` };
    return { problem: `nvidia-smi says: ${oneLine(`${stdout}\n${stderr}`) || message}` };
  }
}

const oneLine = (text: string): string =>
  text
    .trim()
    .replace(/\s*\n\s*/g, " | ")
    .slice(0, 300);

/** `name, total MiB, free MiB, driver, index, UUID` lines; without the last two, their order is the index. */
export function parseGpus(text: string): Gpu[] {
  return text
    .split("\n")
    .map((line) => /^(.+),\s*(\d+),\s*(\d+),\s*([\d.]+)(?:,\s*(\d+),\s*(\S+))?$/.exec(line.trim()))
    .flatMap((match, i) =>
      match
        ? [
            {
              index: Number(match[5] ?? i),
              uuid: match[6] ?? "",
              name: match[1]!,
              memoryMiB: Number(match[2]),
              freeMiB: Number(match[3]),
              driver: match[4]!,
            },
          ]
        : [],
    );
}

/** Lines about a GPU that do not say its memory: `[N/A]`, `[Unknown Error]`. */
function unreadableGpus(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.split(",").length >= 4 && parseGpus(line).length === 0);
}

/**
 * Those that CUDA_VISIBLE_DEVICES leaves, in its order and as CUDA reads it: indices, or UUIDs by as much of
 * them as tells them apart; the first entry that is no GPU ends the list, and one named twice leaves none.
 */
export function visibleGpus(gpus: readonly Gpu[], devices: string | undefined): Gpu[] {
  if (devices === undefined) return [...gpus];
  const named = namedDevices(devices).map((device) => gpuNamed(gpus, device));
  const visible = untilFirst(named, (gpu) => gpu === undefined) as Gpu[];
  return new Set(visible).size === visible.length ? visible : [];
}

function gpuNamed(gpus: readonly Gpu[], device: string): Gpu | undefined {
  if (/^\d+$/.test(device)) return gpus.find(({ index }) => index === Number(device));
  const matching = gpus.filter(({ uuid }) => uuid.startsWith(device));
  return matching.length === 1 ? matching[0] : undefined;
}

/** The entries before the first that can be no device, such as -1. */
function namedDevices(devices: string): string[] {
  return untilFirst(
    devices.split(",").map((device) => device.trim()),
    (device) => !/^(\d+|(GPU|MIG)-.+)$/.test(device),
  );
}

function untilFirst<T>(list: readonly T[], ends: (entry: T) => boolean): T[] {
  const end = list.findIndex(ends);
  return end < 0 ? [...list] : list.slice(0, end);
}

/**
 * What leaves a training the first `count` of the GPUs it would see: transformers' Trainer takes all for one
 * process (nn.DataParallel), which TRL refuses.
 */
export function firstGpus(
  count: number,
  { CUDA_VISIBLE_DEVICES }: NodeJS.ProcessEnv,
): { CUDA_VISIBLE_DEVICES: string } {
  const visible =
    CUDA_VISIBLE_DEVICES === undefined
      ? Array.from({ length: count }, (_, i) => String(i))
      : namedDevices(CUDA_VISIBLE_DEVICES);
  return { CUDA_VISIBLE_DEVICES: visible.slice(0, count).join(",") };
}

/**
 * What leaves one of several training processes (accelerate's WORLD_SIZE and LOCAL_RANK) its own GPU alone;
 * nothing for a single one.
 */
export function ownGpu({ WORLD_SIZE = "1", LOCAL_RANK = "0", CUDA_VISIBLE_DEVICES }: NodeJS.ProcessEnv): {
  CUDA_VISIBLE_DEVICES?: string;
} {
  if (Number(WORLD_SIZE) <= 1) return {};
  return { CUDA_VISIBLE_DEVICES: CUDA_VISIBLE_DEVICES?.split(",")[Number(LOCAL_RANK)]?.trim() ?? LOCAL_RANK };
}

/**
 * The GPUs that a profile of real models runs on; an empty list under `tiny`, which needs none.
 *
 * Call it before downloading or loading anything. Throws LabError when the profile needs a GPU and none is
 * found (with nvidia-smi's own words), its memory cannot be read, it is a part of one (MIG), or its driver is
 * too old.
 */
export async function requireGpu(
  lab: { config: { profile: string } },
  timeoutMs = ANSWER_MS,
): Promise<Gpu[]> {
  if (!wantsGpu(lab.config)) return [];
  const answer = await askDriver(timeoutMs);
  if ("problem" in answer) throw noGpu(lab.config.profile, `none: ${answer.problem}`);
  const devices = process.env.CUDA_VISIBLE_DEVICES;
  if (devices !== undefined && namedDevices(devices).some((device) => device.startsWith("MIG-")))
    throw new LabError({
      what: "The size of a part of a GPU (MIG) is not known here",
      where: "CUDA_VISIBLE_DEVICES",
      expected: "whole GPUs, as `nvidia-smi -L` names them",
      found: devices,
      todo: "Name a whole GPU whose MIG mode is off. Nothing was loaded.",
    });
  const there = parseGpus(answer.text);
  const gpus = visibleGpus(there, devices);
  const unreadable = unreadableGpus(answer.text);
  if (unreadable.length > 0 && (devices === undefined || gpus.length === 0))
    throw new LabError({
      what: "A GPU does not tell its memory",
      where: "nvidia-smi",
      expected: "name, total MiB, free MiB, driver, index, UUID",
      found: unreadable.join(" | "),
      todo:
        there.length > 0
          ? `Use the others: CUDA_VISIBLE_DEVICES=${indicesOf(there)}. Nothing was loaded.`
          : "Use --profile tiny, or run on a machine with another GPU. Nothing was loaded.",
    });
  if (there.length === 0)
    throw noGpu(lab.config.profile, `none: nvidia-smi says: ${oneLine(answer.text) || "nothing"}`);
  if (gpus.length === 0)
    throw noGpu(lab.config.profile, `none that CUDA_VISIBLE_DEVICES=${devices} leaves of ${there.length}`);
  const [{ driver }] = gpus as [Gpu];
  if (isOlder(driver, OLDEST_DRIVER))
    throw new LabError({
      what: "The GPU's driver is too old",
      where: "nvidia-smi",
      expected: `${OLDEST_DRIVER} or newer, for CUDA 13`,
      found: driver,
      todo: "Install a newer NVIDIA driver (and restart). Nothing was loaded.",
    });
  return gpus;
}

function noGpu(profile: string, found: string): LabError {
  return new LabError({
    what: `The profile ${profile} needs an NVIDIA GPU`,
    where: "nvidia-smi",
    expected: "at least one GPU",
    found,
    todo: "Use --profile tiny, or run on a machine with a GPU. Nothing was loaded.",
  });
}

/** As CUDA_VISIBLE_DEVICES takes them. */
export function indicesOf(gpus: readonly Gpu[]): string {
  return gpus.map(({ index }) => index).join(",");
}

/** Versions of dotted numbers. @example isOlder("550.9", "580.65.06") //=> true */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) < (b[i] ?? 0);
  return false;
}
