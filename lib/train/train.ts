/** The two training stages: SFT on the filtered texts, GRPO on the questions. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { checkAdapter, publishFolder, readOrigin, writeOrigin } from "../model/adapter.ts";
import { hashLoaded } from "../config/code-hash.ts";
import type { Config } from "../config/config.ts";
import { heldOutPath } from "../filter/record.ts";
import { planStage, readyStage } from "../gpu/plan-stage.ts";
import { hashFolder, hashJson } from "../store/hash.ts";
import { assertMadeTogether } from "../store/manifest.ts";
import { promptVersion } from "../judge/prompt.ts";
import type { Lab } from "../config/lab.ts";
import { writeGoldRows } from "./gold-rows.ts";
import { modelId, resolveModel } from "../model/ref.ts";
import { REPO_ROOT } from "../config/paths.ts";
import { RlRow, SftRow } from "../records.ts";
import type { Reward } from "../reward/reward.ts";
import { defineReward } from "../reward/source.ts";
import type { RewardSource } from "../reward/source.ts";
import type { CensusOptions } from "./census-run.ts";
import { inputFile } from "./input-file.ts";
import { probeInputs } from "./probe-rows.ts";
import { writeLiveQuestions } from "./live-questions.ts";
import { givenServer, roleModel } from "../serving/given.ts";
import { readRun } from "../run/run.ts";
import type { Run } from "../run/run.ts";
import { RunFolder } from "../run/folder.ts";
import type { Workspace } from "../run/folder.ts";
import { assertDone, followRun } from "../run/follow.ts";
import type { WatchOptions } from "../run/follow.ts";
import type { StartOptions } from "../run/start.ts";
import { startInTurn } from "../run/turn.ts";
import type { InputFile, RunSpec, TrainedStage } from "../run/key.ts";
import { defaultLabel } from "../run/settings.ts";
import type { JudgeRef, ModelRef } from "../model/ref.ts";
import { TRAINING_NAMES } from "../view/arms.ts";

export interface TrainOptions extends StartOptions, WatchOptions {
  /** For people: what is special about this run. Default: what was changed against the profile's values. */
  label?: string;
  /** Put the adapter in its place in ckpts/. Default true; false for a run with a reward of your own. */
  publish?: boolean;
}

export interface GrpoOptions extends TrainOptions {
  /**
   * A reward instead of format + accuracy: a self-contained function, its source, or what `defineReward` made
   * of it.
   */
  reward?: RewardSource | string | Reward;
  /** The SFT adapter to go on from, instead of ckpts/sft_lora. */
  adapter?: string;
  /**
   * With `grpo.dropDeadGroups`: whom the census asks, instead of a server it starts, and who is told how far
   * it is.
   */
  census?: Pick<CensusOptions, "client" | "onProgress">;
}

export interface Trained extends Run {
  /** The folder of the adapter: where it was published, or inside the run. */
  adapter: string;
  /** Whether the run was finished before this call. */
  reused: boolean;
}

/**
 * Stage 4: trains a LoRA adapter on `sft.jsonl` and publishes it as ckpts/sft_lora; with `sft.goldOnly` on
 * the gold answers of the same rows, as ckpts/sft_gold_lora. The loss of the good texts that the filter had
 * no place for is measured as it goes.
 *
 * An unchanged call returns the finished run at once; a call during the run watches it; after a crash it
 * resumes. Throws LabError: no rows, no base, no Python, the run failed or died (with the real cause), or
 * watching was stopped.
 */
export async function trainSft(lab: Lab, options: TrainOptions = {}): Promise<Trained> {
  const { config, paths } = lab;
  const base = await resolveModel(config.models.base);
  assertMadeTogether(paths.sft, paths.test, CUT_OFF);
  const todo = "Run 03_filter first; if it kept nothing, its funnel says why.";
  const kept = await inputFile(paths.sft, SftRow, todo);
  const train = config.sft.goldOnly ? await inputFile(await writeGoldRows(lab), SftRow, todo) : kept;
  const spec: RunSpec = {
    stage: "sft",
    label:
      options.label ??
      defaultLabel(config.sft.goldOnly ? "SFT, golds alone" : "SFT", config, "sft", ["sft.goldOnly"]),
    config,
    inputs: { train, ...(config.sft.goldOnly ? {} : await heldOutInput(lab)) },
    models: { base, adapter: null },
    reward: null,
  };
  return await runTraining(lab, spec, base, options, publishedAs(lab, spec));
}

/** The place in ckpts/ of what a run trains. */
export function publishedAs({ paths }: Workspace, { stage, config }: Pick<Run, "stage" | "config">): string {
  if (stage === "on_policy") return join(paths.ckpts, "on_policy_lora");
  if (stage === "sft") return config.sft.goldOnly ? join(paths.ckpts, "sft_gold_lora") : paths.sftLora;
  return config.grpo.startFromSft ? paths.grpoLora : join(paths.ckpts, "grpo_only_lora");
}

/**
 * Stage 5: trains on the questions of `rl.jsonl` with GRPO, going on from the SFT adapter (or from the bare
 * base when `grpo.startFromSft` is false), and publishes ckpts/grpo_lora (or ckpts/grpo_only_lora).
 *
 * With `grpo.probeSteps` it answers questions as it goes that it does not learn from (`probeRows`), and
 * `readVerdicts` reads what becomes of it. With `grpo.dropDeadGroups` a census comes first, and only
 * questions that carry a gradient are trained on (see `writeLiveQuestions`). The reward is format + accuracy
 * with the config's weights, the Judge's points too with `grpo.useJudge`; or `reward` in their place, saved
 * with the run and part of its key. As trainSft otherwise. Throws LabError, too, for an adapter of another
 * base and for a reward that fails its trial.
 */
