/**
 * What a stage needs of a GPU's memory, from the numbers of a model's config.json and the stage's settings.
 * Pure; bytes.
 */
import { countLoraParameters, countParameters, keyValueWidth, weightBytes } from "../model/shape.ts";
import type { ModelShape, WeightFormat } from "../model/shape.ts";

export const GIB = 2 ** 30;

/** Bytes by what they hold. `runtime` is what no tensor holds: CUDA's context, its graphs, fragments. */
export interface Memory {
  weights: number;
  cache: number;
  optimizer: number;
  activations: number;
  runtime: number;
}

export function totalMemory({ weights, cache, optimizer, activations, runtime }: Memory): number {
  return weights + cache + optimizer + activations + runtime;
}

/**
 * Assumed, not measured: a training process's CUDA context, and the allocator's fragments as a share of what
 * it holds.
 */
export const CONTEXT = 0.75 * GIB;
const FRAGMENTS = 0.05;
/**
 * Assumed, not measured: context, a prefill of 8,192 tokens and the sampler of vLLM; its captured CUDA graphs
 * come on top.
 */
const SERVER = 1 * GIB;
const GRAPHS = 1.5 * GIB;
/** One tile of TRL's fused loss: 4,096 tokens × 32,768 logits in bf16 (trl/kernels/chunked_logprob.py). */
const LOSS_TILE = 4096 * 32_768 * 2;

export interface TrainingLoad {
  shape: ModelShape;
  format: WeightFormat;
  /** LoRA rank, on the seven linear maps of every layer. */
  rank: number;
  dropout: boolean;
  /** Of one forward pass: micro-batch × longest row. */
  tokens: number;
  checkpointing: boolean;
  /**
   * "plain" holds the logits of all tokens; "fused" never does (TRL's tiled head), and its norms and MLP keep
   * less (Liger).
   */
  kernels: "plain" | "fused";
  /**
   * As peft's prepare_model_for_kbit_training leaves a quantised base: embeddings, head and hidden states in
   * float32.
   */
  float32?: boolean;
}

/**
 * LoRA training with bf16 autocast and AdamW.
 *
 * A layer keeps for its backward pass, a token: the input of two norms (float32 8 h; fused 4 h); the bf16
 * input of each LoRA map, with a byte of dropout mask beside it ((2 + d) × (6 h + f)); q, k, v and the
 * attention's output (2 × (2 h + 2 kv)); gate, its activation and up (6 f; fused 4 f, without the
 * activation). h hidden, f intermediate, kv key-value width. With checkpointing a layer keeps its input
 * alone, and one layer at a time is computed again. Its backward pass holds one gradient of the MLP's width
 * beside that (2 f). The whole loss costs 12 bytes a logit: the float32 logits, their log-softmax, its
 * gradient. Frozen weights keep no input: their gradient is never asked for.
 *
 * Within 3 % of six runs measured on an H100: "plain" 1.5B at 44, 32, 9.9 and 33 GiB, "fused" at 44.6 and 4.5
 * GiB; see the test.
 */
export function trainingMemory({
  shape,
  format,
  rank,
  dropout,
  tokens,
  checkpointing,
  kernels,
  float32 = false,
}: TrainingLoad): Memory {
  const {
    hidden_size: hidden,
    intermediate_size: wide,
    num_hidden_layers: layers,
    vocab_size: vocabulary,
  } = shape;
  const fused = kernels === "fused";
  const layer =
    (fused ? 4 : 8) * hidden +
    (dropout ? 3 : 2) * (6 * hidden + wide) +
    4 * (hidden + keyValueWidth(shape)) +
    (fused ? 4 : 6) * wide;
  const lossBytes = !fused ? 12 * vocabulary * tokens : LOSS_TILE + 6 * hidden * tokens;
  const kept = checkpointing ? layers * hidden * (float32 ? 4 : 2) * tokens : layers * layer * tokens;
  const held = {
    // float32 embeddings, and the bf16 copy of the head that autocast caches
    weights:
      weightBytes(shape, format) +
      (float32 ? 2 * countParameters(shape).embeddings + 2 * vocabulary * hidden : 0),
    cache: 0,
    optimizer: (4 + 4 + 8) * countLoraParameters(shape, rank), // float32: weight, gradient, two moments
    activations: kept + Math.max(lossBytes, ((checkpointing ? layer : 0) + 2 * wide) * tokens),
  };
  return { ...held, runtime: CONTEXT + FRAGMENTS * totalMemory({ ...held, runtime: 0 }) };
}

/** Keys and values of one token in bf16, over all layers. */
export function cacheBytes(shape: ModelShape): number {
  return 2 * shape.num_hidden_layers * keyValueWidth(shape) * 2;
}

/** Adapters that a server holds at once, each in a slot of one rank. */
export interface LoraSlots {
  count: number;
  rank: number;
}

export interface ServingLoad {
  shape: ModelShape;
  format: WeightFormat;
  /** Tokens the cache has room for, over all requests. */
  tokens: number;
  /** Captured CUDA graphs: faster small batches, more memory. */
  graphs: boolean;
  lora?: LoraSlots | null | undefined;
}

/**
 * A vLLM server, or vLLM inside a trainer. LoRA slots are bf16 factors of the seven linear maps. The runtime
 * part is assumed, not measured.
 */
export function servingMemory({ shape, format, tokens, graphs, lora }: ServingLoad): Memory {
  const slots = lora ? lora.count * 2 * countLoraParameters(shape, lora.rank) : 0;
  return {
    weights: weightBytes(shape, format) + slots,
    cache: tokens * cacheBytes(shape),
    optimizer: 0,
    activations: 0,
    runtime: SERVER + (graphs ? GRAPHS : 0),
  };
}

/** The memory of `count` things alike. */
export function times(count: number, one: Memory): Memory {
  const { weights, cache, optimizer, activations, runtime } = one;
  return {
    weights: count * weights,
    cache: count * cache,
    optimizer: count * optimizer,
    activations: count * activations,
    runtime: count * runtime,
  };
}

/** The memory of two things that are there at the same time. */
export function together(a: Memory, b: Memory): Memory {
  return {
    weights: a.weights + b.weights,
    cache: a.cache + b.cache,
    optimizer: a.optimizer + b.optimizer,
    activations: a.activations + b.activations,
    runtime: a.runtime + b.runtime,
  };
}
