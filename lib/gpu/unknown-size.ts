/** A stage of a model whose size is not known here: its settings are taken as they are. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../config/lab.ts";
import { overrideConfig } from "../config/settings.ts";
import type { Overrides } from "../config/settings.ts";
import { modelFolder } from "../model/ref.ts";
import type { ModelRef } from "../model/ref.ts";
import { freeKeys, settings } from "./choose.ts";
import { assertFree } from "./free.ts";
import type { Waiting } from "./free.ts";
import { bothRefused } from "./grpo.ts";
import { devicesFor } from "./on-gpus.ts";
import type { PlannedStage, StagePlan } from "./stage.ts";

/** Nothing is planned for a model of unknown size; what is certain to fail is told all the same. */
export function takenAsItIs(lab: Lab, what: PlannedStage): StagePlan {
  const overrides = what.stage === "GRPO" ? notBoth(lab) : {};
  const config = overrideConfig(lab.config, overrides);
  const in4bit =
    what.stage === "serving" ? what.mayQuantise && config.gpu.serveIn4bit : config.models.loadIn4bit;
  const need = weightFileBytes(what.model) * (in4bit ? 1 / 4 : 1);
  const { processes, replicas, ray } = config.gpu;
  const asked = what.stage === "merge" ? 1 : what.stage === "serving" ? replicas : processes;
  const used = ray === "" ? Math.max(1, asked) : 0; // Ray gives out its own
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
    sizeKnown: false,
    table:
      `The size of ${what.model.path} is not known here: its settings are taken as they ` +
      `are${but && `, with ${but}`}.`,
    assertFree: (releaseMs) => assertFree(wait, releaseMs),
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
