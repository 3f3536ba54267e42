/**
 * A Qwen2 model with random weights that transformers really loads: written here, because a start of torch
 * would take longer.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../stats/random.ts";
import { byteCharacters, byteTokenizer, CHAT_TEMPLATE, SPECIAL } from "./byte-tokenizer.ts";

/** Writes config, tokenizer (one token a byte) and float32 weights; returns the folder. */
export function randomModel(
  path: string,
  { hidden = 64, layers = 2, positions = 256, seed = 1 } = {},
): string {
  mkdirSync(path, { recursive: true });
  const write = (name: string, value: unknown) =>
    writeFileSync(join(path, name), typeof value === "string" ? value : JSON.stringify(value));
  const tokens = [...SPECIAL, ...byteCharacters()];
  const vocabSize = tokens.length;
  const heads = hidden / 16;
  write("config.json", {
    architectures: ["Qwen2ForCausalLM"],
    model_type: "qwen2",
    ...{
      hidden_size: hidden,
      intermediate_size: 2 * hidden,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: heads / 2,
    },
    ...{
      vocab_size: vocabSize,
      max_position_embeddings: positions,
      tie_word_embeddings: true,
      hidden_act: "silu",
      rms_norm_eps: 1e-6,
      rope_theta: 10000,
    },
    ...{ use_sliding_window: false, eos_token_id: 2, pad_token_id: 0, bos_token_id: null, dtype: "float32" },
  });
  write("generation_config.json", { eos_token_id: 2, pad_token_id: 0 });
  write("chat_template.jinja", CHAT_TEMPLATE);
  write("tokenizer_config.json", {
    tokenizer_class: "PreTrainedTokenizerFast",
    eos_token: "<|im_end|>",
    pad_token: "<|endoftext|>",
    clean_up_tokenization_spaces: false,
  });
  write("tokenizer.json", byteTokenizer(tokens));
  writeFileSync(
    join(path, "model.safetensors"),
    weights({ hidden, layers, kv: (heads / 2) * 16, vocabSize, seed }),
  );
  return path;
}

/**
 * Writes a LoRA adapter of such a model: random updates, as large as the weights, of q and v. Returns the
 * folder.
 */
export function randomAdapter(
  path: string,
  base: string,
  { hidden = 64, layers = 2, rank = 8, seed = 1 } = {},
): string {
  mkdirSync(path, { recursive: true });
  const config = {
    peft_type: "LORA",
    base_model_name_or_path: base,
    r: rank,
    lora_alpha: rank,
    lora_dropout: 0,
    bias: "none",
    target_modules: ["q_proj", "v_proj"],
    task_type: "CAUSAL_LM",
  };
  writeFileSync(join(path, "adapter_config.json"), JSON.stringify(config));
  const shapes: Record<string, number[]> = {};
  for (let i = 0; i < layers; i++)
    for (const [name, out] of Object.entries({ q: hidden, v: hidden / 2 })) {
      const map = `base_model.model.model.layers.${i}.self_attn.${name}_proj`;
      Object.assign(shapes, {
        [`${map}.lora_A.weight`]: [rank, hidden],
        [`${map}.lora_B.weight`]: [out, rank],
      });
    }
  writeFileSync(join(path, "adapter_model.safetensors"), randomTensors(shapes, seed));
  return path;
}

function weights({
  hidden,
  layers,
  kv,
  vocabSize,
  seed,
}: {
  hidden: number;
  layers: number;
  kv: number;
  vocabSize: number;
  seed: number;
}): Buffer {
  const shapes: Record<string, number[]> = {
    "model.embed_tokens.weight": [vocabSize, hidden],
    "model.norm.weight": [hidden],
  };
  for (let i = 0; i < layers; i++) {
    const layer = `model.layers.${i}`;
    const projections = { q: hidden, k: kv, v: kv };
    for (const [name, out] of Object.entries(projections))
      Object.assign(shapes, {
        [`${layer}.self_attn.${name}_proj.weight`]: [out, hidden],
        [`${layer}.self_attn.${name}_proj.bias`]: [out],
      });
    Object.assign(shapes, {
      [`${layer}.self_attn.o_proj.weight`]: [hidden, hidden],
      [`${layer}.mlp.gate_proj.weight`]: [2 * hidden, hidden],
      [`${layer}.mlp.up_proj.weight`]: [2 * hidden, hidden],
      [`${layer}.mlp.down_proj.weight`]: [hidden, 2 * hidden],
      [`${layer}.input_layernorm.weight`]: [hidden],
      [`${layer}.post_attention_layernorm.weight`]: [hidden],
    });
  }
  return randomTensors(shapes, seed);
}

/** A safetensors file of float32; norms are 1. */
function randomTensors(shapes: Record<string, number[]>, seed: number): Buffer {
  const random = createRandom(seed);
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  const parts: Buffer[] = [];
  let offset = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const isNorm = shape.length === 1 && name.includes("norm");
    for (let i = 0; i < values.length; i++) values[i] = isNorm ? 1 : (random.next() - 0.5) * 0.6;
    parts.push(Buffer.from(values.buffer));
    header[name] = { dtype: "F32", shape, data_offsets: [offset, (offset += 4 * values.length)] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}
