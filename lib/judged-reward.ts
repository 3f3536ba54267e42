/**
 * The reward of a run with `grpo.useJudge`, as the reward process loads it: format and accuracy by the rules, and the points of the Judge
 * that the run's config names. Its server is started with the first answer it is shown, and ends with the process.
 *
 *     node lib/reward-server.ts lib/judged-reward.ts WEIGHTS RUN.JSON
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "./errors.ts";
import { createJudgeReward } from "./judge-reward.ts";
import { openJudge } from "./judge-server.ts";
import { workspacePaths } from "./paths.ts";
import type { RewardRow } from "./reward.ts";
import type { RewardFunction } from "./reward-batch.ts";
import { RunFile } from "./run-key.ts";

let opened: Promise<RewardFunction> | null = null;

export async function reward(row: RewardRow): Promise<Record<string, number | null>> {
  opened ??= open(process.argv[4]);
  return (await opened)(row);
}

async function open(runFile: string | undefined): Promise<RewardFunction> {
  if (!runFile) throw new LabError({ what: "The judged reward needs the run's file", found: "no third argument", expected: "run.json, whose config names the Judge" });
  const { config, runDir } = RunFile.parse(JSON.parse(readFileSync(runFile, "utf8")));
  const { rubric, layout, judgePrompt, judgeTemperature, judgeMaxTokens, judgePassScore } = config.filter;
  const server = await openJudge({ config, paths: workspacePaths(join(runDir, "..", "..", "..")), force: false });
  // The trainer ends the process by closing its stdin; a server left running would keep it alive.
  process.stdin.once("close", () => void server.close?.());
  return createJudgeReward({
    server,
    settings: { rubric, layout, size: judgePrompt, sampling: { temperature: judgeTemperature, maxTokens: judgeMaxTokens, attempts: 3, seed: config.seed } },
    judgePassScore,
    deadlineMs: config.serving.requestTimeoutMs,
  });
}
