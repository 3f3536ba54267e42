/**
 * What SFT and GRPO can afford on a GPU: bf16 or NF4, rows a pass, checkpointing, vLLM in the trainer. Pure.
 */
import type { Config } from "../config/config.ts";
import type { Overrides } from "../config/settings.ts";
import { LabError } from "../errors.ts";
import { accepts, bytesOf, choose, divisors, roomOf } from "./choose.ts";
import type { Fit, Option, Short } from "./choose.ts";
import { cacheBytes, servingMemory, together, totalMemory, trainingMemory } from "./memory.ts";
import type { Memory } from "./memory.ts";
import type { ModelShape } from "../model/model-shape.ts";

/**
 * Tokens a pass below which a GPU idles: then smaller activations by checkpointing buy more than they cost.
 */
const ENOUGH_TOKENS = 4096;
/** Rows a pass beyond which nothing gets faster. */
const ENOUGH_ROWS = 16;
/**
 * The same of GRPO's answers, which are planned at their greatest length: what is left serves vLLM better.
 */
const ENOUGH_ANSWERS = 8;
/**
 * Without padding a pass is filled with as many answers as its tokens allow, and a small model waits for
 * Python to launch its kernels pass by pass: so many, as long as the trainer takes no more than half of the
 * GPU.
 */
const ENOUGH_PACKED = 32;
/**
 * Answers that vLLM in the trainer needs cache for at once; the others wait in its queue. Fewer leave the GPU
 * idle between the tokens.
 */
const LEAST_AT_ONCE = 32;
/** TRL's default share for vLLM in the trainer. */
const USUAL_SHARE = 0.3;

export interface TrainingNeed {
  config: Config;
  shape: ModelShape;
  /** Bytes of each GPU that may be taken. */
  room: number;
  /** Bytes of each whole GPU, of which vLLM takes its share. */
  total: number;
  gpus: number;
  /** Which keys the plan may change. */
  free: (key: string) => boolean;
}

/**
 * SFT: bf16 LoRA where memory allows, NF4 where it does not; the rows of a step are the config's, whatever is
 * chosen.
 */
export function fitSft({ config, shape, room, gpus, free }: TrainingNeed): Fit {
  const { batchSize, gradientAccumulation, gradientCheckpointing, loraRank, loraDropout, maxLength } =
    config.sft;
  const rows = batchSize * gradientAccumulation;
  const mayCut = free("sft.batchSize") && free("sft.gradientAccumulation");
  const processes = processesFor(
    config,
    rows,
    gpus,
    mayCut ? 1 : batchSize,
    "sft.batchSize × sft.gradientAccumulation",
  );
  const cut = (micro: number) => ({ "sft.batchSize": micro, "sft.gradientAccumulation": rows / micro });
  if (!mayCut) assertDivides(rows / processes, batchSize, "sft.batchSize", processes);
  const options = passes(
    config,
    free,
    mayCut
      ? divisors(rows / processes, ENOUGH_ROWS).filter((micro) => accepts(config, cut(micro)))
      : [batchSize],
    maxLength,
    free("sft.gradientCheckpointing") ? null : gradientCheckpointing,
  ).map(
    ({ format, checkpointing, micro }): Option => ({
      overrides: {
        "models.loadIn4bit": format !== "bf16",
        ...(mayCut && cut(micro)),
        "sft.gradientCheckpointing": checkpointing,
        "gpu.processes": processes,
      },
      setting: words(
        format,
        checkpointing,
        `${processes > 1 ? `${processes} GPUs × ` : ""}${micro} rows × ${rows / micro / processes}`,
      ),
      memory: trainingMemory({
        shape,
        format,
        rank: loraRank,
        dropout: loraDropout > 0,
        tokens: micro * maxLength,
        checkpointing,
        kernels: "fused",
      }),
    }),
  );
  return choose("SFT", options, room);
}

/**
 * GRPO: vLLM beside the trainer; asleep while the policy learns where both have no room; without it where
 * even that has none. vLLM needs bf16 weights: an adapter merged into NF4 weights at every step would be
 * rounded with them.
 */
