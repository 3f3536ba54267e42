/**
 * How each row of the GPU bench is measured: a baseline and the product, on the same rows, one after the
 * other.
 */
import { answering, baseline, distilling, training } from "./gpu-runs.ts";
import { withRay } from "./ray-cluster.ts";
import type { Bench } from "./gpu-runs.ts";
import type { Figure } from "./gpu-table.ts";

export interface Measured {
  baseline: Figure;
  ours: Figure;
  notes: string[];
}

/** Rows of the SFT: log-normal with median 550 and mean 700, cut at 2,048. */
const LOG_NORMAL = ["--count", 2000, "--median", 550, "--mean", 700, "--cut", 2048];
const DENSE = ["--count", 160, "--fixed", 2048];
/** 64 that warm up, 2,048 that are timed. */
const QUESTIONS = ["--count", 2112, "--prompt", 200];
const TIMED = 2048;
/**
 * For several GPUs: each has as many to answer as the one of the other rows, so that the filling and the
 * emptying weigh alike.
 */
const MANY_QUESTIONS = ["--count", 64 + 4 * TIMED, "--prompt", 200];
/** As the original project trains: 2 rows a pass, 8 passes a step, NF4. */
const ORIGINAL = ["--batch", 2, "--accumulation", 8, "--steps", 40, "--checkpointing", "--four-bit"];
const TOKENS = 512;
/** Rows a pass for which memory is planned, all of the greatest length; shorter ones share a pass. */
const PASS = 16;
/** Rows a step at which the GPU sets the pace; 16 take as long as Python needs to launch their kernels. */
const WIDE = 32;
const ONE_GPU = { "gpu.processes": 1, "gpu.replicas": 1 };
const BF16 = { "models.loadIn4bit": false };

type Measure = (bench: Bench) => Promise<Measured>;

const sft = (bench: Bench, name: string, model: string, rows: string, overrides: Record<string, unknown>) =>
  training(bench, name, "sft", rows, {
    "models.base": model,
    "sft.epochs": 1,
    "sft.saveSteps": 10_000, // the baselines save nothing, either
    ...overrides,
  });

export const MEASURES: Readonly<Record<string, Measure>> = {
  async sft(bench) {
    const model = await bench.model("1.5b");
    const rows = await bench.rows("log-normal", model, LOG_NORMAL);
    const plain = await baseline(bench, "plain_sft", [
      model,
      rows,
      "--batch",
      8,
      "--accumulation",
      2,
      "--steps",
      60,
      "--checkpointing",
    ]);
    const { figure, run } = await sft(bench, "sft", model, rows, { ...BF16, ...ONE_GPU });
    return { baseline: plain, ours: figure, notes: [settingOf(run.config.sft)] };
  },

  sftTrl: (bench) => againstTrl(bench, PASS),
  sftTrl32: (bench) => againstTrl(bench, WIDE),

  async qlora(bench) {
    const model = await bench.model("1.5b");
    const rows = await bench.rows("dense", model, DENSE);
    const plain = await baseline(bench, "plain_sft", [model, rows, ...ORIGINAL]);
    const { figure, run } = await sft(bench, "qlora", model, rows, {
      "models.loadIn4bit": true,
      "sft.batchSize": 8,
      "sft.gradientAccumulation": 2,
      "sft.gradientCheckpointing": true,
      ...ONE_GPU,
    });
    return { baseline: plain, ours: figure, notes: [settingOf(run.config.sft)] };
  },

  async qlora8(bench) {
    const model = await bench.model("1.5b");
    const rows = await bench.rows("dense", model, DENSE);
    const plain = await baseline(bench, "plain_sft", [model, rows, ...ORIGINAL]);
    const { figure, run } = await sft(bench, "qlora8", model, rows, {
      "models.loadIn4bit": true,
      "sft.batchSize": 4,
      "sft.gradientAccumulation": 4,
      "sft.gradientCheckpointing": true,
      ...ONE_GPU,
    });
    return { baseline: plain, ours: figure, notes: [settingOf(run.config.sft)] };
  },

  async evaluate(bench) {
    const model = await bench.model("1.5b");
    const rows = await bench.rows("questions", model, QUESTIONS);
    const plain = await baseline(bench, "plain_generate", [
      model,
      rows,
      "--batch",
      64,
      "--batches",
      2,
      "--tokens",
      TOKENS,
    ]);
    return {
      baseline: plain,
      ours: await answering(bench, "evaluate", rows, 1000, TOKENS, {
        "models.base": model,
        "serving.maxModelLength": 1024,
        ...ONE_GPU,
      }),
      notes: ["baseline on 2 of 16 batches"],
    };
  },

  async distil(bench) {
    const model = await bench.model("7b");
    const rows = await bench.rows("questions", model, QUESTIONS);
    const plain = await baseline(bench, "plain_vllm", [model, rows, "--tokens", TOKENS, "--repeats", 1]);
    return {
      baseline: plain,
      ours: await distil7b(bench, "distil", model, rows, TIMED, 1),
      notes: ["the same 2,048 prompts"],
    };
  },

  async grpo(bench) {
    const model = await bench.model("1.5b");
    const rows = await bench.rows("questions", model, QUESTIONS);
    const plain = await baseline(bench, "plain_grpo", [
      model,
      rows,
      "--prompts",
      16,
      "--answers",
      4,
      "--tokens",
      TOKENS,
      "--batch",
      16,
      "--steps",
      9,
      "--warm-up",
      3,
      "--vllm",
      0.3,
    ]);
    const overrides = {
      "models.base": model,
      ...BF16,
      ...ONE_GPU,
      "grpo.startFromSft": false,
      "grpo.maskTruncated": false,
      "grpo.promptsPerStep": 16,
      "grpo.groupSize": 4,
      "grpo.maxTokens": TOKENS,
      "grpo.maxSteps": 12,
      "grpo.probeSteps": 0, // TRL's trainer watches nothing, either
      "gpu.vllm": true,
    };
    const { figure, run } = await training(bench, "grpo", "grpo", rows, overrides);
    return {
      baseline: plain,
      ours: figure,
      notes: [
        settingOf({
          ...run.config.gpu,
          microBatch: run.config.grpo.microBatch,
          gradientCheckpointing: run.config.grpo.gradientCheckpointing,
        }),
      ],
    };
  },

  sft2: (bench) => sftOn(bench, 2),
  sft4: (bench) => sftOn(bench, 4),
  distil2: (bench) => distilOn(bench, 2),
  distil4: (bench) => distilOn(bench, 4),
  ray1: (bench) => onRay(bench, 1, sftOnOne, sftOn),
  rayDistil1: (bench) => onRay(bench, 1, distilOnOne, distilOn),
  ray2: (bench) => onRay(bench, 2, sftOnOne, sftOn),
  ray4: (bench) => onRay(bench, 4, sftOnOne, sftOn),
};

