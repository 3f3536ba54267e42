/** What makes two runs the same run. */
import { z } from "zod";
import { hashLoaded } from "../config/code-hash.ts";
import { Config, wantsGpu } from "../config/config.ts";
import { hashJson } from "../store/hash.ts";
import { AdapterRef, JudgeRef, modelId, ModelRef } from "../model/ref.ts";

const TRAININGS = ["sft", "grpo", "on_policy"] as const;
export type TrainedStage = (typeof TRAININGS)[number];
const STAGES = [...TRAININGS, "merge", "export"] as const;
export type Stage = (typeof STAGES)[number];

/** Whether a stage changes weights: others need one process. */
export function isTraining(stage: Stage): stage is TrainedStage {
  return TRAININGS.some((one) => one === stage);
}

const InputFile = z.strictObject({ path: z.string(), sha256: z.string(), rows: z.number().int() });
export type InputFile = z.infer<typeof InputFile>;

/** `reports/runs/<key>/run.json`: everything the sidecar may know. It adds no defaults of its own. */
export const RunFile = z.strictObject({
  key: z.string(),
  stage: z.enum(STAGES),
  label: z.string(),
  config: Config,
  inputs: z.record(z.string(), InputFile),
  models: z.strictObject({
    base: ModelRef,
    adapter: AdapterRef.nullable(),
    /** Only where the Teacher takes part in the training. */
    teacher: ModelRef.optional(),
  }),
  reward: z.strictObject({ command: z.array(z.string()), path: z.string(), sha256: z.string() }).nullable(),
  /** Only where a Judge takes part in the reward. */
  judge: JudgeRef.optional(),
  /** The memory plan on a GPU, for the head of the log. */
  plan: z.string().optional(),
  /** Where the result goes: the adapter, the merged model, or the exported files. Inside the run's folder. */
  output: z.string(),
  runDir: z.string(),
  created: z.string(),
});
export type RunFile = z.infer<typeof RunFile>;

/**
 * The reward module: a file that exists, or a source text that `startRun` saves with the run. Its hash counts
 * the code that it stands on.
 */
export type RewardSpec = { sha256: string; path: string } | { sha256: string; source: string };

/** What to run; `startRun` turns it into a RunFile. */
export interface RunSpec {
  stage: Stage;
  /** For people: the arm or the idea. Not part of the key. */
  label: string;
  config: Config;
  inputs: Record<string, InputFile>;
  models: RunFile["models"];
  reward: RewardSpec | null;
  judge?: JudgeRef | undefined;
  plan?: string | undefined;
}

/**
 * The run's name: stage and 12 hex digits of the hash of all that can change its result.
 *
 * That is: the stage's own config section, the prompt, the seed, how the base is loaded, the content hashes
 * of inputs, base, adapter, reward, a Teacher who takes part and of the sidecar's code that the stage loads,
 * and who the Judge in it is and what it is asked. Not: paths, labels, comments of that code, where a server
 * listens, and sections of other stages, so that a changed Teacher retrains only if its data changed.
 */
export function runKey(spec: RunSpec): string {
  const { config, models } = spec;
  const { base, adapter, teacher } = models;
  const digest = hashJson({
    stage: spec.stage,
    code: hashLoaded([`scripts/${spec.stage}.py`], ["scripts"]),
    settings: settingsOf(spec),
    gpu: wantsGpu(config) ? usedOf(spec) : undefined,
    seed: config.seed,
    prompt: config.prompt,
    base: modelId(base),
    loadIn4bit: config.models.loadIn4bit,
    inputs: Object.fromEntries(Object.entries(spec.inputs).map(([name, input]) => [name, input.sha256])),
    adapter: adapter?.sha256 ?? null,
    teacher: teacher && modelId(teacher),
    reward: spec.reward?.sha256 ?? null,
  });
  return `${spec.stage}-${digest.slice(0, 12)}`;
}

/** How a GPU is used can move a result; what its memory is divided into cannot. */
function usedOf({ stage, config: { gpu }, judge }: RunSpec): unknown {
  const { processes, vllm, vllmCorrection, vllmCorrectionMode, vllmCorrectionMax, packed } = gpu;
  if (!isTraining(stage)) return undefined;
  if (stage !== "grpo") return { processes };
  const correction = vllm && vllmCorrection ? { vllmCorrectionMode, vllmCorrectionMax } : null;
  return { processes, vllm, correction, packed, judgeIn4bit: judge && gpu.serveIn4bit };
}

function settingsOf({ stage, config, judge }: RunSpec): unknown {
  if (stage === "sft") {
    const { goldOnly: _, ...sft } = config.sft; // it decides the input, whose hash is in the key
    return sft;
  }
  if (stage === "on_policy") return config.onPolicy;
  if (stage === "merge") return { parityPrompts: config.deploy.parityPrompts };
  if (stage === "export") return { exports: config.deploy.exports.toSorted() };
  const { judgeTemperature, judgeMaxTokens, judgePassScore } = config.filter;
  const { dropDeadGroups: _, ...grpo } = config.grpo; // what it leaves is the input, whose hash is in the key
  return {
    ...grpo,
    judge: judge
      ? {
          model: modelId(judge.model),
          prompt: judge.prompt,
          judgeTemperature,
          judgeMaxTokens,
          judgePassScore,
        }
      : null,
  };
}