export function fitGrpo(need: TrainingNeed, judge?: Judge): Fit {
  const { config, shape, room, gpus, free } = need;
  const { promptsPerStep, groupSize, microBatch, maxTokens, loraRank, gradientCheckpointing } = config.grpo;
  const answers = promptsPerStep * groupSize;
  const processes = processesFor(
    config,
    answers,
    gpus,
    free("grpo.microBatch") ? 1 : microBatch,
    "grpo.promptsPerStep × grpo.groupSize",
  );
  if (!free("grpo.microBatch")) assertDivides(answers / processes, microBatch, "grpo.microBatch", processes);
  if (config.gpu.vllm && config.models.loadIn4bit && !free("gpu.vllm") && !free("models.loadIn4bit"))
    throw bothRefused();
  const length = config.prepare.maxPromptTokens + maxTokens;
  const enough = config.gpu.packed ? ENOUGH_PACKED : ENOUGH_ANSWERS;
  const micros = free("grpo.microBatch") ? divisors(answers / processes, enough) : [microBatch];
  const mayBe16bit = free("models.loadIn4bit") || !config.models.loadIn4bit;
  const withVllm = mayBe16bit && (free("gpu.vllm") || config.gpu.vllm);
  const sleeps = withVllm ? (free("gpu.vllmSleep") ? [false, true] : [config.gpu.vllmSleep]) : [];
  // Who gives vLLM a share wants it.
  const plain = withVllm && !(free("gpu.vllm") && free("gpu.vllmMemoryShare")) ? [] : [null];
  const beside = judge && besideTrainer(need, judge);
  const options = [...sleeps, ...plain].flatMap((sleep) =>
    passes(config, free, micros, length, free("grpo.gradientCheckpointing") ? null : gradientCheckpointing)
      .filter(({ format }) => sleep === null || format === "bf16")
      .flatMap(({ format, checkpointing, micro }): Option | never[] => {
        const training = trainingMemory({
          shape,
          format,
          rank: loraRank,
          dropout: false,
          tokens: micro * length,
          checkpointing,
          kernels: "fused",
        });
        if (free("grpo.microBatch") && micro > ENOUGH_ANSWERS && totalMemory(training) > room / 2) return [];
        const spare =
          room -
          totalMemory(sleep ? resting(training) : training) -
          (beside ? totalMemory(beside.memory) : 0);
        const vllm = sleep === null ? null : insideTrainer(need, answers / processes, length, spare);
        const answering = vllm?.memory ?? {
          ...NOTHING,
          cache: (answers / processes) * length * cacheBytes(shape),
        };
        const memory =
          sleep === false
            ? together(training, answering)
            : larger(training, together(resting(training), answering));
        return {
          overrides: {
            "models.loadIn4bit": format !== "bf16",
            "grpo.microBatch": micro,
            "grpo.gradientCheckpointing": checkpointing,
            "gpu.processes": processes,
            "gpu.vllm": sleep !== null,
            ...(sleep !== null && { "gpu.vllmSleep": sleep }),
            ...vllm?.overrides,
            ...beside?.overrides,
          },
          setting: words(
            format,
            checkpointing,
            `${micro} answers, ` +
              `${vllm ? `vLLM on ${Math.min(1, vllm.share)}${sleep ? " asleep" : ""}` : "no vLLM"}${beside ? ", a Judge" : ""}`,
          ),
          memory: beside ? together(memory, beside.memory) : memory,
          short: vllm?.short ?? beside?.short,
        };
      }),
  );
  return choose("GRPO", options, room);
}

/** The sidecar refuses the pair, too, but only when SFT has trained. */
export function bothRefused(): LabError {
  return new LabError({
    what: "vLLM inside GRPO needs bf16 weights",
    where: "gpu.vllm and models.loadIn4bit",
    expected: "one of them",
    found: "both",
    todo: "Set one of the two to false.",
  });
}

/** A Judge that shares the GPU with the trainer, and the tokens that it should have cache for. */
interface Judge {
  shape: ModelShape;
  tokens: number;
}

/** A vLLM with a share of the whole GPU, which it fills with cache. */
interface Shared {
  share: number;
  overrides: Overrides;
  memory: Memory;
  short: Short | undefined;
}

/**
 * vLLM inside the trainer. Where nobody set its share: up to what TRL gives it, where that leaves the trainer
 * as much again, as the plan's own numbers for vLLM are assumed ones; more where all answers at once take
 * more; less where there is no more.
 */
function insideTrainer(
  { config, shape, room, total, free }: TrainingNeed,
  answers: number,
  length: number,
  spare: number,
): Shared {
  const key = "gpu.vllmMemoryShare";
  const holding = (requests: number) =>
    servingMemory({ shape, format: "bf16", tokens: requests * length, graphs: true });
  const least = holding(Math.min(answers, LEAST_AT_ONCE));
  const wanted = Math.max(totalMemory(holding(answers)), Math.min(USUAL_SHARE * room, spare / 2));
  const chosen = Math.max(
    shareFor(totalMemory(least), total),
    Math.min(shareFor(wanted, total), Math.floor((100 * spare) / total) / 100),
  );
  const share = free(key) ? chosen : config.gpu.vllmMemoryShare;
  const one = holding(1);
  return { share, overrides: { [key]: share }, ...inShare(key, share * total, one, one.weights + one.cache) };
}

/**
 * The Judge's server beside the trainer: in 4 bit and without CUDA graphs, where nobody set that otherwise.
 */
