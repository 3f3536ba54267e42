/** Which model an evaluation asks, and what it is told: an arm of the ablation or any other model. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { LabError } from "../errors.ts";
import type { Lab } from "../config/lab.ts";
import { adapterRank, checkAdapter } from "../model/adapter.ts";
import { mergeAdapter } from "../run/merge.ts";
import { UNPINNED } from "../model/hub.ts";
import { modelId, resolveModel } from "../model/ref.ts";
import { localModelPath } from "../config/paths.ts";
import { ownPrompt, promptOf } from "../prompt/prompt.ts";
import type { ModelPrompt } from "../prompt/prompt.ts";
import { ARM_NAMES } from "../records.ts";
import type { ArmName, AskedArm } from "../records.ts";
import type { AdapterRef, ModelRef } from "../model/ref.ts";
import type { StagePlan } from "../gpu/plan-stage.ts";
import type { ServedAdapter } from "../serving/engine.ts";
import { givenServer, roleModel } from "../serving/given.ts";
import type { ModelRole } from "../serving/given.ts";
import { planRole } from "../serving/served.ts";

export interface EvaluatedModel {
  /** Of the arm or the model in reports; an adapter's server knows it by this name. */
  name: string;
  /** As the reader named it: the arm's adapter or the model. */
  label: string;
  /** The model itself; of an adapter its base. */
  ref: ModelRef;
  adapter: (AdapterRef & ServedAdapter) | null;
  /** What stands for its weights in the keys of its answers. */
  id: string;
  prompt: ModelPrompt;
  /** Which key of the config names the prompt. */
  promptKey: "prompt.system" | "prompt.base" | "prompt.teacher";
  /** Of the config's Teacher: asked where the Teacher is served, in the Teacher's precision. */
  role: "teacher" | null;
  /** Of the Teacher's server, as its id says. */
  plan: StagePlan | null;
}

/** The folder of an arm's published adapter; null for the Base. */
export function armAdapter({ paths }: Pick<Lab, "paths">, arm: AskedArm): string | null {
  return {
    base: null,
    base_prompted: null,
    sft_gold: join(paths.ckpts, "sft_gold_lora"),
    sft: paths.sftLora,
    sft_grpo: paths.grpoLora,
    sft_on_policy: join(paths.ckpts, "on_policy_lora"),
    grpo_only: join(paths.ckpts, "grpo_only_lora"),
  }[arm];
}

const HOW_TO_TRAIN: Partial<Record<ArmName, string>> = {
  sft_gold: 'Train it first: trainSft with "sft.goldOnly": true.',
  sft: "Run 04_sft first.",
  sft_grpo: "Run 05_grpo first.",
  sft_on_policy: "Train it first: trainOnPolicy.",
  grpo_only: "08_ablation trains it.",
};

/** Arms that a comparison can do without: trained on demand, or not where there is nothing to learn from. */
const OPTIONAL: readonly ArmName[] = ["sft_gold", "sft_on_policy", "grpo_only"];

/** All arms but the optional ones that have not been trained. */
export function armsToCompare(lab: Pick<Lab, "paths">): ArmName[] {
  return ARM_NAMES.filter(
    (arm) => arm === "base_majority" || !OPTIONAL.includes(arm) || existsSync(armAdapter(lab, arm)!),
  );
}

/**
 * What stands for a base (its `modelId`) with an adapter (its sha256), whether that is merged or served
 * beside it.
 */
export function adaptedId(base: string, adapter: string): string {
  return `${base}+${adapter}`;
}

/**
 * The model to ask. Nothing is loaded or merged yet.
 *
 * All are told what the student is told, the arm base_prompted what is best for the Base, the Teacher what it
 * was told when it taught. Throws LabError when neither or both of `arm` and `model` are given, when the arm
 * has not been trained, and as checkAdapter.
 */
export async function evaluatedModel(
  lab: Lab,
  { arm, model, name }: { arm?: AskedArm; model?: string; name?: string },
): Promise<EvaluatedModel> {
  if ((arm === undefined) === (model === undefined))
    throw new LabError({
      what: "evaluate requires either an arm or a model",
      found: arm === undefined ? "neither" : "both",
    });
  const { models, prompt } = lab.config;
  const { base, teacher } = models;
  if (model === teacher && model !== base) {
    return {
      name: safeName(name ?? basename(model)),
      label: model,
      ref: await roleModel(lab.config, "teacher"),
      ...(await planRole(lab, "teacher")),
      adapter: null,
      prompt: promptOf(prompt.teacher),
      promptKey: "prompt.teacher",
      role: "teacher",
    };
  }
  const folder = arm ? armAdapter(lab, arm) : adapterFolder(model!);
  const label = folder ?? model ?? base;
  if (folder && !existsSync(folder))
    throw new LabError({
      what: `The arm ${arm} has not been trained`,
      where: folder,
      todo: arm && HOW_TO_TRAIN[arm],
    });
  const about = { name: safeName(name ?? arm ?? basename(label)), label, role: null, plan: null };
  const told =
    arm === "base_prompted"
      ? ({ prompt: promptOf(prompt.base), promptKey: "prompt.base" } as const)
      : ({ prompt: ownPrompt(prompt.system), promptKey: "prompt.system" } as const);
  const ref = await resolveModel(folder ? base : label);
  if (!folder) return { ...about, ...told, ref, adapter: null, id: modelId(ref) };
  const adapter = await checkAdapter(folder, ref);
  return {
    ...about,
    ...told,
    ref,
    adapter: { ...adapter, name: about.name, rank: adapterRank(folder) },
    id: adaptedId(modelId(ref), adapter.sha256),
  };
}

/** What has to be served for a model. */
export interface ServedModel {
  server: ModelRole | ModelRef;
  /** By its name on that server; null for the server's own model. */
  adapter: ServedAdapter | null;
  plan: StagePlan | null;
}

/**
 * Where a model is asked: an adapter on its base's server, by name, under vLLM (on bf16 weights, also when it
 * was trained on four bits); by name at a given URL, whatever that holds under it; merged first (once) where
 * transformers serves, which has no LoRA. Throws LabError as mergeAdapter.
 */
export async function servedModel(
  lab: Lab,
  { name, ref, adapter, role, plan }: EvaluatedModel,
): Promise<ServedModel> {
  if (adapter === null) return { server: role ?? ref, adapter: null, plan };
  if (givenServer(lab.config, null) !== null)
    return { server: { path: name, revision: UNPINNED, sha256: null }, adapter: null, plan };
  if (lab.config.serving.engine === "vllm") return { server: ref, adapter, plan };
  return { server: await resolveModel((await mergeAdapter(lab, adapter.path)).path), adapter: null, plan };
}

function adapterFolder(model: string): string | null {
  const path = localModelPath(model);
  return path !== null && existsSync(join(path, "adapter_config.json")) ? path : null;
}

/** A name that any file system takes, since it becomes part of a report's. */
function safeName(name: string): string {
  return name.replace(/[^\w.-]+/g, "_").replace(/^[-.]+/, "") || "model";
}
