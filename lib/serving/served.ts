/** The Teacher and the Judge as a stage has them served: planned once, for its keys and for its server. */
import { availableParallelism } from "node:os";
import { wantsGpu } from "../config/config.ts";
import type { Lab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { planStage } from "../gpu/plan-stage.ts";
import type { StagePlan } from "../gpu/plan-stage.ts";
import { modelId } from "../model/ref.ts";
import { readManifest } from "../store/manifest.ts";
import { givenServer, roleModel } from "./given.ts";

export interface ServedRole {
  /**
   * What stands for the model in the keys of what it wrote: `modelId`, and on a GPU whether it is loaded in 4
   * bit, since it writes other texts then. A server that the config gives loads what it likes: only its
   * model's name is known.
   */
  id: string;
  /** For `openServer`; null where none was needed or none could be made, which `openServer` then tells. */
  plan: StagePlan | null;
}

/** Throws LabError as roleModel. */
export async function planRole(lab: Lab, role: "teacher" | "judge"): Promise<ServedRole> {
  const model = await roleModel(lab.config, role);
  const name = modelId(model);
  if (!wantsGpu(lab.config) || givenServer(lab.config, role) !== null) return { id: name, plan: null };
  const idIn = (in4bit: boolean): string => `${name} in ${in4bit ? "4 bit" : "bf16"}`;
  try {
    const plan = await planStage(lab, {
      ...{ stage: "serving", model, mayQuantise: true },
      cores: availableParallelism(),
    });
    return { id: idIn(plan.config.gpu.serveIn4bit), plan };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    // No GPU here, or one that is too small: finished files are read all the same, whatever made them.
    const made = [true, false].find((in4bit) => idIn(in4bit) === madeBy(lab, role));
    return { id: idIn(made ?? lab.config.gpu.serveIn4bit), plan: null };
  }
}

/** The Teacher of distilled.jsonl, or the Judge of sft.jsonl, as their manifests have it. */
function madeBy({ paths }: Lab, role: "teacher" | "judge"): unknown {
  if (role === "teacher") return readManifest(paths.distilled)?.inputs.model;
  return (readManifest(paths.sft)?.inputs.judge as { model?: unknown } | null | undefined)?.model;
}
