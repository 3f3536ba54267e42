/** A stage on some GPUs: its setting, those that take part, and what it takes of each. */
import type { Config } from "../config/config.ts";
import { modelFolder } from "../model/ref.ts";
import type { ModelRef } from "../model/ref.ts";
import { readModelShape } from "../model/shape.ts";
import type { ModelShape } from "../model/shape.ts";
import { bytesOf, roomOf, unlessRefused } from "./choose.ts";
import type { Choice } from "./choose.ts";
import { indicesOf } from "./gpus.ts";
import type { Gpu } from "./gpus.ts";
import { planGrpo } from "./grpo.ts";
import { totalMemory } from "./memory.ts";
import { planMerge } from "./merge.ts";
import { planOnPolicy } from "./on-policy.ts";
import type { TrainingNeed } from "./passes.ts";
import { planServing } from "./serving.ts";
import { planSft } from "./sft.ts";
import type { PlannedStage } from "./stage.ts";

type Free = TrainingNeed["free"];
type RoomOf = (gpu: Gpu) => number;
export type Planner = (gpus: readonly Gpu[], config: Config, free: Free, room?: RoomOf) => Plan;

export interface Plan {
  choice: Choice;
  /** Those that take part: the first ones. */
  used: readonly Gpu[];
  /** Of those; what fits there fits on all. */
  smallest: Gpu;
}

/**
 * A stage on the first of these GPUs: as many as are asked for, or as can take part. `room` is what may be
 * taken of one.
 */
export function planOn({
  what,
  shape,
  gpus,
  config,
  free,
  room = (gpu) => roomOf(gpu.memoryMiB),
}: {
  what: PlannedStage;
  shape: ModelShape;
  gpus: readonly Gpu[];
  config: Config;
  free: Free;
  room?: RoomOf | undefined;
}): Plan {
  const choiceFor = (gpu: Gpu) => choiceOn(what, shape, gpu, gpus.length, config, free, room(gpu));
  const { overrides } = choiceFor(gpus[0]!); // how many take part does not depend on their size
  const count =
    what.stage === "merge" ? 1 : overrides[what.stage === "serving" ? "gpu.replicas" : "gpu.processes"];
  const used = gpus.slice(0, count as number);
  const smallest = used.reduce((a, b) => (room(b) < room(a) ? b : a));
  return { choice: choiceFor(smallest), used, smallest };
}

export function choiceOn(
  what: PlannedStage,
  shape: ModelShape,
  gpu: Gpu,
  gpus: number,
  config: Config,
  free: Free,
  room = roomOf(gpu.memoryMiB),
): Choice {
  const need = { config, shape, room, total: bytesOf(gpu.memoryMiB), gpus, free };
  if (what.stage === "serving")
    return planServing({ ...need, cores: what.cores, mayQuantise: what.mayQuantise, lora: what.lora });
  if (what.stage === "SFT") return planSft(need);
  if (what.stage === "merge") return planMerge(need);
  if (what.stage === "on-policy distillation")
    return planOnPolicy(need, (what.teacher && shapeOf(what.teacher)) ?? shape);
  const judge = what.judge && shapeOf(what.judge);
  return planGrpo(
    need,
    judge ? { shape: judge, tokens: JUDGED_AT_ONCE * config.serving.maxModelLength } : undefined,
  );
}

/** Bytes that a stage takes of one of its GPUs, which need not be alike: vLLM takes its share of each. */
export function needOn(
  what: PlannedStage,
  shape: ModelShape,
  gpu: Gpu,
  gpus: number,
  fitted: Config,
): number {
  if (what.stage === "serving") return fitted.gpu.serverMemoryShare * bytesOf(gpu.memoryMiB);
  return totalMemory(choiceOn(what, shape, gpu, gpus, fitted, () => false).memory);
}

/** Requests that a Judge beside a trainer has cache for. */
const JUDGED_AT_ONCE = 16;

/** The share that is free of each of these GPUs, in whole hundredths. */
export function freeShare(gpus: readonly Gpu[]): number {
  return Math.min(...gpus.map(({ freeMiB, memoryMiB }) => Math.floor((100 * freeMiB) / memoryMiB) / 100));
}

/**
 * What leaves these GPUs alone to see, where they will do; null where they will not, there are none, or the
 * settings want more of them.
 */
export function devicesFor(gpus: readonly Gpu[], willDo: (gpus: readonly Gpu[]) => boolean): string | null {
  return gpus.length > 0 && unlessRefused(() => willDo(gpus))
    ? `CUDA_VISIBLE_DEVICES=${indicesOf(gpus)}`
    : null;
}

/** Null where the model's size is not known here. */
export function shapeOf(model: ModelRef): ModelShape | null {
  return readModelShape(modelFolder(model) ?? model.path);
}
