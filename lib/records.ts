/** The rows that stages hand to each other. Every file that is read goes through one of these schemas. */
import { z } from "zod";

export const QUESTION_TYPES = [
  "financial_calculation",
  "financial_reasoning",
  "financial_concept",
  "financial_analysis",
] as const;
export const QuestionType = z.enum(QUESTION_TYPES);
export type QuestionType = z.infer<typeof QuestionType>;

const text = z.string().refine((s) => s.trim() !== "", "must not be blank");

/** Where a row of the reader's own stands: the file's name without its folder, and the line, from 1. */
export const OwnPlace = z.object({ file: text, line: z.number().int().min(1) });
export type OwnPlace = z.infer<typeof OwnPlace>;

/**
 * Stage 1, `data/raw/raw.jsonl`. `reasoning` is what the source shipped; it is never taken for our Teacher's.
 */
export const Question = z.object({
  id: text,
  question: text,
  gold_answer: text,
  type: QuestionType,
  source: text,
  /** For generated questions: the kind of the world it was drawn from (lib/world). */
  kind: z.string().optional(),
  reasoning: z.string().optional(),
  /** For rows of the reader's own files. */
  own: OwnPlace.optional(),
});
export type Question = z.infer<typeof Question>;

/** Stage 2, `data/processed/distilled.jsonl`: a question with one text of the Teacher. */
export const Distilled = Question.extend({
  /** Cache key: model, revision, prompt, sampling, seed, sample. */
  key: text,
  /** 0 … k−1. */
  sample: z.number().int().min(0),
  /**
   * All that the Teacher wrote: `<think>` put back where the chat template opened it, a reasoning field of
   * the server joined in front; null when the request failed.
   */
  teacher_output: z.string().nullable(),
  /** The server's reasoning field; null where it gives none. */
  teacher_reasoning: z.string().nullable().default(null),
  /** What a student would be trained on, made of the two above; null when there is none. */
  response: z.string().nullable().default(null),
  /**
   * The rule of `ASSEMBLY_RULES` that made `response`, or why none could; null when nothing was to be put
   * together.
   */
  assembly: z.string().nullable().default(null),
  /**
   * Why there is no usable text: "length", "empty", "context_overflow", "http_500" …; null when there is one.
   */
  failure: z.string().nullable(),
  completion_tokens: z.number().int().min(0).nullable(),
  model: text,
});
export type Distilled = z.infer<typeof Distilled>;

/** Stage 3, `sft.jsonl`. `prompt` is the user's message, `response` the assistant's. */
export const SftRow = z.object({ id: text, prompt: text, response: text, type: QuestionType });
export type SftRow = z.infer<typeof SftRow>;

/** Stage 3, `rl.jsonl` and `test.jsonl`. `source` and `kind` let figures slice. */
export const RlRow = z.object({
  id: text,
  prompt: text,
  gold_answer: text,
  type: QuestionType,
  source: z.string().optional(),
  kind: z.string().optional(),
});
export type RlRow = z.infer<typeof RlRow>;

/** A question as it is asked by GRPO and in the test. */
export const rlRow = ({ id, question, gold_answer, type, source, kind }: Question): RlRow => ({
  ...{ id, prompt: question, gold_answer, type, source },
  ...(kind !== undefined && { kind }),
});

/** One line of `reports/runs/<key>/events.jsonl`, written by the Python sidecar. Times are Unix seconds. */
export const RunEvent = z.discriminatedUnion("event", [
  /** First line of every (re)start. `device` "cpu" or the GPU's name; `versions` package → version. */
  z.object({
    event: z.literal("start"),
    time: z.number(),
    step: z.number(),
    totalSteps: z.number(),
    device: z.string(),
    trainableParameters: z.number(),
    totalParameters: z.number(),
    versions: z.record(z.string(), z.string()),
  }),
  /**
   * Metrics after an optimizer step. Names as TRL logs them (loss, learning_rate, reward, kl, …) plus
   * secondsPerStep, tokensPerSecond, memoryMiB.
   */
  z.object({
    event: z.literal("step"),
    time: z.number(),
    step: z.number(),
    metrics: z.record(z.string(), z.number().nullable()),
  }),
  /**
   * GRPO: all completions of one step. Arrays share one index; `group` numbers the prompt within the step.
   */
  z.object({
    event: z.literal("samples"),
    time: z.number(),
    step: z.number(),
    samples: z.array(
      z.object({
        id: z.string(),
        group: z.number(),
        completion: z.string(),
        rewards: z.record(z.string(), z.number()),
        reward: z.number(),
        /** The checker's verdict, whatever the reward is; null where it has none. */
        right: z.number().nullable().optional(),
        advantage: z.number(),
        tokens: z.number(),
      }),
    ),
  }),
  /**
   * GRPO: greedy answers to the held-out questions, after `step` steps. `right` is the checker's
   * verdict, null where it has none; `paid` the reward's total.
   */
  z.object({
    event: z.literal("probe"),
    time: z.number(),
    step: z.number(),
    seconds: z.number(),
    answers: z.array(
      z.object({
        id: z.string(),
        right: z.number().nullable(),
        paid: z.number(),
        tokens: z.number(),
        completion: z.string(),
      }),
    ),
  }),
  z.object({ event: z.literal("warning"), time: z.number(), code: z.string(), message: z.string() }),
  z.object({ event: z.literal("checkpoint"), time: z.number(), step: z.number(), path: z.string() }),
  /**
   * Last line. `status` "done" or "failed"; `cause` is a stable code ("non_finite_gradient",
   * "reward_process_died", "out_of_memory", "cancelled", "error") with its message.
   */
  z.object({
    event: z.literal("end"),
    time: z.number(),
    status: z.enum(["done", "failed"]),
    cause: z.string().nullable(),
    message: z.string().nullable(),
    step: z.number(),
  }),
]);
export type RunEvent = z.infer<typeof RunEvent>;

