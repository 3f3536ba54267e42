/** Model and adapter folders with real safetensors headers and hardly any weights. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A safetensors file of zeros (F32). */
export function safetensors(shapes: Record<string, number[]>): Buffer {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  for (const [name, shape] of Object.entries(shapes)) {
    const bytes = 4 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(offset)]);
}

/**
 * A causal model folder whose only layer maps `hidden` to `hidden`; `salt` makes equal shapes another model.
 */
export function fakeModel(path: string, hidden = 8, salt = ""): string {
  mkdirSync(path, { recursive: true });
  writeFileSync(
    join(path, "config.json"),
    JSON.stringify({ architectures: ["Qwen2ForCausalLM"], hidden_size: hidden, salt }),
  );
  writeFileSync(
    join(path, "model.safetensors"),
    safetensors({ "model.layers.0.self_attn.q_proj.weight": [hidden, hidden] }),
  );
  writeFileSync(join(path, "tokenizer.json"), "{}"); // looked for, never read
  return path;
}

/** A LoRA adapter of that layer without an origin.json, as a stranger would bring it. */
export function fakeAdapter(path: string, base: string, hidden = 8): string {
  mkdirSync(path, { recursive: true });
  const layer = "base_model.model.model.layers.0.self_attn.q_proj";
  writeFileSync(
    join(path, "adapter_config.json"),
    JSON.stringify({ base_model_name_or_path: base, r: 2, lora_alpha: 4 }),
  );
  writeFileSync(
    join(path, "adapter_model.safetensors"),
    safetensors({ [`${layer}.lora_A.weight`]: [2, hidden], [`${layer}.lora_B.weight`]: [hidden, 2] }),
  );
  return path;
}
