/** Merging an adapter into its base: the model that is served, evaluated and deployed. */
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { checkAdapter, readOrigin, writeOrigin } from "../model/adapter.ts";
import type { Origin } from "../model/adapter.ts";
import type { Config } from "../config/config.ts";
import { fileError } from "../store/atomic.ts";
import { LabError } from "../errors.ts";
import { hashFile, hashJson } from "../store/hash.ts";
import { readJsonl } from "../store/jsonl.ts";
import type { Lab } from "../config/lab.ts";
import { trainingRun } from "./lineage.ts";
import { planStage, readyStage } from "../gpu/plan-stage.ts";
import { modelId, resolveModel } from "../model/ref.ts";
import { RlRow } from "../records.ts";
import { readRun } from "./run.ts";
import type { Run } from "./run.ts";
import { assertDone, followRun } from "./follow.ts";
import type { WatchOptions } from "./follow.ts";
import { RunFolder } from "./folder.ts";
import { runKey } from "./key.ts";
import type { RunSpec } from "./key.ts";
import type { StartOptions } from "./start.ts";
import { whileStarting } from "./lock.ts";
import { startInTurn } from "./turn.ts";

/**
 * The merged model, shown the greedy answers of base and adapter token by token. scripts/merge.py reports it
 * as metrics of a `step` event: parityPrompts, parityTokens, parityAgree, parityTopTokens,
 * meanLogprobDifference, maxLogprobDifference, paritySeconds.
 */
export interface Parity {
  prompts: number;
  /** Of all answers; each is cut at 128. */
  tokens: number;
  /**
   * Answers that the merged model would have written itself, token by token. All in float32; in bf16 fewer,
   * by rounding.
   */
  agree: number;
  /** Share of the tokens at which both have the same most likely one, 0 to 1. */
  topTokens: number;
  /** Of the answers' own tokens, in nats; null where it was not finite. */
  meanLogprobDifference: number | null;
  maxLogprobDifference: number | null;
  /** What the check took, without the merge. */
  seconds: number;
}

export interface Merged {
  /** `ckpts/merged/<hash of base and adapter>` */
  path: string;
  /** null when the run that merged it is no longer there. */
  parity: Parity | null;
  run: Run | null;
  /** Whether it was merged before this call. */
  reused: boolean;
}

export interface MergeOptions extends StartOptions, WatchOptions {}

/**
 * Merges a LoRA adapter into its base, W' = W + (alpha / r) · B·A, and checks that the result is the same
 * model, along the answers that base and adapter give to `deploy.parityPrompts` test questions.
 *
 * Each pair of base and adapter is merged once and kept in ckpts/merged; again when more prompts are to be
 * compared or more of the tokens have to be the same than were. Throws LabError for an adapter of another
 * base (before anything is written), without test questions, and when the run failed: with the cause "parity"
 * when the merged model is another one, which is then not kept.
 */
export async function mergeAdapter(
  lab: Lab,
  adapterPath: string,
  options: MergeOptions = {},
): Promise<Merged> {
  const { config, paths } = lab;
  const base = await resolveModel(config.models.base);
  const adapter = await checkAdapter(adapterPath, base);
  const path = join(
    paths.ckpts,
    "merged",
    hashJson({ base: modelId(base), adapter: adapter.sha256 }).slice(0, 12),
  );
  const before = readOrigin(path);
  if (before && isWhole(path) && !options.force) {
    const merged = resultOf(lab, before.run);
    if (isChecked(merged, config)) return { path, ...merged, reused: true };
  }

  const rows = readJsonl(
    paths.test,
    RlRow,
    "Run 03_filter first; the merged model is compared on its test questions.",
  ).length;
  // An adapter that learned beside NF4 weights is merged into what these stand for, whatever the config says
  // today.
  const trained = trainingRun(lab, adapter);
  const spec: RunSpec = {
    stage: "merge",
    label: "merge",
    config: trained
      ? { ...config, models: { ...config.models, loadIn4bit: trained.config.models.loadIn4bit } }
      : config,
    inputs: { parity: { path: paths.test, sha256: await hashFile(paths.test), rows } },
    models: { base, adapter },
    reward: null,
  };
  const force = options.force || isDoneWithoutOutput(lab, runKey(spec));
  const [own, stage] = [{ ...lab, config: spec.config }, { stage: "merge", model: base } as const];
  const { table, assertFree } = await readyStage(own, stage, await planStage(own, stage), options);
  const { key } = await startInTurn(
    lab,
    { ...spec, plan: table ?? undefined },
    { ...options, force, ready: () => assertFree() },
  );
  const run = await followRun(lab, key, options);
  assertDone(run);
  await whileStarting(paths.runs, async () =>
    moveOutput(run.output, path, { run: key, base: modelId(base), adapter: adapter.sha256 }),
  );
  return { path, parity: parityOf(run), run, reused: false };
}

