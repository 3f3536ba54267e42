/**
 * What GRPO can afford on a GPU: rows a pass, checkpointing, vLLM in the trainer, a Judge beside it. Pure.
 */
import type { Config } from "../config/config.ts";
import type { Overrides } from "../config/settings.ts";
import { LabError } from "../errors.ts";
import type { ModelShape } from "../model/shape.ts";
import { bytesOf, choose, divisors, roomOf } from "./choose.ts";
import type { Choice, Option, Short } from "./choose.ts";
import { cacheBytes, servingMemory, together, totalMemory, trainingMemory } from "./memory.ts";
import type { Memory } from "./memory.ts";
import { assertDivides, passes, processesFor, words } from "./passes.ts";
import type { TrainingNeed } from "./passes.ts";

/**
 * Answers a pass beyond which nothing gets faster: they are planned at their greatest length: what is left
 * serves vLLM better.
 */
const ENOUGH_ANSWERS = 8;
/**
 * Answers at once below which vLLM idles: it writes them in as many steps however few they are (a 1.5B on one
 * H100: 411 tokens a second at one, 19,005 at 64).
 */
const KEEPS_BUSY = 32;
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

/**
 * GRPO: vLLM beside the trainer; asleep while the policy learns where both have no room; without it where
 * even that has none. vLLM needs bf16 weights: an adapter merged into NF4 weights at every step would be
 * rounded with them.
 */
export function planGrpo(need: TrainingNeed, judge?: Judge): Choice {
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
              (vllm ? `vLLM on ${Math.min(1, vllm.share)}${sleep ? " asleep" : ""}` : "no vLLM") +
              (beside ? ", a Judge" : ""),
          ),
          memory: beside ? together(memory, beside.memory) : memory,
          short: vllm?.short ?? beside?.short,
        };
      }),
  );
  return choose("GRPO", options, room);
}

/** Several GPUs can be too many for a step's answers: a line below the plan, or "". */
export function idleNote({ gpu, grpo }: Pick<Config, "gpu" | "grpo">): string {
  const answers = (grpo.promptsPerStep * grpo.groupSize) / gpu.processes;
  if (!gpu.vllm || gpu.processes === 1 || answers >= KEEPS_BUSY) return "";
  return (
    `\nOnly ${answers} answers a GPU and step, where vLLM idles: below ${KEEPS_BUSY} more GPUs write no ` +
    "faster. Raise grpo.promptsPerStep with them."
  );
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
  // Its own plan (planServing) counts on the room in its share of the card, not on all of it.
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

const NOTHING: Memory = { weights: 0, cache: 0, optimizer: 0, activations: 0, runtime: 0 };
const resting = (training: Memory): Memory => ({ ...training, activations: 0 });
const larger = (a: Memory, b: Memory): Memory => (totalMemory(a) >= totalMemory(b) ? a : b);
