/**
 * How large a decoder is, from the numbers of its config.json: parameters by part, LoRA's share, bytes of its
 * weights.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { LabError } from "../errors.ts";
import { localModelPath } from "../config/paths.ts";

const count = z.number().int().positive();

/** The fields of a Qwen2 config.json that decide the size. */
export const ModelShape = z.object({
  model_type: z.literal("qwen2"),
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count,
  vocab_size: count,
  /** Whether the output layer reuses the embeddings' weights. */
  tie_word_embeddings: z.boolean(),
});
export type ModelShape = z.infer<typeof ModelShape>;

const qwen2 = (
  layers: number,
  hidden: number,
  intermediate: number,
  heads: [number, number],
  vocab: number,
  tied: boolean,
): ModelShape => ({
  ...{ model_type: "qwen2", hidden_size: hidden, intermediate_size: intermediate, num_hidden_layers: layers },
  ...{
    num_attention_heads: heads[0],
    num_key_value_heads: heads[1],
    vocab_size: vocab,
    tie_word_embeddings: tied,
  },
});

/** config.json as published at https://huggingface.co/Qwen; Fin-R1 was trained from the 7B. */
export const PUBLISHED_SHAPES: Readonly<Record<string, ModelShape>> = {
  "Qwen/Qwen2.5-0.5B-Instruct": qwen2(24, 896, 4864, [14, 2], 151_936, true),
  "Qwen/Qwen2.5-1.5B-Instruct": qwen2(28, 1536, 8960, [12, 2], 151_936, true),
  "Qwen/Qwen2.5-7B-Instruct": qwen2(28, 3584, 18_944, [28, 4], 152_064, false),
};
/** Other models whose config.json has the numbers of one of these: R1 was distilled into Qwen2.5-Math-7B. */
const SAME_SHAPE: Readonly<Record<string, string>> = {
  "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": "Qwen/Qwen2.5-7B-Instruct",
};

/**
 * The shape of a model: a folder's config.json, or the published one of a hub id; null for other hub ids and
 * other architectures, whose size is not known here. Reads no weights, asks no network. Throws LabError when
 * a folder's config.json is missing or broken.
 */
export function readModelShape(model: string): ModelShape | null {
  const folder = localModelPath(model);
  if (folder === null) return PUBLISHED_SHAPES[SAME_SHAPE[model] ?? model] ?? null;
  const file = join(folder, "config.json");
  if (!existsSync(file))
    throw new LabError({ what: "The folder holds no model", where: file, expected: "config.json" });
  const config = readConfig(file);
  if (config.model_type !== "qwen2") return null;
  const parsed = ModelShape.safeParse(config);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new LabError({
    what: "The size cannot be read from the model's configuration",
    where: `${file}, field ${issue?.path.join(".")}`,
    expected: "a Qwen2 config.json",
    found: issue?.message ?? "",
  });
}

function readConfig(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  } catch (cause) {
    throw new LabError(
      { what: "The model's configuration is not JSON", where: file, found: (cause as Error).message },
      { cause },
    );
  }
}

export interface ParameterCount {
  /** Token embeddings, and the output layer where it has weights of its own. */
  embeddings: number;
  /**
   * The seven linear maps of every layer (q, k, v, o, gate, up, down): what LoRA adapts and NF4 quantises.
   */
  linear: number;
  /** Norms and the biases of q, k, v. */
  other: number;
  total: number;
}

/** Parameters by part. Qwen2.5-1.5B: 1,543,714,304 in all. */
export function countParameters(shape: ModelShape): ParameterCount {
  const { hidden_size: hidden, num_hidden_layers: layers, vocab_size, tie_word_embeddings } = shape;
  const linear = layers * linearMaps(shape).reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
  const embeddings = (tie_word_embeddings ? 1 : 2) * vocab_size * hidden;
  const other = layers * (2 * hidden + hidden + 2 * keyValueWidth(shape)) + hidden;
  return { embeddings, linear, other, total: embeddings + linear + other };
}

/** As scripts/sidecar/decoder.py has it. */
const SMALL = 200e6;

