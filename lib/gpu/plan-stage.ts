/** A lab's config fitted to the GPUs of this machine, before anything is loaded. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { wantsGpu } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import { indicesOf, listGpus, requireGpu } from "./gpus.ts";
import type { Gpu } from "./gpus.ts";
import type { Lab } from "../config/lab.ts";
import { overrideConfig } from "../config/settings.ts";
import type { Overrides } from "../config/settings.ts";
import { LabError } from "../errors.ts";
import { table } from "../view/table.ts";
import { modelFolder } from "../model/model-ref.ts";
import type { ModelRef } from "../model/model-ref.ts";
import {
  assertFits,
  bytesOf,
  fitRow,
  freeKeys,
  gigabytes,
  roomOf,
  settings,
  unlessRefused,
} from "./choose.ts";
import type { Fit } from "./choose.ts";
import { fitMerge } from "./merge.ts";
import { fitServing } from "./serving.ts";
import { bothRefused, fitGrpo, fitSft } from "./training.ts";
import type { TrainingNeed } from "./training.ts";
import { totalMemory } from "./memory.ts";
import type { LoraSlots } from "./memory.ts";
import { readModelShape } from "../model/model-shape.ts";
import type { ModelShape } from "../model/model-shape.ts";

export type FittedStage =
  | { stage: "SFT" | "GRPO" | "merge"; model: ModelRef; judge?: ModelRef | undefined }
  | { stage: "serving"; model: ModelRef; mayQuantise: boolean; lora?: LoraSlots | null; cores?: number };

export interface Fitted {
  config: Config;
  /** The table and the choice, for people; null where nothing was planned. */
  plan: string | null;
  /** As `Option.cacheBytes`. */
  cacheBytes?: number | undefined;
  /**
   * Throws LabError when the GPUs' memory is held by others, after waiting a moment for what is about to end.
   */
  assertFree: (releaseMs?: number) => Promise<void>;
}

/** How long memory may take to come back from a process that has just ended. */
const RELEASE_MS = 8_000;

/**
 * The config with every value that nobody set chosen by the GPU's memory; under profile tiny, and for a model
 * whose size is not known here, the config as it is (but for a pair of its defaults that excludes itself).
 *
 * Throws LabError: no GPU, its driver is too old, the settings need more memory than it has (what is missing
 * and what would fit).
 */
export async function fitLab(lab: Lab, what: FittedStage): Promise<Fitted> {
  const { config } = lab;
  if (!wantsGpu(config)) return { config, plan: null, assertFree: async () => undefined };
  const gpus = await requireGpu(lab);
  const shape = shapeOf(what.model);
  if (shape === null) return takenAsItIs(lab, what);
  const free = freeKeys(config, lab.chosen);
  const planFor: Planner = (gpus, config, free, room) => planOn({ what, shape, gpus, config, free, room });
  const { fit, used, smallest } = planFor(gpus, config, free);
  const row = fitRow(fit, `${used.length > 1 ? `${used.length} × ` : ""}${smallest.name}`);
  const plan = table([row], undefined, { caption: `Memory planned for ${what.model.path}` }).text;
  assertFits(
    fit,
    config,
    `${what.model.path} on ${nameOf(smallest)}`,
    (config, free) => planFor(gpus, config, free).fit,
    () => {
      const large = gpus.filter((gpu) => fitOn(what, shape, gpu, gpus.length, config, free).fits);
      const devices = devicesFor(large, (gpus) => planFor(gpus, config, free).fit.fits);
      return devices && `Leave the smaller GPUs out: ${devices}.`;
    },
  );
  const fitted = overrideConfig(config, fit.overrides);
  /** Whether what the plan takes is free at the moment. */
  const isThere = ({ fit, used }: Plan, config: Config) =>
    fit.fits &&
    used.every(
      (gpu) =>
        needOn(what, shape, gpu, used.length, overrideConfig(config, fit.overrides)) <= bytesOf(gpu.freeMiB),
    );
  const wait: Waiting = {
    stage: what.stage,
    // Ray gives out its own
    used: (what.stage === "SFT" || what.stage === "GRPO") && fitted.gpu.ray !== "" ? 0 : used.length,
    need: (gpu) => needOn(what, shape, gpu, used.length, fitted),
    others: (idle) => devicesFor(idle, (gpus) => isThere(planFor(gpus, config, free), config)),
    smaller: (gpus) => {
      const overrides =
        what.stage === "serving"
          ? { "gpu.serverMemoryShare": freeShare(gpus.slice(0, used.length)) }
          : planFor(gpus, config, free, (gpu) => roomOf(gpu.freeMiB)).fit.overrides;
      // As the advised settings will be planned: on whole GPUs again.
      const changed = overrideConfig(config, overrides);
      return isThere(
        planFor(gpus, changed, (key) => free(key) && !(key in overrides)),
        changed,
      )
        ? overrides
        : null;
    },
  };
  return {
    config: fitted,
    plan,
    cacheBytes: fit.cacheBytes,
    assertFree: (releaseMs = RELEASE_MS) => assertFree(wait, releaseMs),
  };
}

type Free = TrainingNeed["free"];
type RoomOf = (gpu: Gpu) => number;
type Planner = (gpus: readonly Gpu[], config: Config, free: Free, room?: RoomOf) => Plan;

interface Plan {
  fit: Fit;
  /** Those that take part: the first ones. */
  used: readonly Gpu[];
  /** Of those; what fits there fits on all. */
  smallest: Gpu;
}

/**
 * A stage on the first of these GPUs: as many as are asked for, or as can take part. `room` is what may be
 * taken of one.
 */
