/**
 * The eight stages as the notebooks call them, on few questions, in the workspace FTMODEL_WORKSPACE:
 *
 *     node scripts/tests/whole-line.ts '{"gpu.ray": "auto"}'
 *
 * Prints each stage as it begins, with the seconds since the start.
 */
import { openLab } from "../../lib/config/lab.ts";
import { exportModel } from "../../lib/deploy/export-model.ts";
import { mergeForDeployment } from "../../lib/deploy/deploy.ts";
import { distill } from "../../lib/distill/distill.ts";
import { ablate } from "../../lib/evaluate/ablate.ts";
import { evaluateArms } from "../../lib/evaluate/arms.ts";
import { filter } from "../../lib/filter/filter.ts";
import { prepare } from "../../lib/prepare/prepare.ts";
import { splitQuestions } from "../../lib/prepare/split.ts";
import { Question } from "../../lib/records.ts";
import { readJsonl } from "../../lib/store/jsonl.ts";
import { trainGrpo, trainSft } from "../../lib/train/train.ts";

/** One, two or three processes share a step. */
const SMALL = {
  ...{ "prepare.generated": 160, "prepare.generatedTest": 120, "prepare.sampleSize": 160 },
  ...{ "sft.batchSize": 6, "sft.epochs": 2, "sft.saveSteps": 4 },
  ...{ "grpo.maxSteps": 8, "grpo.saveSteps": 2, "grpo.promptsPerStep": 6, "grpo.groupSize": 4 },
  ...{ "grpo.microBatch": 24, "grpo.dropDeadGroups": false },
  ...{ "evaluate.samples": 0, "evaluate.useJudge": false },
  "serving.startTimeoutMs": 1_200_000, // a cluster's first processes on a busy machine
  ...{ "deploy.parityPrompts": 4, "deploy.exports": ["gguf" as const] },
};
const ARMS = ["base", "sft_grpo"] as const;

const began = performance.now();
const lab = openLab({ ...SMALL, ...(JSON.parse(process.argv[2] ?? "{}") as object) });
const { testShare } = lab.config.prepare;

const STAGES: Record<string, () => Promise<unknown>> = {
  prepare: () => prepare(lab),
  distil: async () => {
    const questions = readJsonl(lab.paths.raw, Question);
    return distill(lab, splitQuestions(questions, { testShare, seed: lab.config.seed }).train);
  },
  filter: () => filter(lab),
  sft: () => trainSft(lab),
  grpo: () => trainGrpo(lab),
  evaluate: () => evaluateArms(lab, ARMS),
  deploy: async () => {
    await mergeForDeployment(lab);
    return exportModel(lab);
  },
  ablate: () => ablate(lab, { arms: ARMS }),
};
for (const [stage, run] of Object.entries(STAGES)) {
  console.log(stage, Math.round((performance.now() - began) / 1000));
  await run();
}
console.log("done", Math.round((performance.now() - began) / 1000));
process.exit(0);