/** Whether a model, a folder or a hub id, is known to have few parameters. Throws as `readModelShape`. */
export function isSmall(model: string): boolean {
  const shape = readModelShape(model);
  return shape !== null && countParameters(shape).total <= SMALL;
}

/**
 * Trainable parameters of a LoRA adapter on the seven linear maps: rank × (inputs + outputs) each. Source: Hu
 * et al. 2021, https://arxiv.org/abs/2106.09685.
 */
export function countLoraParameters(shape: ModelShape, rank: number): number {
  return (
    shape.num_hidden_layers *
    linearMaps(shape).reduce((sum, { inputs, outputs }) => sum + rank * (inputs + outputs), 0)
  );
}

/**
 * Bits a parameter takes. NF4: 4, and one float32 for 64 of them; double quantisation stores that one in 8
 * bits, and a float32 for 256 of those.
 */
export const BITS_PER_WEIGHT = {
  bf16: 16,
  nf4: 4 + 32 / 64,
  "nf4 double": 4 + 8 / 64 + 32 / (64 * 256),
} as const;
export type WeightFormat = keyof typeof BITS_PER_WEIGHT;

/**
 * Bytes of the model's weights. Only the linear maps are quantised; embeddings, output layer, norms and
 * biases stay at 16 bit, as bitsandbytes leaves them: a small model with a large vocabulary saves less.
 * Source: Dettmers et al. 2023 (QLoRA), https://arxiv.org/abs/2305.14314, section 3.
 */
export function weightBytes(shape: ModelShape, format: WeightFormat): number {
  const { linear, total } = countParameters(shape);
  return (BITS_PER_WEIGHT[format] * linear + BITS_PER_WEIGHT.bf16 * (total - linear)) / 8;
}

/** The Base and the published models, each once; a Base whose shape is not known here is left out. */
function sizesBeside(base: string): { model: string; shape: ModelShape }[] {
  return [...new Set([base, ...Object.keys(PUBLISHED_SHAPES)])].flatMap((model) => {
    const shape = readModelShape(model);
    return shape ? [{ model, shape }] : [];
  });
}

/** What a LoRA adapter of this rank trains of the Base and of the published models, a row a model. */
export function loraRows(base: string, rank: number): Record<string, string | number>[] {
  return sizesBeside(base).map(({ model, shape }) => {
    const { total, linear } = countParameters(shape);
    const trained = countLoraParameters(shape, rank);
    return {
      ...{ model, width: shape.hidden_size, layers: shape.num_hidden_layers, parameters: total },
      ...{ "in linear maps": linear, "LoRA trains": trained },
      "share, counted in (%)": (100 * trained) / (total + trained),
    };
  });
}

/**
 * MiB of the weights of the Base and of the published models in bf16 and in 4 bits, a row a model, and the
 * bits of a linear weight.
 */
export function quantisationRows(base: string): Record<string, string | number>[] {
  const row = (model: string, value: (format: WeightFormat) => number, unit: string) => ({
    ...{ model, unit, bf16: value("bf16"), NF4: value("nf4"), "NF4, double": value("nf4 double") },
    "double saves": value("nf4") - value("nf4 double"),
    "kept of bf16 (%)": (100 * value("nf4 double")) / value("bf16"),
  });
  const bits = row("each linear weight", (format) => BITS_PER_WEIGHT[format], "bits");
  return [
    bits,
    ...sizesBeside(base).map(({ model, shape }) => row(model, (f) => weightBytes(shape, f) / 2 ** 20, "MiB")),
  ];
}

/** Width of a token's keys, and of its values, in one layer. */
export function keyValueWidth(shape: ModelShape): number {
  return (shape.hidden_size / shape.num_attention_heads) * shape.num_key_value_heads;
}

function linearMaps(shape: ModelShape): { inputs: number; outputs: number }[] {
  const { hidden_size: hidden, intermediate_size: wide } = shape;
  const keyValue = keyValueWidth(shape);
  const map = (inputs: number, outputs: number) => ({ inputs, outputs });
  return [
    map(hidden, hidden),
    map(hidden, keyValue),
    map(hidden, keyValue),
    map(hidden, hidden),
    map(hidden, wide),
    map(hidden, wide),
    map(wide, hidden),
  ];
}
