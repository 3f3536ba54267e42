/** Which model an evaluation asks: an arm of the ablation or any other. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { LabError } from "../errors.ts";
import type { Lab } from "../config/lab.ts";
import { mergeAdapter } from "../run/merge.ts";
import { modelId, resolveModel } from "../model/model-ref.ts";
import { localModelPath } from "../config/paths.ts";
import type { ArmName } from "../records.ts";
import type { ModelRef } from "../model/model-ref.ts";
import { roleModel } from "../serving/given.ts";
import { servedId } from "../serving/served.ts";

export interface EvaluatedModel {
  name: string;
  /** As the reader named it: the arm's adapter or the model. */
  label: string;
  ref: ModelRef;
  /** What stands for it in the keys of its answers. */
  id: string;
  /** Of the config's Teacher: asked where the Teacher is served, in the Teacher's precision. */
  role?: "teacher";
}

/** The folder of an arm's published adapter; null for the base. */
export function armAdapter({ paths }: Pick<Lab, "paths">, arm: ArmName): string | null {
  return { base: null, sft: paths.sftLora, sft_grpo: paths.grpoLora, grpo_only: join(paths.ckpts, "grpo_only_lora") }[arm];
}

/**
 * The model to ask. Adapters are merged into the base first (once), because servers without LoRA must serve them, too.
 * Throws LabError when neither or both of `arm` and `model` are given, and when the arm has not been trained.
 */
export async function evaluatedModel(lab: Lab, { arm, model, name }: { arm?: ArmName; model?: string; name?: string }): Promise<EvaluatedModel> {
  if ((arm === undefined) === (model === undefined)) throw new LabError({ what: "evaluate requires either an arm or a model", found: arm === undefined ? "neither" : "both" });
  const { base, teacher } = lab.config.models;
  if (model === teacher && model !== base) return { name: safeName(name ?? basename(model)), label: model, ref: await roleModel(lab.config, "teacher"), id: await servedId(lab, "teacher"), role: "teacher" };
  const adapter = arm ? armAdapter(lab, arm) : adapterFolder(model!);
  const label = adapter ?? model ?? base;
  if (adapter && !existsSync(adapter)) throw new LabError({ what: `The arm ${arm} has not been trained`, where: adapter, todo: arm === "sft" ? "Run 04_sft first." : "Run 05_grpo first (08_ablation trains grpo_only)." });
  const ref = adapter ? await resolveModel((await mergeAdapter(lab, adapter)).path) : await resolveModel(label);
  return { name: safeName(name ?? arm ?? basename(label)), label, ref, id: modelId(ref) };
}

function adapterFolder(model: string): string | null {
  const path = localModelPath(model);
  return path !== null && existsSync(join(path, "adapter_config.json")) ? path : null;
}

/** A name that any file system takes, since it becomes part of a report's. */
function safeName(name: string): string {
  return name.replace(/[^\w.-]+/g, "_").replace(/^[-.]+/, "") || "model";
}
