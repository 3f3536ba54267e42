/** What stands for a served model in the keys of what it wrote. */
import { wantsGpu } from "../config/config.ts";
import type { Lab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { modelId } from "../model/model-ref.ts";
import type { ModelRef } from "../model/model-ref.ts";
import { givenServer, roleModel } from "./given.ts";
import { readManifest } from "../store/manifest.ts";
import { planServer } from "../gpu/transformers.ts";

/**
 * The identity of the Teacher or the Judge as a server gives it: `modelId`, and on a GPU whether it is loaded
 * in 4 bit, since it writes other texts then. A server that the config gives loads what it likes: only its
 * model's name is known. Throws LabError as roleModel.
 */
export async function servedId(lab: Lab, role: "teacher" | "judge"): Promise<string> {
  const model = await roleModel(lab.config, role);
  if (!wantsGpu(lab.config) || givenServer(lab.config, role) !== null) return modelId(model);
  return `${modelId(model)} in ${(await isIn4bit(lab, model, role)) ? "4 bit" : "bf16"}`;
}

/**
 * As openServer will load it. Where that cannot be planned (no GPU here, too little memory) it is what made
 * the files that are there, so that they can be read without a server; else the config's own value.
 */
async function isIn4bit(lab: Lab, model: ModelRef, role: "teacher" | "judge"): Promise<boolean> {
  try {
    return (await planServer(lab, model, true)).config.gpu.serveIn4bit;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    const made = madeBy(lab, role);
    return (
      made === `${modelId(model)} in 4 bit` ||
      (made !== `${modelId(model)} in bf16` && lab.config.gpu.serveIn4bit)
    );
  }
}

/** The Teacher of distilled.jsonl, or the Judge of sft.jsonl, as their manifests have it. */
function madeBy({ paths }: Lab, role: "teacher" | "judge"): unknown {
  if (role === "teacher") return readManifest(paths.distilled)?.inputs.model;
  return (readManifest(paths.sft)?.inputs.judge as { model?: unknown } | null | undefined)?.model;
}
