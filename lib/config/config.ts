/** Every value a stage uses: its schema, unit, the original project's value and the reason for it. */
import { z } from "zod";

/** What the config table shows beside a value. */
export interface Meta {
  unit: string;
  why: string;
}

const meta = (unit: string, why: string) => ({ unit, why });
const int = (min: number, max: number) => z.number().int().min(min).max(max);
const real = (min: number, max: number) => z.number().min(min).max(max);
const flag = () => z.boolean();

const modelName = z
  .string()
  .min(1)
  .refine((s) => !s.startsWith("-"), "must not start with '-'");

const Models = z.strictObject({
  teacher: modelName.meta(meta("hub id or folder", "writes the chains of thought that are distilled")),
  judge: modelName.meta(meta("hub id or folder", "scores what the rules let through")),
  base: modelName.meta(meta("hub id or folder", "the model that is trained")),
  loadIn4bit: flag().meta(
    meta("", "train on NF4 weights with double quantisation: a quarter of the memory, some speed"),
  ),
});

const Prepare = z.strictObject({
  generated: int(0, 200_000).meta(meta("questions", "how many finance basics to generate")),
  generatedTest: int(0, 100_000).meta(
    meta(
      "questions",
      "further ones for the test alone, of values that nothing else has; with generated only",
    ),
  ),
  handwritten: flag().meta(meta("", "take the hand-written questions of data/handwritten")),
  sources: z.array(z.string()).meta(meta("files", "your own questions; all their rows are kept")),
  dianjin: flag().meta(meta("", "download DianJin-R1-Data")),
  dianjinEndpoint: z.url().meta(meta("URL", "Hugging Face, ModelScope or a mirror of either")),
  dianjinRevision: z
    .string()
    .meta(
      meta(
        "git revision",
        "a branch is resolved to its commit once and kept, in data/raw/dianjin/revision.json",
      ),
    ),
  sampleSize: int(1, 1_000_000).meta(meta("rows", "stratified sample of everything but your own files")),
  mixCalculation: real(0, 1).meta(meta("share", "of financial_calculation in the sample")),
  mixReasoning: real(0, 1).meta(meta("share", "of financial_reasoning in the sample")),
  mixConcept: real(0, 1).meta(meta("share", "of financial_concept in the sample")),
  mixAnalysis: real(0, 1).meta(meta("share", "of financial_analysis in the sample")),
  maxPromptTokens: int(16, 131_072).meta(
    meta("tokens", "longer questions are set aside: they would not leave room for an answer"),
  ),
  testShare: real(0.01, 0.9).meta(
    meta("share", "of the questions of each type kept for the test, split before anything is filtered"),
  ),
});

const Prompt = z.strictObject({
  system: z
    .string()
    .meta(
      meta("text", "system message of the student: in training, evaluation and deployment; empty for none"),
    ),
  teacher: z
    .string()
    .meta(
      meta(
        "name or text",
        "what the Teacher is told: a prompt of lib/prompt/prompts.json, or a system message of " +
          "your own; none for R1-Distill, as its makers advise",
      ),
    ),
  base: z
    .string()
    .meta(
      meta(
        "name or text",
        "the best prompt for the untrained Base, so that training is not credited with what a prompt does",
      ),
    ),
});

const Distill = z.strictObject({
  temperature: real(0, 2).meta(meta("", "R1's recommended sampling")),
  topP: real(0.01, 1).meta(meta("", "nucleus of the sampling")),
  maxTokens: int(8, 32_768).meta(meta("tokens", "longer texts are cut and then fail the format gate")),
  samplesPerQuestion: int(1, 64).meta(meta("texts", "more texts, more yield; the best one is kept")),
  assemble: flag().meta(
    meta(
      "",
      "put the training text together from reasoning and answer, as Fin-R1 does; false: the " +
        "format gate judges the text as written",
    ),
  ),
});

const Filter = z.strictObject({
  useJudge: flag().meta(meta("", "false skips the second layer")),
  rubric: z
    .enum(["four-dimensions", "seven-criteria"])
    .meta(meta("", "the original project's four scores, or Fin-R1's seven all-or-nothing criteria")),
  layout: z
    .enum(["rules-first", "inputs-first", "rules-first-question", "inputs-first-question", "rules-first-zh"])
    .meta(meta("", "order of rules and inputs; Fin-R1 measured rules first as best")),
  judgePrompt: z
    .enum(["short", "full", "check"])
    .meta(
      meta(
        "",
        "short: what the tiny Judge was trained on; full: the rubric spelt out; check: the same, " +
          "but look for an error first",
      ),
    ),
  judgePassScore: int(4, 20).meta(meta("of 20 points", "sum of the four scores needed to pass")),
  judgeTemperature: real(0, 2).meta(meta("", "near-greedy: a verdict should not be a lottery")),
  judgeMaxTokens: int(8, 4096).meta(meta("tokens", "room for the verdict's JSON and its reason")),
  judgeVotes: int(1, 15).meta(meta("votes", "majority of k verdicts")),
  minJudgePass: real(0, 1).meta(
    meta(
      "share",
      "of what the rules passed; a Judge that leaves less is an error before anything is " +
        "written, 0 for never",
    ),
  ),
  bestOf: z
    .enum(["shortest", "most_points", "first"])
    .meta(
      meta(
        "",
        "which text of a question stays when several pass; most_points asks the Judge's points, " +
          "then the length",
      ),
    ),
  rlSource: z
    .enum(["kept", "rejected", "all"])
    .meta(meta("", "which questions go to RL; a checkable gold answer is all RL needs")),
  sftMaxRows: int(1, 1_000_000).meta(meta("rows", "rows for SFT, stratified by type")),
});