/** A proportion or mean with its 95 % interval. `null` stands for "not judged", never 0. */
export const Estimate = z.object({ value: z.number(), low: z.number(), high: z.number() });
export type Estimate = z.infer<typeof Estimate>;

/** One answer of one model to one test question: a line of `eval_details_*.jsonl`. */
export const EvalDetail = z.object({
  id: text,
  type: QuestionType,
  source: z.string().optional(),
  kind: z.string().optional(),
  mode: z.enum(["greedy", "sampled"]),
  sample: z.number().int().min(0),
  completion: z.string(),
  format: z.boolean(),
  strict: z.boolean(),
  lenient: z.boolean(),
  /** Why, as the scorer says it: stable code and sentence of the lenient reading. */
  reason: z.string(),
  message: z.string(),
  judge: z.number().nullable(),
  /** As the server counted them; null when it did not say. */
  tokens: z.number().nullable(),
});
export type EvalDetail = z.infer<typeof EvalDetail>;

const LEFT_OPEN: ReadonlySet<string> = new Set([
  ...["both_directions", "free_text", "grew_by_or_to", "keyword_and_negation", "long_text"],
  ...["points_against_percent", "restated_in_doubt", "short_keyword", "yes_or_no_unclear"],
]);

/** Whether this is why rules could not decide: the reason of a kept answer tells "judge" from "wrong". */
export const isLeftOpen = (reason: string): boolean => LEFT_OPEN.has(reason);

/**
 * The zeros: the Base as it is, with the best prompt for it, and that prompt by majority of its sampled
 * answers.
 */
export const ZERO_NAMES = ["base", "base_prompted", "base_majority"] as const;
/** What training made of the Base. */
export const TRAINED_NAMES = ["sft_gold", "sft", "sft_grpo", "sft_on_policy", "grpo_only"] as const;
export type TrainedArm = (typeof TRAINED_NAMES)[number];
export const ARM_NAMES = [...ZERO_NAMES, ...TRAINED_NAMES] as const;
export const ArmName = z.enum(ARM_NAMES);
export type ArmName = z.infer<typeof ArmName>;
/** The arms that are a model and a prompt; the majority is counted from the answers of another. */
export type AskedArm = Exclude<ArmName, "base_majority">;

/** One arm of the ablation; `eval_*.json` holds one of these with its model, settings and n. */
export const Arm = z.object({
  name: z.string(),
  format: Estimate,
  /** Strict, greedy. */
  accuracy: Estimate,
  accuracyLenient: Estimate,
  /** Strict, sampled; null when nothing was sampled. */
  accuracySampled: Estimate.nullable(),
  accuracySampledLenient: Estimate.nullable(),
  /** Questions that were sampled, too: all or the first of them. Absent in reports of an older version. */
  sampledN: z.number().int().optional(),
  judge: Estimate.nullable(),
  /** Of the greedy answers whose tokens were counted; null when the server counted none. */
  tokensPerAnswer: z.number().nullable(),
  byType: z.record(z.string(), z.object({ n: z.number(), accuracy: Estimate, accuracyLenient: Estimate })),
});
export type Arm = z.infer<typeof Arm>;

export const EvalReport = Arm.extend({
  created: z.string(),
  profile: z.string(),
  model: z.string(),
  n: z.number().int(),
  settings: z.record(z.string(), z.unknown()),
});
export type EvalReport = z.infer<typeof EvalReport>;

export const AblationSummary = z.object({
  created: z.string(),
  profile: z.string(),
  n: z.number().int(),
  seeds: z.array(z.number().int()),
  arms: z.array(Arm),
  pairs: z.array(
    z.object({
      a: z.string(),
      b: z.string(),
      metric: z.string(),
      /** Questions that both arms answered in that way. */
      n: z.number().int().optional(),
      delta: z.number(),
      low: z.number(),
      high: z.number(),
      p: z.number(),
    }),
  ),
});
export type AblationSummary = z.infer<typeof AblationSummary>;