function planOn({
  what,
  shape,
  gpus,
  config,
  free,
  room = (gpu) => roomOf(gpu.memoryMiB),
}: {
  what: FittedStage;
  shape: ModelShape;
  gpus: readonly Gpu[];
  config: Config;
  free: Free;
  room?: RoomOf | undefined;
}): Plan {
  const fitFor = (gpu: Gpu) => fitOn(what, shape, gpu, gpus.length, config, free, room(gpu));
  const { overrides } = fitFor(gpus[0]!); // how many take part does not depend on their size
  const count =
    what.stage === "merge" ? 1 : overrides[what.stage === "serving" ? "gpu.replicas" : "gpu.processes"];
  const used = gpus.slice(0, count as number);
  const smallest = used.reduce((a, b) => (room(b) < room(a) ? b : a));
  return { fit: fitFor(smallest), used, smallest };
}

function fitOn(
  what: FittedStage,
  shape: ModelShape,
  gpu: Gpu,
  gpus: number,
  config: Config,
  free: Free,
  room = roomOf(gpu.memoryMiB),
): Fit {
  const need = { config, shape, room, total: bytesOf(gpu.memoryMiB), gpus, free };
  if (what.stage === "serving")
    return fitServing({ ...need, cores: what.cores, mayQuantise: what.mayQuantise, lora: what.lora });
  if (what.stage === "SFT") return fitSft(need);
  if (what.stage === "merge") return fitMerge(need);
  const judge = what.judge && shapeOf(what.judge);
  return fitGrpo(
    need,
    judge ? { shape: judge, tokens: JUDGED_AT_ONCE * config.serving.maxModelLength } : undefined,
  );
}

/** Bytes that a stage takes of one of its GPUs, which need not be alike: vLLM takes its share of each. */
function needOn(what: FittedStage, shape: ModelShape, gpu: Gpu, gpus: number, fitted: Config): number {
  if (what.stage === "serving") return fitted.gpu.serverMemoryShare * bytesOf(gpu.memoryMiB);
  return totalMemory(fitOn(what, shape, gpu, gpus, fitted, () => false).memory);
}

/** Requests that a Judge beside a trainer has cache for. */
const JUDGED_AT_ONCE = 16;

/** The share that is free of each of these GPUs, in whole hundredths. */
function freeShare(gpus: readonly Gpu[]): number {
  return Math.min(...gpus.map(({ freeMiB, memoryMiB }) => Math.floor((100 * freeMiB) / memoryMiB) / 100));
}

/**
 * What leaves these GPUs alone to see, where they will do; null where they will not, there are none, or the
 * settings want more of them.
 */
function devicesFor(gpus: readonly Gpu[], willDo: (gpus: readonly Gpu[]) => boolean): string | null {
  return gpus.length > 0 && unlessRefused(() => willDo(gpus))
    ? `CUDA_VISIBLE_DEVICES=${indicesOf(gpus)}`
    : null;
}

function shapeOf(model: ModelRef): ModelShape | null {
  return readModelShape(modelFolder(model) ?? model.path);
}

const nameOf = ({ index, name }: Gpu): string => `GPU ${index} (${name})`;

/** Nothing is planned for a model of unknown size; what is certain to fail is told all the same. */
function takenAsItIs(lab: Lab, what: FittedStage): Fitted {
  const overrides = what.stage === "GRPO" ? notBoth(lab) : {};
  const config = overrideConfig(lab.config, overrides);
  const in4bit =
    what.stage === "serving" ? what.mayQuantise && config.gpu.serveIn4bit : config.models.loadIn4bit;
  const need = weightFileBytes(what.model) * (in4bit ? 1 / 4 : 1);
  const asked =
    what.stage === "merge"
      ? 1
      : what.stage === "serving"
        ? config.gpu.replicas
        : config.gpu.ray === ""
          ? config.gpu.processes
          : null;
  const used = asked === null ? 0 : Math.max(1, asked);
  const wait: Waiting = {
    stage: what.stage,
    used,
    need: () => need,
    others: (idle) => devicesFor(idle, () => idle.length >= used),
    smaller: () => null,
  };
  const but = settings(overrides);
  return {
    config,
    plan:
      `The size of ${what.model.path} is not known here: its settings are taken as they ` +
      `are${but && `, with ${but}`}.`,
    assertFree: (releaseMs = RELEASE_MS) => assertFree(wait, releaseMs),
  };
}

/**
 * The profile's defaults ask for vLLM and 4 bit both, of which the plan chooses one, as here: that which
 * nobody set gives way.
 */
function notBoth({ config, chosen }: Lab): Overrides {
  if (!config.gpu.vllm || !config.models.loadIn4bit) return {};
  const free = freeKeys(config, chosen);
  if (free("gpu.vllm")) return { "gpu.vllm": false };
  if (free("models.loadIn4bit")) return { "models.loadIn4bit": false };
  throw bothRefused();
}

/** Of the safetensors files, which are loaded; 0 before they are downloaded. */
function weightFileBytes(model: ModelRef): number {
  const folder = modelFolder(model);
  if (folder === null) return 0;
  return readdirSync(folder)
    .filter((name) => name.endsWith(".safetensors"))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

interface Waiting {
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

async function assertFree({ stage, used, need, others, smaller }: Waiting, releaseMs: number): Promise<void> {
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
          `\`nvidia-smi\` lists the processes that hold it: end them, or wait for ` +
          `them${devices ? `; or use the others: ${devices}` : ""}${instead && `; or use what is free: ${instead}`}.`,
      });
    }
    await new Promise((wake) => setTimeout(wake, 500));
  }
}