function besideTrainer({ config, total, free }: TrainingNeed, { shape, tokens }: Judge): Shared {
  const key = "gpu.serverMemoryShare";
  const in4bit = free("gpu.serveIn4bit") || config.gpu.serveIn4bit;
  const graphs = !free("gpu.cudaGraphs") && config.gpu.cudaGraphs;
  const holding = (tokens: number) =>
    servingMemory({ shape, format: in4bit ? "nf4 double" : "bf16", tokens, graphs });
  const share = free(key) ? shareFor(totalMemory(holding(tokens)), total) : config.gpu.serverMemoryShare;
  const one = holding(config.serving.maxModelLength);
  const overrides = { "gpu.serveIn4bit": in4bit, "gpu.cudaGraphs": graphs, "gpu.replicas": 1, [key]: share };
  // Its own plan (fitServing) counts on the room in its share of the card, not on all of it.
  return {
    share,
    overrides,
    ...inShare(key, share * total, one, (totalMemory(one) * total) / roomOf(total / bytesOf(1))),
  };
}

/**
 * What fills a share: `one` request at least, which needs so many bytes. A share that the plan chose is never
 * too small.
 */
function inShare(key: string, has: number, one: Memory, needs: number): Pick<Shared, "memory" | "short"> {
  if (has < needs) return { memory: one, short: { key, has, needs } };
  const cache = Math.max(one.cache, has - one.weights - one.runtime);
  return { memory: { ...one, cache, runtime: has - one.weights - cache }, short: undefined };
}

/** In whole hundredths, and no less than the config takes. */
function shareFor(bytes: number, total: number): number {
  return Math.max(0.02, Math.ceil((100 * bytes) / total) / 100);
}

interface Pass {
  format: "bf16" | "nf4 double";
  checkpointing: boolean;
  micro: number;
}

/** The ways to cut a step into passes, the fastest first. */
function passes(
  { models }: Config,
  free: TrainingNeed["free"],
  micros: readonly number[],
  length: number,
  checkpointing: boolean | null,
): Pass[] {
  const formats = free("models.loadIn4bit")
    ? (["bf16", "nf4 double"] as const)
    : ([models.loadIn4bit ? "nf4 double" : "bf16"] as const);
  const modes = checkpointing === null ? [false, true] : [checkpointing];
  return formats.flatMap((format) =>
    modes.flatMap((mode) =>
      micros
        .filter(
          (micro) => mode || checkpointing !== null || micro * length >= ENOUGH_TOKENS || micro === micros[0],
        )
        .map((micro) => ({ format, checkpointing: mode, micro })),
    ),
  );
}

/**
 * The GPUs that share a step: those asked for, or as many as divide its rows into whole passes of `micro`.
 * Throws LabError when so many are not there, or do not divide them.
 */
function processesFor(
  { gpu: { processes, ray } }: Config,
  rows: number,
  gpus: number,
  micro: number,
  product: string,
): number {
  if (processes === 0 && ray !== "")
    throw new LabError({
      what: "How many GPUs of the Ray cluster take part is not said",
      where: "gpu.processes",
      expected: `a divisor of ${product} = ${rows}: ${divisors(rows).join(", ")}`,
      found: "0",
    });
  if (processes === 0)
    return divisors(rows, Math.max(1, gpus)).find((count) => (rows / count) % micro === 0) ?? 1;
  if (processes > gpus && ray === "")
    throw new LabError({
      what: "There are not so many GPUs",
      where: "gpu.processes",
      expected: `at most ${gpus}, or 0 for all that divide a step`,
      found: String(processes),
    });
  if (rows % processes !== 0)
    throw new LabError({
      what: "The GPUs do not divide a step's rows",
      where: "gpu.processes",
      expected: `a divisor of ${product} = ${rows}: ${divisors(rows, Math.max(gpus, processes)).join(", ")}`,
      found: String(processes),
    });
  return processes;
}

function assertDivides(rows: number, micro: number, key: string, processes: number): void {
  if (rows % micro !== 0)
    throw new LabError({
      what: "The passes do not fill a step",
      where: key,
      expected:
        `a divisor of the ${rows} rows that each of ${processes} processes has a step: ` +
        `${divisors(rows).join(", ")}`,
      found: String(micro),
    });
}

const NOTHING: Memory = { weights: 0, cache: 0, optimizer: 0, activations: 0, runtime: 0 };
const resting = (training: Memory): Memory => ({ ...training, activations: 0 });
const larger = (a: Memory, b: Memory): Memory => (totalMemory(a) >= totalMemory(b) ? a : b);

function words(format: Pass["format"], checkpointing: boolean, rest: string): string {
  return (
    `${format === "bf16" ? "bf16 LoRA" : "NF4 QLoRA"}, ${rest}, ` +
    `${checkpointing ? "" : "no "}checkpointing`
  );
}
