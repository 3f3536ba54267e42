/** What SFT and GRPO can afford on a GPU: bf16 or NF4, rows a pass, checkpointing, vLLM in the trainer. Pure. */
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import { choose, divisors } from "./fit.ts";
import type { Fit, Option } from "./fit.ts";
import { cacheBytes, servingMemory, together, totalMemory, trainingMemory } from "./memory-plan.ts";
import type { Memory } from "./memory-plan.ts";
import type { ModelShape } from "./model-shape.ts";

/** Tokens a pass below which a GPU idles: then smaller activations by checkpointing buy more than they cost. */
const ENOUGH_TOKENS = 4096;
/** Rows a pass beyond which nothing gets faster. */
const ENOUGH_ROWS = 16;
/** The same of GRPO's answers, which are planned at their greatest length: what is left serves vLLM better. */
const ENOUGH_ANSWERS = 8;

export interface TrainingNeed {
  config: Config;
  shape: ModelShape;
  /** Of each GPU. */
  room: number;
  gpus: number;
  /** Which keys the plan may change. */
  free: (key: string) => boolean;
}

/** SFT: bf16 LoRA where memory allows, NF4 where it does not; the rows of a step are the config's, whatever is chosen. */
export function fitSft({ config, shape, room, gpus, free }: TrainingNeed): Fit {
  const { batchSize, gradientAccumulation, gradientCheckpointing, loraRank, loraDropout, maxLength } = config.sft;
  const rows = batchSize * gradientAccumulation;
  const processes = processesFor(config, rows, gpus, "sft.batchSize × sft.gradientAccumulation");
  const mayCut = free("sft.batchSize") && free("sft.gradientAccumulation");
  if (!mayCut) assertDivides(rows / processes, batchSize, "sft.batchSize", processes);
  const options = passes(config, free, mayCut ? divisors(rows / processes, ENOUGH_ROWS) : [batchSize], maxLength, free("sft.gradientCheckpointing") ? null : gradientCheckpointing).map(
    ({ format, checkpointing, micro }): Option => ({
      overrides: {
        "models.loadIn4bit": format !== "bf16",
        ...(mayCut && { "sft.batchSize": micro, "sft.gradientAccumulation": rows / micro }),
        "sft.gradientCheckpointing": checkpointing,
        "gpu.processes": processes,
      },
      setting: words(format, checkpointing, `${processes > 1 ? `${processes} GPUs × ` : ""}${micro} rows × ${rows / micro / processes}`),
      memory: trainingMemory({ shape, format, rank: loraRank, dropout: loraDropout > 0, tokens: micro * maxLength, checkpointing, kernels: "fused" }),
    }),
  );
  return choose("SFT", options, room);
}

/**
 * GRPO: vLLM beside the trainer; asleep while the policy learns where both have no room; without it where even that has none.
 * vLLM needs bf16 weights: an adapter merged into NF4 weights at every step would be rounded with them.
 */
