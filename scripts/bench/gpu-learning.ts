/**
 * Learning on the GPU: the tiny world through the gpu profile's code (vLLM serves, NF4 QLoRA, vLLM inside
 * GRPO) beside the CPU's run of it. Both must reach the same table within intervals.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openLab } from "../../lib/config/lab.ts";
import type { Lab } from "../../lib/config/lab.ts";
import { PROFILES } from "../../lib/config/profiles.ts";
import { configKeys, valueAt } from "../../lib/config/settings.ts";
import type { Overrides } from "../../lib/config/settings.ts";
import { distill } from "../../lib/distill/distill.ts";
import { evaluateArms } from "../../lib/evaluate/arms.ts";
import { filter } from "../../lib/filter/filter.ts";
import { prepare } from "../../lib/prepare/prepare.ts";
import { splitQuestions } from "../../lib/prepare/split.ts";
import { Question } from "../../lib/records.ts";
import type { Estimate } from "../../lib/records.ts";
import { readJsonl, writeJsonl } from "../../lib/store/jsonl.ts";
import { writeFileAtomic } from "../../lib/store/atomic.ts";
import { trainGrpo, trainSft } from "../../lib/train/train.ts";
import { benchQuestions } from "./world-questions.ts";

const QUESTIONS = 500;
const SEED = 2026;
/** What stays the gpu profile's own: how models are loaded, served and answered by. */
const OF_THE_GPU =
  /^(gpu\.|tracking\.|models\.loadIn4bit$|serving\.(engine|concurrency|requestTimeoutMs|startTimeoutMs)$)/;

/** Everything that says what is learnt, as the tiny profile has it. */
export function tinyWorld(): Overrides {
  return Object.fromEntries(
    configKeys()
      .filter((key) => !OF_THE_GPU.test(key))
      .map((key) => [key, valueAt(PROFILES.tiny, key)]),
  );
}

export interface Learnt {
  where: string;
  arm: string;
  format: Estimate;
  greedy: Estimate;
  sampled: Estimate | null;
}

/**
 * Stages 1 to 6 on a CPU and on the GPU at the same time; n = 500 questions that no training saw. A side that
 * is there is not learnt again.
 */
export async function learnBoth(out: string): Promise<Learnt[]> {
  return (await Promise.all([kept(out, "CPU", learnOnCpu), kept(out, "GPU", learnOnGpu)])).flat();
}

async function kept(
  out: string,
  where: string,
  learn: (workspace: string) => Promise<Learnt[]>,
): Promise<Learnt[]> {
  const file = join(out, `learning-${where.toLowerCase()}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Learnt[];
  const workspace = join(out, "learning", where.toLowerCase());
  mkdirSync(workspace, { recursive: true });
  const learnt = await learn(workspace);
  writeFileAtomic(file, `${JSON.stringify(learnt, null, 2)}\n`);
  return learnt;
}

const COMMON = { "evaluate.useJudge": false };

function learnOnCpu(workspace: string): Promise<Learnt[]> {
  const lab = openLab(COMMON, { FTMODEL_WORKSPACE: workspace });
  return learn("CPU", lab, lab);
}

/**
 * SFT on four bits; GRPO with vLLM, which needs whole weights. The servers go without CUDA graphs: there are
 * three of them, each with little to do.
 */
function learnOnGpu(workspace: string): Promise<Learnt[]> {
  const lab = (more: Overrides): Lab =>
    openLab(
      {
        profile: "gpu",
        ...tinyWorld(),
        ...COMMON,
        "gpu.cudaGraphs": false,
        "gpu.serverMemoryShare": 0.3,
        ...more,
      },
      { FTMODEL_WORKSPACE: workspace },
    );
  return learn(
    "GPU",
    lab({ "models.loadIn4bit": true }),
    lab({ "models.loadIn4bit": false, "gpu.vllm": true }),
  );
}

async function learn(where: string, sftLab: Lab, grpoLab: Lab): Promise<Learnt[]> {
  await prepare(sftLab);
  const questions = readJsonl(sftLab.paths.raw, Question);
  await distill(
    sftLab,
    splitQuestions(questions, { testShare: sftLab.config.prepare.testShare, seed: sftLab.config.seed }).train,
  );
  await filter(sftLab);
  writeJsonl(sftLab.paths.test, benchQuestions(QUESTIONS, SEED)); // without a manifest: no file of the filter
  await trainSft(sftLab);
  await trainGrpo(grpoLab);
  const evaluations = await evaluateArms(grpoLab, ["base", "sft", "sft_grpo"]);
  return Object.entries(evaluations).map(([arm, { report }]) => ({
    where,
    arm,
    format: report.format,
    greedy: report.accuracy,
    sampled: report.accuracySampled,
  }));
}

/** Whether both machines agree on an arm: their intervals overlap. Pure. */
export function agree(a: Estimate, b: Estimate): boolean {
  return a.low <= b.high && b.low <= a.high;
}