const Lora = {
  loraRank: int(1, 512).meta(meta("", "rank of the update")),
  loraAlpha: int(1, 1024).meta(meta("", "the update is scaled by alpha / rank")),
  loraDropout: real(0, 0.9).meta(meta("share", "regularises small data")),
};

const Sft = z.strictObject({
  goldOnly: flag().meta(
    meta(
      "",
      "train on the gold answers of the same rows, without reasoning: what the Teacher adds is told by it",
    ),
  ),
  ...Lora,
  epochs: real(0.01, 100).meta(meta("epochs", "passes over the kept rows")),
  batchSize: int(1, 1024).meta(meta("rows", "per device and forward pass")),
  gradientAccumulation: int(1, 1024).meta(meta("batches", "effective batch = batch × accumulation")),
  learningRate: real(1e-8, 1).meta(meta("", "peak of the cosine schedule")),
  warmupShare: real(0, 0.9).meta(meta("share of steps", "linear warm-up before the cosine")),
  maxLength: int(32, 131_072).meta(meta("tokens", "prompt + response; longer rows are left out and counted")),
  gradientCheckpointing: flag().meta(meta("", "recompute activations: less memory, a third more time")),
  saveSteps: int(1, 100_000).meta(meta("steps", "a killed run loses at most this much")),
});

const Grpo = z.strictObject({
  startFromSft: flag().meta(meta("", "false trains the Base directly (Fin-R1-Zero)")),
  loraRank: Lora.loraRank,
  loraAlpha: Lora.loraAlpha,
  maxSteps: int(1, 1_000_000).meta(
    meta("steps", "optimizer steps; the run ends earlier when the epochs are through"),
  ),
  epochs: real(0.01, 100).meta(meta("epochs", "passes over the RL questions")),
  promptsPerStep: int(1, 4096).meta(meta("questions", "questions answered before each update")),
  groupSize: int(2, 128).meta(
    meta("answers", "answers a question; the advantage compares them with each other"),
  ),
  microBatch: int(1, 4096).meta(
    meta("answers", "answers per forward/backward pass; divides promptsPerStep × groupSize"),
  ),
  temperature: real(0.05, 2).meta(meta("", "exploration while answering")),
  maxTokens: int(8, 32_768).meta(meta("tokens", "longer answers are cut; see maskTruncated")),
  learningRate: real(1e-9, 1).meta(meta("", "after warm-up")),
  warmupShare: real(0, 0.9).meta(meta("share of steps", "linear warm-up before that learning rate")),
  schedule: z
    .enum(["constant", "linear"])
    .meta(
      meta(
        "",
        "the learning rate after warm-up: stays, or falls to 0 by the last step, so that the noise of " +
          "single batches is averaged out of the weights",
      ),
    ),
  beta: real(0, 10).meta(meta("", "weight of the KL to the starting policy")),
  klGradient: z
    .enum(["paper", "unbiased"])
    .meta(
      meta(
        "",
        "of the KL's estimate k3: as the paper differentiates it, or times the ratio, whose " +
          "gradient is the KL's own",
      ),
    ),
  rewardFormat: real(0, 1).meta(
    meta("weight", "of the format reward; 0.3 is the original project's, Fin-R1 adds both unweighted"),
  ),
  rewardAccuracy: real(0, 1).meta(meta("weight", "of the accuracy reward")),
  rewardJudge: real(0, 1).meta(meta("weight", "of the Judge's score; used with useJudge")),
  useJudge: flag().meta(meta("", "let the Judge take part in the reward")),
  dropDeadGroups: flag().meta(
    meta(
      "",
      "ask groupSize answers a question first and leave out those answered all right or all " +
        "wrong: they carry no gradient",
    ),
  ),
  maskTruncated: flag().meta(
    meta(
      "",
      "leave answers that were cut at maxTokens out of the loss (overlong filtering of DAPO, " +
        "arXiv 2503.14476)",
    ),
  ),
  scaleRewards: flag().meta(meta("", "divide advantages by the group's standard deviation, as GRPO does")),
  saveSteps: int(1, 100_000).meta(meta("steps", "a killed run loses at most this much")),
  gradientCheckpointing: flag().meta(meta("", "recompute activations: less memory, a third more time")),
  sampleEvery: int(1, 1000).meta(meta("steps", "how often completions are kept for the figures")),
  probeSteps: int(0, 100_000).meta(
    meta(
      "steps",
      "how often the policy answers questions that it does not learn from, greedily; 0 for never",
    ),
  ),
  probeQuestions: int(10, 512).meta(
    meta(
      "questions",
      "for that, generated where questions are; of questions that are all your own at most a tenth, kept " +
        "from training",
    ),
  ),
  inspectSteps: z
    .array(int(-1, 1_000_000).refine((step) => step !== 0, "a step from 1 on, or -1 for the last"))
    .max(20)
    .meta(
      meta(
        "steps",
        "of which every token's numbers are kept (insideStep shows them), -1 for the last; each costs " +
          "one more forward pass",
      ),
    ),
});

