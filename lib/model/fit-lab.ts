/** A lab's config fitted to the GPUs of this machine, before anything is loaded. */
import type { Config } from "../config/config.ts";
import { listGpus, requireGpu } from "../config/gpu.ts";
import type { Gpu } from "../config/gpu.ts";
import type { Lab } from "../config/lab.ts";
import { overrideConfig } from "../config/settings.ts";
import { LabError } from "../errors.ts";
import { table } from "../view/table.ts";
import { modelFolder } from "./model-ref.ts";
import type { ModelRef } from "./model-ref.ts";
import { assertFits, fitRow, freeKeys, gigabytes, roomOf, settings } from "./fit.ts";
import type { Fit } from "./fit.ts";
import { fitMerge } from "./fit-merge.ts";
import { fitServing } from "./fit-serving.ts";
import { fitGrpo, fitSft } from "./fit-training.ts";
import { totalMemory } from "./memory-plan.ts";
import { readModelShape } from "./model-shape.ts";
import type { ModelShape } from "./model-shape.ts";

export type FittedStage = { stage: "SFT" | "GRPO" | "merge"; model: ModelRef; judge?: ModelRef | undefined } | { stage: "serving"; model: ModelRef; mayQuantise: boolean };

export interface Fitted {
  config: Config;
  /** The table and the choice, for people; null where nothing was planned. */
  plan: string | null;
  /** Throws LabError when the GPUs' memory is held by others, after waiting a moment for what is about to end. */
  assertFree: (releaseMs?: number) => Promise<void>;
}

/** How long memory may take to come back from a process that has just ended. */
const RELEASE_MS = 8_000;

/**
 * The config with every value that nobody set chosen by the GPU's memory; under profile tiny, and for a model whose size is not known
 * here, the config as it is.
 *
 * Throws LabError: no GPU, its driver is too old, the settings need more memory than it has (what is missing and what would fit).
 */
export async function fitLab(lab: Lab, what: FittedStage): Promise<Fitted> {
  const { config } = lab;
  if (config.profile !== "gpu") return { config, plan: null, assertFree: async () => undefined };
  const gpus = await requireGpu(lab);
  const smallest = gpus.reduce((a, b) => (b.memoryMiB < a.memoryMiB ? b : a));
  const room = roomOf(smallest.memoryMiB);
  const shape = shapeOf(what.model);
  if (shape === null) return { config, plan: `The size of ${what.model.path} is not known here: its settings are taken as they are.`, assertFree: async () => undefined };
  const fitInto = (room: number, config: Config, free: (key: string) => boolean): Fit => fitStage(what, { config, shape, room, gpus: gpus.length, free });
  const fitFor = (config: Config, free: (key: string) => boolean): Fit => fitInto(room, config, free);
  const fit = fitFor(config, freeKeys(config, lab.chosen));
  const row = fitRow(fit, `${gpus.length > 1 ? `${gpus.length} × ` : ""}${smallest.name}`);
  const plan = table([row], undefined, { caption: `Memory planned for ${what.model.path}` }).text;
  assertFits(fit, config, what.model.path, fitFor);
  const fitted = overrideConfig(config, fit.overrides);
  const used = what.stage === "serving" ? fitted.gpu.replicas : what.stage === "merge" ? 1 : fitted.gpu.ray === "" ? fitted.gpu.processes : 0; // Ray gives out its own
  const need = what.stage === "serving" ? fitted.gpu.serverMemoryShare * smallest.memoryMiB * 2 ** 20 : totalMemory(fit.memory);
  const smaller = (freeMiB: number): string | null => {
    if (what.stage === "serving") {
      const share = Math.floor((100 * freeMiB) / smallest.memoryMiB) / 100;
      return fitInto(room, overrideConfig(config, { "gpu.serverMemoryShare": Math.max(0.02, share) }), freeKeys(config, lab.chosen)).fits ? settings({ "gpu.serverMemoryShare": share }) : null;
    }
    const other = fitInto(roomOf(freeMiB), config, freeKeys(config, lab.chosen));
    return other.fits ? settings(other.overrides) : null;
  };
  return { config: fitted, plan, assertFree: (releaseMs = RELEASE_MS) => assertFree({ used, need, stage: what.stage, releaseMs, smaller }) };
}

function fitStage(what: FittedStage, need: { config: Config; shape: ModelShape; room: number; gpus: number; free: (key: string) => boolean }): Fit {
  if (what.stage === "serving") return fitServing({ ...need, mayQuantise: what.mayQuantise });
  if (what.stage === "SFT") return fitSft(need);
  if (what.stage === "merge") return fitMerge(need);
  const shape = what.judge && shapeOf(what.judge);
  return fitGrpo(need, shape ? { shape, tokens: JUDGED_AT_ONCE * need.config.serving.maxModelLength } : undefined);
}

/** Requests that a Judge beside a trainer has cache for. */
const JUDGED_AT_ONCE = 16;

function shapeOf(model: ModelRef): ModelShape | null {
  return readModelShape(modelFolder(model) ?? model.path);
}

interface Wanted {
  /** GPUs. */
  used: number;
  /** Bytes of each. */
  need: number;
  stage: string;
  releaseMs: number;
  /** Settings that do with so much; null when none do. */
  smaller: (freeMiB: number) => string | null;
}

async function assertFree({ used, need, stage, releaseMs, smaller }: Wanted): Promise<void> {
  const deadline = Date.now() + releaseMs;
  for (;;) {
    const full = (await listGpus()).slice(0, used).filter((gpu: Gpu) => gpu.freeMiB * 2 ** 20 < need);
    if (full.length === 0) return;
    if (Date.now() >= deadline) {
      const { name, freeMiB, memoryMiB } = full.reduce((a, b) => (b.freeMiB < a.freeMiB ? b : a));
      const instead = smaller(freeMiB);
      throw new LabError({
        what: "The GPU's memory is held by other processes",
        where: name,
        expected: `${gigabytes(need)} GiB free for ${stage}`,
        found: `${gigabytes(freeMiB * 2 ** 20)} of ${gigabytes(memoryMiB * 2 ** 20)} GiB. Nothing was loaded.`,
        todo: `\`nvidia-smi\` lists the processes that hold it: end them, or wait for them${instead ? `; or use what is free: ${instead}` : ""}.`,
      });
    }
    await new Promise((wake) => setTimeout(wake, 500));
  }
}
