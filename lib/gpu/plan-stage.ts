/**
 * What a stage may use of this machine, decided once, before anything is loaded: the one door to the memory
 * plan.
 */
import { wantsGpu } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import type { Lab } from "../config/lab.ts";
import { overrideConfig } from "../config/settings.ts";
import type { Overrides } from "../config/settings.ts";
import { fetchModel } from "../model/fetch-model.ts";
import { assertFits, bytesOf, freeKeys, planText, roomOf } from "./choose.ts";
import { assertFree, nameOf } from "./free.ts";
import type { Waiting } from "./free.ts";
import { listGpus, requireGpu } from "./gpus.ts";
import { idleNote } from "./grpo.ts";
import { choiceOn, devicesFor, freeShare, needOn, planOn, shapeOf } from "./on-gpus.ts";
import type { Plan, Planner } from "./on-gpus.ts";
import type { PlannedStage, StagePlan } from "./stage.ts";
import { askedOfTransformers, batchThatFits, mostAtOnce, withBatch } from "./transformers.ts";
import { takenAsItIs } from "./unknown-size.ts";

export type { PlannedStage, StagePlan } from "./stage.ts";

/**
 * The config with every value that nobody set chosen by the GPU's memory. As it is under profile tiny, and
 * for a model whose size is not known here (but for a pair of its defaults that excludes itself);
 * transformers without a GPU serves on the CPU.
 *
 * Throws LabError: no GPU, its driver is too old, the settings need more memory than it has (what is missing
 * and what would fit).
 */
export async function planStage(lab: Lab, what: PlannedStage): Promise<StagePlan> {
  const { config } = lab;
  if (!wantsGpu(config)) return unplanned(config);
  if (what.stage !== "serving" || config.serving.engine === "vllm") return planOnGpus(lab, what);
  const most = mostAtOnce(config);
  if ((await listGpus()).length === 0) return unplanned(withBatch(config, most));
  const plan = await planOnGpus(having(lab, askedOfTransformers(config)), what);
  const batch = batchThatFits(plan.config, most);
  return {
    ...plan,
    config: withBatch(plan.config, batch),
    table:
      `${plan.table}\ntransformers reserves the cache of whole requests: it works on ${batch} ` + "at once.",
  };
}

/**
 * Downloads what the stage loads and prints its plan, which is made anew only where the size was not known
 * before; in what precision a model is served stays as it was, since it stands in keys by now. `before` is
 * called when there is something to download. Throws as `planStage` and `fetchModel`.
 */
export async function readyStage(
  lab: Lab,
  what: PlannedStage,
  plan: StagePlan,
  { signal, before }: { signal?: AbortSignal | undefined; before?: () => Promise<void> } = {},
): Promise<StagePlan> {
  const others = what.stage === "serving" ? [] : [what.judge, what.teacher];
  for (const model of [what.model, ...others])
    if (model) await fetchModel(model, { signal, ...(before && { before }) });
  const { serveIn4bit } = plan.config.gpu;
  const isServed = what.stage === "serving" && what.mayQuantise;
  const ready = plan.sizeKnown
    ? plan
    : await planStage(isServed ? having(lab, { "gpu.serveIn4bit": serveIn4bit }) : lab, what);
  if (ready.table) console.log(ready.table);
  return ready;
}

/** The lab with values that no plan may change. */
export function having(lab: Lab, overrides: Overrides): Lab {
  const chosen = [...(lab.chosen ?? []), ...Object.keys(overrides)];
  return { ...lab, config: overrideConfig(lab.config, overrides), chosen };
}

const unplanned = (config: Config): StagePlan => ({
  ...{ config, table: null, sizeKnown: true },
  assertFree: async () => undefined,
});

async function planOnGpus(lab: Lab, what: PlannedStage): Promise<StagePlan> {
  const { config } = lab;
  const gpus = await requireGpu(lab);
  const shape = shapeOf(what.model);
  if (shape === null) return takenAsItIs(lab, what);
  const free = freeKeys(config, lab.chosen);
  const planFor: Planner = (gpus, config, free, room) => planOn({ what, shape, gpus, config, free, room });
  const { choice, used, smallest } = planFor(gpus, config, free);
  const text = planText(
    choice,
    what.model.path,
    `${used.length > 1 ? `${used.length} × ` : ""}${smallest.name}`,
  );
  assertFits(
    choice,
    config,
    `${what.model.path} on ${nameOf(smallest)}`,
    (config, free) => planFor(gpus, config, free).choice,
    () => {
      const large = gpus.filter((gpu) => choiceOn(what, shape, gpu, gpus.length, config, free).fits);
      const devices = devicesFor(large, (gpus) => planFor(gpus, config, free).choice.fits);
      return devices && `Leave the smaller GPUs out: ${devices}.`;
    },
  );
  const planned = overrideConfig(config, choice.overrides);
  /** Whether what the plan takes is free at the moment. */
  const isThere = ({ choice, used }: Plan, config: Config) =>
    choice.fits &&
    used.every(
      (gpu) =>
        needOn(what, shape, gpu, used.length, overrideConfig(config, choice.overrides)) <=
        bytesOf(gpu.freeMiB),
    );
  const wait: Waiting = {
    stage: what.stage,
    // Ray gives out its own
    used: planned.gpu.ray === "" ? used.length : 0,
    need: (gpu) => needOn(what, shape, gpu, used.length, planned),
    others: (idle) => devicesFor(idle, (gpus) => isThere(planFor(gpus, config, free), config)),
    smaller: (gpus) => {
      const overrides =
        what.stage === "serving"
          ? { "gpu.serverMemoryShare": freeShare(gpus.slice(0, used.length)) }
          : planFor(gpus, config, free, (gpu) => roomOf(gpu.freeMiB)).choice.overrides;
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
    config: planned,
    sizeKnown: true,
    table: what.stage === "GRPO" ? text + idleNote(planned) : text,
    cacheBytes: choice.cacheBytes,
    assertFree: (releaseMs) => assertFree(wait, releaseMs),
  };
}