export async function trainGrpo(lab: Lab, options: GrpoOptions = {}): Promise<Trained> {
  const { config, paths } = lab;
  const { reward } = options;
  // before the census, which takes a minute: a reward that cannot work is told at once
  const custom = reward === undefined ? null : typeof reward === "object" ? reward : defineReward(reward);
  const base = await resolveModel(config.models.base);
  assertMadeTogether(paths.rl, paths.test, CUT_OFF);
  const { startFromSft: fromSft, dropDeadGroups } = config.grpo;
  const all = await inputFile(
    paths.rl,
    RlRow,
    "Run 03_filter first; it keeps the questions whose gold answer can be checked.",
  );
  const adapter = fromSft
    ? await checkAdapter(
        options.adapter ?? paths.sftLora,
        base,
        "Run 04_sft on this base first, or set grpo.startFromSft to false.",
      )
    : null;
  const policy = adapter ? { model: adapter.path } : { arm: "base" as const };
  const train = dropDeadGroups
    ? await inputFile(
        (await writeLiveQuestions(lab, { ...options.census, ...policy, signal: options.signal })).path,
        RlRow,
        "",
      )
    : all;
  const judge = config.grpo.useJudge && custom === null ? await judgeOf(lab) : undefined;
  const ours = `lib/reward/${judge ? "judged-reward.ts" : "default-reward.ts"}`;
  const ownReward = join(REPO_ROOT, ours);
  const paying = judge ? ["lib/answer", "lib/judge", "lib/reward"] : ["lib/answer", "lib/reward"];
  const code = hashLoaded(["lib/reward/server.ts", ours], paying);
  const spec: RunSpec = {
    stage: "grpo",
    label: options.label ?? labelOf(config, custom !== null),
    config,
    inputs: await probeInputs(lab, train),
    models: { base, adapter },
    reward: custom
      ? { ...custom, sha256: hashJson([custom.sha256, code]) }
      : { path: ownReward, sha256: hashJson([judge ? "judged" : "default", code]) },
    judge,
  };
  return await runTraining(lab, spec, base, { publish: custom === null, ...options }, publishedAs(lab, spec));
}

function labelOf(config: Config, ownReward: boolean): string {
  const head = ownReward ? "GRPO, own reward" : config.grpo.startFromSft ? "GRPO" : "GRPO without SFT";
  return defaultLabel(head, config, "grpo", ["grpo.startFromSft"]);
}

/** A question of the test might otherwise be trained on. */
export const CUT_OFF = "Run 03_filter again: it was cut off while it wrote them.";

/**
 * The Judge as a run is keyed by it. Its server is the reward process's to find or to start: that lives as
 * long as the run.
 */
async function judgeOf({ config }: Lab): Promise<JudgeRef> {
  const { rubric, layout, judgePrompt } = config.filter;
  return {
    model: await roleModel(config, "judge"),
    prompt: promptVersion({ rubric, layout, size: judgePrompt }),
  };
}

export async function runTraining(
  lab: Lab,
  spec: RunSpec,
  base: ModelRef,
  options: TrainOptions,
  target: string,
): Promise<Trained> {
  const { publish = true, force = lab.force } = options;
  const stage = TRAINING_NAMES[spec.stage as TrainedStage];
  // a Judge of our own shares the GPU
  const judge = spec.judge && givenServer(lab.config, "judge") === null ? spec.judge.model : undefined;
  const what = { stage, model: base, judge, teacher: spec.models.teacher } as const;
  const { config, table, assertFree } = await readyStage(lab, what, await planStage(lab, what), options);
  const { key, started } = await startInTurn(
    lab,
    { ...spec, config, plan: table ?? undefined },
    { ...options, force, ready: () => assertFree() },
  );
  const run = await followRun(lab, key, options);
  assertDone(run);
  await sealOutput(run, base);
  return { ...run, adapter: publish ? putInPlace(run, target) : run.output, reused: !started };
}

/**
 * Puts what a finished run has trained into its place in ckpts/, where the later stages look for it; returns
 * that place. Throws LabError when there is no such run or it is not done.
 */
export async function publishRun(workspace: Workspace, key: string): Promise<string> {
  const run = readRun(workspace, key);
  assertDone(run);
  await sealOutput(run, new RunFolder(workspace, key).readRunFile().models.base);
  return putInPlace(run, publishedAs(workspace, run));
}

function putInPlace({ output }: Run, target: string): string {
  if (readOrigin(target)?.adapter !== readOrigin(output)?.adapter) publishFolder(output, target);
  return target;
}

/** Says in the output itself where it came from; the adapter's hash is what later runs are keyed by. */
async function sealOutput(run: Run, base: ModelRef): Promise<void> {
  if (readOrigin(run.output)?.run !== run.key)
    writeOrigin(run.output, { run: run.key, base: modelId(base), adapter: await hashFolder(run.output) });
}

/** Nothing where every good text is trained on, or the file was made before there was one. */
async function heldOutInput({ paths }: Lab): Promise<{ heldOut?: InputFile }> {
  const path = heldOutPath(paths);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return {};
  assertMadeTogether(paths.sft, path, CUT_OFF);
  return { heldOut: await inputFile(path, SftRow, "") };
}