/**
 * Whether a merged model was found equal by what the config asks today. The bound is in no run's key: it
 * changes no model.
 */
function isChecked({ parity, run }: Pick<Merged, "parity" | "run">, { deploy }: Config): boolean {
  if (run === null) return true; // its run is no longer there; it was published by the bound of its day
  if (parity === null || run.config.deploy.parityPrompts < deploy.parityPrompts) return false;
  return parity.topTokens >= deploy.parityTopTokens;
}

/** A finished run whose result was moved on, and deleted there since, must be made again. */
export function isDoneWithoutOutput(lab: Lab, key: string): boolean {
  if (!isReadable(lab, key)) return false;
  const { status, output } = readRun(lab, key);
  return status === "done" && !existsSync(output);
}

function isReadable(lab: Lab, key: string): boolean {
  const folder = new RunFolder(lab, key);
  return folder.exists() && !folder.isOutdated();
}

function isWhole(model: string): boolean {
  return (
    existsSync(join(model, "config.json")) && readdirSync(model).some((name) => name.endsWith(".safetensors"))
  );
}

/**
 * Puts a run's result in its place, with its origin. One copy of gigabytes is enough: it is moved, not
 * copied; by the first of those who followed the same run.
 */
export function moveOutput(source: string, target: string, origin: Origin): void {
  if (!existsSync(source) && readOrigin(target)?.run === origin.run) return;
  try {
    writeOrigin(source, origin);
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { recursive: true, force: true });
    renameSync(source, target);
  } catch (cause) {
    throw fileError("The result could not be put in its place", target, cause);
  }
}

function resultOf(lab: Lab, key: string): Pick<Merged, "parity" | "run"> {
  if (!isReadable(lab, key)) return { parity: null, run: null };
  const run = readRun(lab, key);
  return { parity: parityOf(run), run };
}

function parityOf({ metrics }: Run): Parity | null {
  const last = (name: string) => metrics[name]?.at(-1) ?? null;
  const [prompts, tokens, agree] = [last("parityPrompts"), last("parityTokens"), last("parityAgree")];
  const [topTokens, seconds] = [last("parityTopTokens"), last("paritySeconds")];
  if (prompts === null || tokens === null || agree === null || topTokens === null || seconds === null)
    return null;
  const differences = {
    meanLogprobDifference: last("meanLogprobDifference"),
    maxLogprobDifference: last("maxLogprobDifference"),
  };
  return { prompts, tokens, agree, topTokens, ...differences, seconds };
}

/**
 * Makes a merged model the one that is deployed: `ckpts/merged_model`, a link to its folder. Returns the
 * link's path. A folder that stands there (not ours) is not replaced: throws LabError.
 */
export function publishMerged(lab: Lab, merged: Pick<Merged, "path">): string {
  const link = lab.paths.mergedModel;
  const fresh = `${link}.${process.pid}.new`;
  if (lstatSync(link, { throwIfNoEntry: false })?.isDirectory())
    throw new LabError({
      what: "A folder stands where the merged model's link should be",
      where: link,
      todo: "Move it away; it was not made by this notebook.",
    });
  try {
    rmSync(fresh, { force: true });
    symlinkSync(relative(dirname(link), merged.path), fresh);
    renameSync(fresh, link);
  } catch (cause) {
    throw fileError("The merged model could not be put in its place", link, cause);
  }
  return link;
}
