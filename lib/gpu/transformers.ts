/** What a server that is started here may use of the machine. */
import { wantsGpu } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import { listGpus } from "./gpus.ts";
import type { Lab } from "../config/lab.ts";
import { overrideConfig } from "../config/settings.ts";
import { fitLab } from "./plan-stage.ts";
import type { Fitted } from "./plan-stage.ts";
import type { LoraSlots } from "./memory.ts";
import type { ModelRef } from "../model/model-ref.ts";
import { batchFor, inFlightFor } from "../serving/engine.ts";

/**
 * transformers' batch on a GPU: its cache is reserved for the whole batch at full length, used or
 * not.
 */
const MOST_AT_ONCE = 16;
/**
 * The plan counts half of the longest request, as vLLM's cache grows with it; transformers takes the whole
 * one at once.
 */
const PLANNED_FOR_ONE = 2;

/**
 * The config of a server fitted to the GPU's memory, with the plan for people. Under profile tiny the config
 * as it is; transformers without a GPU runs on the CPU, without a plan. `cores`: of the machine's processor.
 *
 * Throws LabError as fitLab.
 */
export async function planServer(
  lab: Lab,
  model: ModelRef,
  mayQuantise: boolean,
  lora: LoraSlots | null = null,
  cores = 1,
): Promise<Fitted> {
  const { config } = lab;
  const what = { stage: "serving", model, mayQuantise, lora, cores } as const;
  if (!wantsGpu(config) || config.serving.engine === "vllm") return fitLab(lab, what);
  const atOnce = Math.min(MOST_AT_ONCE, batchFor(config.serving.concurrency));
  if ((await listGpus()).length === 0)
    return { config: withBatch(config, atOnce), plan: null, assertFree: async () => undefined };
  const asked = {
    "serving.concurrency": inFlightFor(atOnce),
    "gpu.serverSequences": atOnce * PLANNED_FOR_ONE,
    "gpu.replicas": 1,
    "gpu.serverProcesses": 1,
    "gpu.cudaGraphs": false,
  };
  const fitted = await fitLab(
    { ...lab, config: overrideConfig(config, asked), chosen: [...(lab.chosen ?? []), ...Object.keys(asked)] },
    what,
  );
  const possible = Math.max(
    1,
    Math.min(atOnce, Math.floor(fitted.config.gpu.serverSequences / PLANNED_FOR_ONE)),
  );
  return {
    ...fitted,
    config: withBatch(fitted.config, possible),
    plan:
      `${fitted.plan}\ntransformers reserves the cache of whole requests: it works on ${possible} ` +
      "at once.",
  };
}

function withBatch(config: Config, atOnce: number): Config {
  return overrideConfig(config, { "serving.concurrency": inFlightFor(atOnce) });
}