const OnPolicy = z.strictObject({
  maxSteps: Grpo.shape.maxSteps,
  epochs: Grpo.shape.epochs,
  promptsPerStep: int(1, 4096).meta(meta("questions", "questions answered, once each, before each update")),
  microBatch: int(1, 4096).meta(meta("answers", "answers per forward/backward pass; divides promptsPerStep")),
  temperature: real(0.05, 2).meta(
    meta("", "exploration while answering; of both distributions in the loss, too"),
  ),
  maxTokens: int(8, 32_768).meta(meta("tokens", "longer answers are cut, and learned from up to there")),
  learningRate: Grpo.shape.learningRate,
  warmupShare: Grpo.shape.warmupShare,
  schedule: Grpo.shape.schedule,
  beta: real(0, 1).meta(
    meta("", "which divergence: 1 reverse KL (student to Teacher), 0 forward KL, between a Jensen-Shannon"),
  ),
  saveSteps: Grpo.shape.saveSteps,
  gradientCheckpointing: Grpo.shape.gradientCheckpointing,
});

const Evaluate = z.strictObject({
  maxTokens: int(8, 32_768).meta(meta("tokens", "room for one answer")),
  samples: int(0, 64).meta(meta("answers", "sampled answers a question beside the greedy one; 0 for none")),
  temperature: real(0.05, 2).meta(meta("", "of the sampled answers")),
  useJudge: flag().meta(meta("", "the Judge's score beside the rule score")),
  maxQuestions: int(1, 1_000_000).meta(meta("questions", "of test.jsonl that are asked")),
  sampledQuestions: int(1, 1_000_000).meta(
    meta("questions", "the first of them, answered sampled and judged as well; the others greedily only"),
  ),
});

const Serving = z.strictObject({
  engine: z
    .enum(["transformers", "vllm"])
    .meta(meta("", "transformers serve runs on a CPU; vLLM wants a GPU")),
  url: z
    .string()
    .meta(
      meta(
        "URL",
        "use this OpenAI-compatible server for every role instead of starting one; empty to start one",
      ),
    ),
  teacherUrl: z.string().meta(meta("URL", "the same for the Teacher alone")),
  judgeUrl: z.string().meta(meta("URL", "the same for the Judge alone")),
  port: int(0, 65_535).meta(meta("port", "of started servers; 0 picks a free one")),
  concurrency: int(1, 8192).meta(meta("requests", "in flight at once; the server's batch plus a little")),
  requestTimeoutMs: int(1000, 86_400_000).meta(meta("ms", "deadline of one request, all retries included")),
  startTimeoutMs: int(1000, 86_400_000).meta(meta("ms", "until a real completion must have come back")),
  maxModelLength: int(64, 131_072).meta(meta("tokens", "prompt + completion")),
});

/**
 * Read on a GPU only. What is not set is chosen by the GPU's memory (lib/gpu/choose.ts), as are loadIn4bit,
 * batches and checkpointing.
 */
