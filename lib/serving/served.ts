/** What stands for a served model in the keys of what it wrote. */
import type { Lab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { modelId } from "../model/model-ref.ts";
import type { ModelRef } from "../model/model-ref.ts";
import { givenServer, roleModel } from "./given.ts";
import { planServer } from "./server-plan.ts";

/**
 * The identity of the Teacher or the Judge as a server gives it: `modelId`, and under profile gpu whether it is loaded in 4 bit, since it
 * writes other texts then. A server that the config gives loads what it likes: only its model's name is known. Throws LabError as roleModel.
 */
export async function servedId(lab: Lab, role: "teacher" | "judge"): Promise<string> {
  const model = await roleModel(lab.config, role);
  if (lab.config.profile !== "gpu" || givenServer(lab.config, role) !== null) return modelId(model);
  return `${modelId(model)} in ${(await isIn4bit(lab, model)) ? "4 bit" : "bf16"}`;
}

/**
 * As openServer will load it. Where that cannot be planned (no GPU here, too little memory, a hub model of unknown size before its
 * download) the config's own value stands for it: what is on disk can be read without a server.
 */
async function isIn4bit(lab: Lab, model: ModelRef): Promise<boolean> {
  try {
    return (await planServer(lab, model, true)).config.gpu.serveIn4bit;
  } catch (error) {
    if (error instanceof LabError) return lab.config.gpu.serveIn4bit;
    throw error;
  }
}
