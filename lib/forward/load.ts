/** A model's folder read for the forward pass: weights in float32, an adapter on top, the tokenizer. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { LabError } from "../errors.ts";
import { listTensors, readTensor } from "../model/tensor-data.ts";
import { assemble } from "./qwen2.ts";
import type { Adapter, Qwen2, Qwen2Config, Tensors } from "./qwen2.ts";
import { createTokenizer } from "./tokenizer.ts";
import type { BpeTokenizer, TokenizerFile } from "./tokenizer.ts";

/** More parameters are not read into plain arrays: a token would take seconds. */
const MOST_PARAMETERS = 200_000_000;

/** What the forward pass computes; everything else is refused, since it would be another model. */
const Config = z.object({
  model_type: z.literal("qwen2"),
  hidden_act: z.literal("silu"),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  num_key_value_heads: z.number(),
  vocab_size: z.number(),
  max_position_embeddings: z.number(),
  rms_norm_eps: z.number(),
  use_sliding_window: z.literal(false).default(false),
  rope_theta: z.number().optional(),
  rope_scaling: z.null().optional(),
  rope_parameters: z.object({ rope_theta: z.number(), rope_type: z.literal("default") }).optional(),
  eos_token_id: z.union([z.number(), z.array(z.number())]).transform((ids) => [ids].flat()),
});

const AdapterConfig = z.object({
  r: z.number().int().positive(),
  lora_alpha: z.number(),
  use_rslora: z.boolean().default(false),
  use_dora: z.literal(false).default(false),
  bias: z.literal("none"),
  alpha_pattern: z.record(z.string(), z.never()).default({}),
  rank_pattern: z.record(z.string(), z.never()).default({}),
});

/** Everything of a model's folder that the forward pass needs. */
export interface ModelFiles {
  config: Qwen2Config;
  /** Tokens that end a text. */
  ends: number[];
  tensors: Map<string, { shape: number[]; values: Float32Array }>;
  tokenizerFile: TokenizerFile;
}

/**
 * Reads a folder: config.json, safetensors (F32 or BF16), tokenizer.json. Throws LabError for another
 * architecture than Qwen2 as it is computed here, and for more than 200 million parameters.
 */
export function readModelFiles(folder: string): ModelFiles {
  const config = parse(Config, join(folder, "config.json"));
  const stored = listTensors(folder);
  const size = [...stored.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  if (size > MOST_PARAMETERS)
    throw new LabError({
      what: "The model is too large for a forward pass in plain TypeScript",
      where: folder,
      expected: `at most ${MOST_PARAMETERS / 1e6} million parameters`,
      found: `${Math.round(size / 1e6)} million`,
      todo: "Ask it through a server: deploy(lab).",
    });
  return {
    config: {
      hidden: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: config.num_key_value_heads,
      vocabulary: config.vocab_size,
      ropeTheta: config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10_000,
      normEpsilon: config.rms_norm_eps,
      positions: config.max_position_embeddings,
    },
    ends: config.eos_token_id,
    tensors: new Map([...stored].map(([name, at]) => [name, { shape: at.shape, values: readTensor(at) }])),
    tokenizerFile: readJson(join(folder, "tokenizer.json")) as TokenizerFile,
  };
}

/** Reads a LoRA adapter's folder. Throws LabError for DoRA, ranks or scales of single layers, and biases. */
export function readAdapterFiles(
  folder: string,
): Pick<ModelFiles, "tensors"> & { rank: number; scale: number } {
  const { r, lora_alpha, use_rslora } = parse(AdapterConfig, join(folder, "adapter_config.json"));
  const tensors = [...listTensors(folder)].map(
    ([name, at]) => [name, { shape: at.shape, values: readTensor(at) }] as const,
  );
  const other = tensors.find(([name]) => !/^base_model\.model\..+\.lora_[AB]\.weight$/.test(name));
  if (other) throw unfit(folder, "the factors lora_A and lora_B of linear maps alone", other[0]);
  return { tensors: new Map(tensors), rank: r, scale: lora_alpha / (use_rslora ? Math.sqrt(r) : r) };
}

/** A model that can be asked in this process. */
export interface LoadedModel {
  model: Qwen2;
  tokenizer: BpeTokenizer;
  /** Tokens that end a text. */
  ends: number[];
}

/**
 * A model of a folder, with the adapter of another one on top. Throws LabError as readModelFiles and
 * readAdapterFiles.
 *
 * @example const { model, tokenizer } = loadModel("ckpts/tiny/base", "ckpts/sft_lora");
 */
export function loadModel(folder: string, adapterFolder: string | null = null): LoadedModel {
  const { config, ends, tensors, tokenizerFile } = readModelFiles(folder);
  const adapter = adapterFolder === null ? null : adapterOf(readAdapterFiles(adapterFolder));
  try {
    const model = assemble(config, valuesOf(tensors), adapter);
    return { model, ends, tokenizer: createTokenizer(tokenizerFile) };
  } catch (cause) {
    throw unfit(folder, "a Qwen2 model with a byte-level BPE tokenizer", (cause as Error).message, cause);
  }
}

/** The adapter as the forward pass takes it. */
export function adapterOf({ tensors, rank, scale }: ReturnType<typeof readAdapterFiles>): Adapter {
  return { tensors: valuesOf(tensors), rank, scale };
}

/** The tensors without their shapes. */
export function valuesOf(tensors: ModelFiles["tensors"]): Tensors {
  return new Map([...tensors].map(([name, { values }]) => [name, values]));
}

function parse<T extends z.ZodType>(schema: T, file: string): z.infer<T> {
  const parsed = schema.safeParse(readJson(file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unfit(`${file}, field ${issue?.path.join(".")}`, "what Qwen2 with LoRA has", issue?.message ?? "");
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw unfit(file, "a file with JSON", (cause as Error).message, cause);
  }
}

function unfit(where: string, expected: string, found: string, cause?: unknown): LabError {
  return new LabError(
    {
      what: "The forward pass cannot compute this model",
      where,
      expected,
      found,
      todo: "Ask it through a server: deploy(lab).",
    },
    { cause },
  );
}