export function fitGrpo({ config, shape, room, gpus, free }: TrainingNeed, judge?: { shape: ModelShape; tokens: number }): Fit {
  const { promptsPerStep, groupSize, microBatch, maxTokens, loraRank, gradientCheckpointing } = config.grpo;
  const answers = promptsPerStep * groupSize;
  const processes = processesFor(config, answers, gpus, "grpo.promptsPerStep × grpo.groupSize");
  if (!free("grpo.microBatch")) assertDivides(answers / processes, microBatch, "grpo.microBatch", processes);
  if (config.gpu.vllm && config.models.loadIn4bit && !free("gpu.vllm") && !free("models.loadIn4bit"))
    throw new LabError({ what: "vLLM inside GRPO needs bf16 weights", where: "gpu.vllm and models.loadIn4bit", expected: "one of them", found: "both", todo: "Set one of the two to false." });
  const length = config.prepare.maxPromptTokens + maxTokens;
  const micros = free("grpo.microBatch") ? divisors(answers / processes, ENOUGH_ANSWERS) : [microBatch];
  const withVllm = free("gpu.vllm") || config.gpu.vllm;
  const sleeps = withVllm ? (free("gpu.vllmSleep") ? [false, true] : [config.gpu.vllmSleep]) : [];
  const plain = free("gpu.vllm") || !config.gpu.vllm ? [null] : [];
  const beside = judge && servingMemory({ shape: judge.shape, format: "nf4 double", tokens: judge.tokens, graphs: false });
  const options = [...sleeps, ...plain].flatMap((sleep) =>
    passes(config, free, micros, length, free("grpo.gradientCheckpointing") ? null : gradientCheckpointing)
      .filter(({ format }) => sleep === null || format === "bf16")
      .map(({ format, checkpointing, micro }): Option => {
        const training = trainingMemory({ shape, format, rank: loraRank, dropout: false, tokens: micro * length, checkpointing, kernels: "fused" });
        const answering = servingMemory({ shape, format, tokens: (answers / processes) * length, graphs: true });
        // Up to what TRL gives vLLM by default, where that leaves the trainer as much again: the plan's own numbers for vLLM are assumed ones.
        const spare = room - totalMemory(sleep ? resting(training) : training) - (beside ? totalMemory(beside) : 0);
        answering.cache += Math.max(0, Math.min(0.3 * room, spare / 2) - totalMemory(answering));
        const share = free("gpu.vllmMemoryShare") ? Math.min(0.95, Math.ceil((100 * totalMemory(answering)) / room) / 100) : config.gpu.vllmMemoryShare;
        const memory = sleep === false ? together(training, answering) : larger(training, together(resting(training), sleep ? answering : { ...NOTHING, cache: (answers / processes) * length * cacheBytes(shape) }));
        return {
          overrides: {
            "models.loadIn4bit": format !== "bf16",
            "grpo.microBatch": micro,
            "grpo.gradientCheckpointing": checkpointing,
            "gpu.processes": processes,
            "gpu.vllm": sleep !== null,
            ...(sleep !== null && { "gpu.vllmSleep": sleep, "gpu.vllmMemoryShare": share }),
            ...(beside && { "gpu.serveIn4bit": true, "gpu.cudaGraphs": false, "gpu.replicas": 1, "gpu.serverMemoryShare": Math.ceil((100 * totalMemory(beside)) / room) / 100 }),
          },
          setting: words(format, checkpointing, `${micro} answers, ${sleep === null ? "no vLLM" : `vLLM on ${share}${sleep ? " asleep" : ""}`}${beside ? ", a Judge" : ""}`),
          memory: beside ? together(memory, beside) : memory,
        };
      }),
  );
  return choose("GRPO", options, room);
}

interface Pass {
  format: "bf16" | "nf4 double";
  checkpointing: boolean;
  micro: number;
}

/** The ways to cut a step into passes, the fastest first. */
function passes({ models }: Config, free: TrainingNeed["free"], micros: readonly number[], length: number, checkpointing: boolean | null): Pass[] {
  const formats = free("models.loadIn4bit") ? (["bf16", "nf4 double"] as const) : ([models.loadIn4bit ? "nf4 double" : "bf16"] as const);
  const modes = checkpointing === null ? [false, true] : [checkpointing];
  return formats.flatMap((format) =>
    modes.flatMap((mode) => micros.filter((micro) => mode || checkpointing !== null || micro * length >= ENOUGH_TOKENS || micro === micros[0]).map((micro) => ({ format, checkpointing: mode, micro }))),
  );
}

/** The GPUs that share a step: those asked for, or as many as divide its rows. Throws LabError when so many are not there, or do not divide them. */
function processesFor({ gpu: { processes, ray } }: Config, rows: number, gpus: number, product: string): number {
  if (processes === 0 && ray !== "") throw new LabError({ what: "How many GPUs of the Ray cluster take part is not said", where: "gpu.processes", expected: `a divisor of ${product} = ${rows}: ${divisors(rows).join(", ")}`, found: "0" });
  if (processes === 0) return divisors(rows, Math.max(1, gpus))[0]!;
  if (processes > gpus && ray === "") throw new LabError({ what: "There are not so many GPUs", where: "gpu.processes", expected: `at most ${gpus}, or 0 for all that divide a step`, found: String(processes) });
  if (rows % processes !== 0) throw new LabError({ what: "The GPUs do not divide a step's rows", where: "gpu.processes", expected: `a divisor of ${product} = ${rows}: ${divisors(rows, Math.max(gpus, processes)).join(", ")}`, found: String(processes) });
  return processes;
}

function assertDivides(rows: number, micro: number, key: string, processes: number): void {
  if (rows % micro !== 0) throw new LabError({ what: "The passes do not fill a step", where: key, expected: `a divisor of the ${rows} rows that each of ${processes} processes has a step: ${divisors(rows).join(", ")}`, found: String(micro) });
}

const NOTHING: Memory = { weights: 0, cache: 0, optimizer: 0, activations: 0, runtime: 0 };
const resting = (training: Memory): Memory => ({ ...training, activations: 0 });
const larger = (a: Memory, b: Memory): Memory => (totalMemory(a) >= totalMemory(b) ? a : b);

function words(format: Pass["format"], checkpointing: boolean, rest: string): string {
  return `${format === "bf16" ? "bf16 LoRA" : "NF4 QLoRA"}, ${rest}, ${checkpointing ? "" : "no "}checkpointing`;
}
