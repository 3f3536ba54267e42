/**
 * The reward of a run with `grpo.useJudge`, as the reward process loads it: format and accuracy by the rules,
 * and the points of the Judge that the run's config names. Its server is found or started with the first
 * batch, so that one that is not there stops the run at once, and ends with the process.
 *
 *     node lib/reward/server.ts lib/reward/judged-reward.ts WEIGHTS RUN.JSON
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ownGpu } from "../gpu/gpus.ts";
import { LabError } from "../errors.ts";
import { createJudgeReward } from "./judge-reward.ts";
import { judgeThrough } from "../judge/server.ts";
import { modelId } from "../model/ref.ts";
import { workspacePaths } from "../config/paths.ts";
import type { RewardRow } from "./reward.ts";
import type { RewardFunction } from "./batch.ts";
import { RunFile } from "../run/key.ts";
import { roleModel } from "../serving/given.ts";
import { openServer } from "../serving/serving.ts";

/**
 * For one completion. The trainer waits 10 minutes for a batch, the first of which may have to start the
 * server.
 */
const MAX_DEADLINE_MS = 240_000;

/** What the run's plan decided for the Judge beside the trainer: it is not decided anew. */
const PLANNED = [
  ...["gpu.serveIn4bit", "gpu.cudaGraphs", "gpu.replicas", "gpu.serverMemoryShare"],
  "gpu.serverProcesses", // the trainer's plan has room for one
];

let opened: Promise<RewardFunction> | null = null;

export async function reward(row: RewardRow): Promise<Record<string, number | null>> {
  opened ??= open(process.argv[4]);
  return (await opened)(row);
}

async function open(runFile: string | undefined): Promise<RewardFunction> {
  if (!runFile)
    throw new LabError({
      what: "The judged reward needs the run's file",
      found: "no third argument",
      expected: "run.json, whose config names the Judge",
    });
  const { config, judge, runDir } = RunFile.parse(JSON.parse(readFileSync(runFile, "utf8")));
  const { rubric, layout, judgePrompt, judgeTemperature, judgeMaxTokens, judgePassScore } = config.filter;
  const ref = await roleModel(config, "judge");
  if (!judge || modelId(ref) !== modelId(judge.model))
    throw new LabError({
      what: "The Judge is not the one this run began with",
      where: `${runFile}, field judge`,
      expected: judge ? modelId(judge.model) : "a Judge",
      found: modelId(ref),
      todo: "Run the cell again: that makes a new run.",
    });
  // each of several training processes has a Judge of its own
  Object.assign(process.env, ownGpu(process.env));
  const lab = {
    config: { ...config, gpu: { ...config.gpu, ray: "" } }, // beside the trainer, on its machine
    paths: workspacePaths(join(runDir, "..", "..", "..")),
    force: false,
    chosen: PLANNED,
  };
  const server = await openServer(lab, "judge");
  // The trainer ends the process by closing its stdin; a server left running would keep it alive.
  process.stdin.once("close", () => void server.stop());
  return createJudgeReward({
    server: judgeThrough(server.client, modelId(ref)),
    settings: {
      rubric,
      layout,
      size: judgePrompt,
      sampling: { temperature: judgeTemperature, maxTokens: judgeMaxTokens, attempts: 3, seed: config.seed },
    },
    judgePassScore,
    deadlineMs: Math.min(config.serving.requestTimeoutMs, MAX_DEADLINE_MS),
  });
}
