/** What makes two runs the same run. */
import { z } from "zod";
import { Config } from "./config.ts";
import { hashJson } from "./hash.ts";

export const STAGES = ["sft", "grpo", "merge"] as const;
export type Stage = (typeof STAGES)[number];

const InputFile = z.strictObject({ path: z.string(), sha256: z.string(), rows: z.number().int() });
export type InputFile = z.infer<typeof InputFile>;

/** A folder has a hash; a hub id has its revision. */
const ModelRef = z.strictObject({ path: z.string(), revision: z.string(), sha256: z.string().nullable() });
export type ModelRef = z.infer<typeof ModelRef>;

const AdapterRef = z.strictObject({ path: z.string(), sha256: z.string() });
export type AdapterRef = z.infer<typeof AdapterRef>;

/** `reports/runs/<key>/run.json`: everything the sidecar may know. It adds no defaults of its own. */
export const RunFile = z.strictObject({
  key: z.string(),
  stage: z.enum(STAGES),
  label: z.string(),
  config: Config,
  inputs: z.record(z.string(), InputFile),
  models: z.strictObject({ base: ModelRef, adapter: AdapterRef.nullable() }),
  reward: z.strictObject({ command: z.array(z.string()), path: z.string(), sha256: z.string() }).nullable(),
  /** Where the result goes: the adapter, or the merged model. Inside the run's folder. */
  output: z.string(),
  runDir: z.string(),
  created: z.string(),
});
export type RunFile = z.infer<typeof RunFile>;

/** The reward module: a file that exists, or a source text that `startRun` saves with the run. */
export type RewardSpec = { sha256: string; path: string } | { sha256: string; source: string };

/** What to run; `startRun` turns it into a RunFile. */
export interface RunSpec {
  stage: Stage;
  /** For people: the arm or the idea. Not part of the key. */
  label: string;
  config: Config;
  inputs: Record<string, InputFile>;
  models: { base: ModelRef; adapter: AdapterRef | null };
  reward: RewardSpec | null;
}

/**
 * The run's name: stage and 12 hex digits of the hash of all that can change its result.
 *
 * That is: the stage's own config section, the prompt, the seed, how the base is loaded, and the content hashes of inputs, base,
 * adapter and reward. Not: paths, labels, and sections of other stages, so that a changed Teacher retrains only if its data changed.
 */
export function runKey(spec: RunSpec): string {
  const { config, models } = spec;
  const { base, adapter } = models;
  const digest = hashJson({
    stage: spec.stage,
    settings: settingsOf(spec),
    seed: config.seed,
    prompt: config.prompt,
    base: base.sha256 ?? `${base.path}@${base.revision}`,
    loadIn4bit: config.models.loadIn4bit,
    inputs: Object.fromEntries(Object.entries(spec.inputs).map(([name, input]) => [name, input.sha256])),
    adapter: adapter?.sha256 ?? null,
    reward: spec.reward?.sha256 ?? null,
  });
  return `${spec.stage}-${digest.slice(0, 12)}`;
}

function settingsOf({ stage, config }: RunSpec): unknown {
  if (stage === "sft") return config.sft;
  if (stage === "merge") return { parityPrompts: config.deploy.parityPrompts };
  // The Judge takes part in the reward only when it is asked to.
  return { ...config.grpo, judge: config.grpo.useJudge ? { model: config.models.judge, filter: config.filter } : null };
}