const Gpu = z.strictObject({
  processes: int(0, 64).meta(
    meta("GPUs", "share each training step's rows; the effective batch stays; 0 takes all"),
  ),
  ray: z
    .string()
    .meta(
      meta(
        "address",
        "of a Ray cluster that trains, serves and merges: auto, or host:port; empty for this machine; " +
          "says gpu.processes and gpu.replicas, too",
      ),
    ),
  vllm: flag().meta(meta("", "GRPO: vLLM answers inside the trainer, on bf16 weights")),
  vllmSleep: flag().meta(
    meta("", "GRPO: vLLM gives its memory back while the policy learns; costs time at every step"),
  ),
  vllmMemoryShare: real(0.02, 0.95).meta(
    meta("share of the GPU", "GRPO: of vLLM inside the trainer: its weights, cache and graphs"),
  ),
  vllmCorrection: flag().meta(
    meta("", "GRPO: weigh answers by how far vLLM's probabilities are from the trainer's"),
  ),
  vllmCorrectionMode: z
    .enum(["sequence_mask", "sequence_truncate", "token_mask", "token_truncate"])
    .meta(
      meta(
        "",
        "GRPO: one weight an answer or one a token; above the bound it is left out (mask) or set " +
          "to it (truncate)",
      ),
    ),
  vllmCorrectionMax: real(1, 1000).meta(meta("", "GRPO: the bound of that weight")),
  packed: flag().meta(
    meta("", "GRPO: score answers end to end, each prompt once; false pads them all to the longest"),
  ),
  replicas: int(0, 64).meta(
    meta("GPUs", "each hold a copy of a served model; requests are spread over them; 0 takes all"),
  ),
  serveIn4bit: flag().meta(meta("", "Teacher and Judge in 4 bit; what is trained and evaluated never is")),
  serverSequences: int(1, 4096).meta(
    meta(
      "requests",
      "that a vLLM server works on at once, on each GPU; the others in flight wait in its queue",
    ),
  ),
  serverProcesses: int(1, 16).meta(
    meta("processes", "of vLLM that share each GPU, where their Python, not the GPU, is the limit"),
  ),
  serverMemoryShare: real(0.02, 0.98).meta(
    meta("share of the GPU", "that a vLLM server takes: weights, cache and graphs"),
  ),
  cudaGraphs: flag().meta(
    meta("", "vLLM servers replay captured graphs: faster small batches for some memory"),
  ),
});

const Deploy = z.strictObject({
  port: int(0, 65_535).meta(meta("port", "of the deployed model, on 127.0.0.1")),
  parityPrompts: int(1, 10_000).meta(
    meta("prompts", "whose answers with the adapter the merged model is compared on"),
  ),
  parityTopTokens: real(0, 1).meta(
    meta(
      "share",
      "of the answers' tokens at which both must have the same most likely one in bf16; in float32 all",
    ),
  ),
  exports: z
    .array(z.enum(["gguf", "onnx"]))
    .meta(
      meta(
        "formats",
        "files for other programs: gguf for llama.cpp, Ollama, LM Studio; onnx for transformers.js, in " +
          "float32: 6 GB for 1.5 billion weights, more than a page can load",
      ),
    ),
});

const Tracking = z.strictObject({
  service: z
    .enum(["none", "wandb", "trackio"])
    .meta(
      meta(
        "",
        "copy what a run logs to Weights & Biases, or to trackio on this machine; reports/ stays " +
          "the source of truth",
      ),
    ),
  wandbMode: z
    .enum(["online", "offline"])
    .meta(meta("", "offline writes to the run's folder and sends nothing")),
  project: z.string().min(1).meta(meta("", "of W&B or trackio")),
});

export const Config = z
  .strictObject({
    profile: z.enum(["tiny", "small", "gpu"]).meta(meta("", "which set of defaults")),
    seed: int(0, 2_147_483_647).meta(meta("", "of sampling, splits and training")),
    models: Models,
    prepare: Prepare,
    prompt: Prompt,
    distill: Distill,
    filter: Filter,
    sft: Sft,
    grpo: Grpo,
    onPolicy: OnPolicy,
    evaluate: Evaluate,
    serving: Serving,
    gpu: Gpu,
    deploy: Deploy,
    tracking: Tracking,
  })
  .superRefine((c, ctx) => {
    const answers = c.grpo.promptsPerStep * c.grpo.groupSize;
    if (answers % c.grpo.microBatch !== 0)
      ctx.addIssue({
        code: "custom",
        path: ["grpo", "microBatch"],
        message: `must divide promptsPerStep × groupSize = ${answers}`,
      });
    const { promptsPerStep, microBatch } = c.onPolicy;
    if (promptsPerStep % microBatch !== 0)
      ctx.addIssue({
        code: "custom",
        path: ["onPolicy", "microBatch"],
        message: `must divide promptsPerStep = ${promptsPerStep}`,
      });
    const p = c.prepare;
    const mix = p.mixCalculation + p.mixReasoning + p.mixConcept + p.mixAnalysis;
    if (Math.abs(mix - 1) > 1e-9)
      ctx.addIssue({
        code: "custom",
        path: ["prepare", "mixCalculation"],
        message: `the four shares must sum to 1, they sum to ${mix}`,
      });
  });
export type Config = z.infer<typeof Config>;
export type ConfigSection = Exclude<keyof Config, "profile" | "seed">;
export type ProfileName = Config["profile"];

/** Whether a profile's models want a GPU. */
export function wantsGpu({ profile }: { profile: string }): boolean {
  return profile !== "tiny";
}