async function againstTrl(bench: Bench, rowsPerStep: number): Promise<Measured> {
  const model = await bench.model("1.5b");
  const rows = await bench.rows("log-normal", model, LOG_NORMAL);
  const args = [model, rows, "--batch", rowsPerStep, "--steps", 960 / rowsPerStep];
  const plain = await baseline(bench, "plain_sft_trl", args);
  const { figure, run } = await sft(bench, `sft-trl-${rowsPerStep}`, model, rows, {
    ...BF16,
    ...ONE_GPU,
    "sft.batchSize": PASS,
    "sft.gradientAccumulation": rowsPerStep / PASS,
  });
  return { baseline: plain, ours: figure, notes: [settingOf(run.config.sft)] };
}

/** `alone`, one GPU without Ray, is measured while no cluster is there. */
async function onRay(
  bench: Bench,
  gpus: number,
  alone: (bench: Bench) => Promise<Figure>,
  measure: typeof sftOn,
): Promise<Measured> {
  await alone(bench);
  return await withRay({ gpus }, (address) => measure(bench, gpus, address));
}

async function sftOn(bench: Bench, gpus: number, ray = ""): Promise<Measured> {
  const one = await sftOnOne(bench);
  const all = await sftOver(bench, gpus, ray);
  return { baseline: one, ours: all.figure, notes: [settingOf(all.run.config.sft)] };
}

const sftOnOne = (bench: Bench): Promise<Figure> =>
  bench.once("SFT on one GPU", async () => (await sftOver(bench, 1)).figure);

/** Equal work a GPU and step. */
async function sftOver(bench: Bench, processes: number, ray = ""): ReturnType<typeof sft> {
  const model = await bench.model("1.5b");
  const rows = await bench.rows("log-normal", model, LOG_NORMAL);
  return await sft(bench, `sft-${processes}${ray && "-ray"}`, model, rows, {
    ...BF16,
    "sft.batchSize": PASS,
    "sft.gradientAccumulation": (WIDE / PASS) * processes,
    "gpu.processes": processes,
    "gpu.ray": ray,
  });
}

async function distilOn(bench: Bench, gpus: number, ray = ""): Promise<Measured> {
  return {
    baseline: await distilOnOne(bench),
    ours: await distilOver(bench, gpus, ray),
    notes: [`${TIMED} prompts for each GPU`],
  };
}

const distilOnOne = (bench: Bench): Promise<Figure> =>
  bench.once("distil on one GPU", () => distilOver(bench, 1));

async function distilOver(bench: Bench, gpus: number, ray = ""): Promise<Figure> {
  const model = await bench.model("7b");
  const rows = await bench.rows("many-questions", model, MANY_QUESTIONS);
  return await distil7b(bench, `distil-${gpus}${ray && "-ray"}`, model, rows, gpus * TIMED, gpus, ray);
}

function distil7b(
  bench: Bench,
  name: string,
  model: string,
  rows: string,
  count: number,
  gpus: number,
  ray = "",
): Promise<Figure> {
  return distilling(
    bench,
    name,
    rows,
    { warmUp: 64, count, tokens: TOKENS },
    {
      "models.teacher": model,
      "gpu.serveIn4bit": false,
      "gpu.replicas": gpus,
      "gpu.ray": ray,
      "serving.maxModelLength": 1024,
    },
  );
}

const settingOf = (settings: object): string =>
  Object.entries(settings)
    .filter(([, value]) => typeof value !== "object")
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(", ");
