/** What merging did to the weights of a model, tensor by tensor. */
import type { Lab } from "../config/lab.ts";
import { modelFolder, resolveModel } from "../model/ref.ts";
import { LabError } from "../errors.ts";
import { listTensors, readTensor } from "../model/tensor-data.ts";

export interface WeightChange {
  name: string;
  /** 0 …; null outside the layers (embeddings, last norm). */
  layer: number | null;
  /** "q_proj", "input_layernorm", "embed_tokens" …; biases "q_proj.bias". */
  part: string;
  weights: number;
  /** Weights whose value is not the same as before. */
  changed: number;
  /** ‖W' − W‖ / ‖W‖, Frobenius norms; 0 for equal tensors, null where W is all zeros and W' is not. */
  relative: number | null;
}

/**
 * Compares every weight of two model folders: what was merged in, and that nothing else moved.
 *
 * Sums are in double precision. Tensors that only one of the two has are left out (tied output layers are
 * stored or not). One tensor of each is in memory at a time. Throws LabError when they have no tensor in
 * common, or one of another shape.
 */
export function weightChanges(base: string, merged: string): WeightChange[] {
  const [before, after] = [listTensors(base), listTensors(merged)];
  const changes: WeightChange[] = [];
  for (const [name, tensor] of before) {
    const other = after.get(name);
    if (!other) continue;
    if (String(other.shape) !== String(tensor.shape))
      throw new LabError({
        what: "The models differ in shape",
        where: `${merged}, ${name}`,
        expected: tensor.shape.join(" × "),
        found: other.shape.join(" × "),
      });
    changes.push({ ...partOf(name), ...difference(readTensor(tensor), readTensor(other)) });
  }
  if (changes.length === 0)
    throw new LabError({
      what: "The models have no weights in common",
      where: merged,
      expected: `weights of ${base}`,
    });
  return changes;
}

function difference(
  w: Float32Array,
  v: Float32Array,
): Pick<WeightChange, "weights" | "changed" | "relative"> {
  let [changed, squares, size] = [0, 0, 0];
  for (let i = 0; i < w.length; i++) {
    const d = v[i]! - w[i]!;
    if (d !== 0) changed++;
    squares += d * d;
    size += w[i]! * w[i]!;
  }
  return {
    weights: w.length,
    changed,
    relative: changed === 0 ? 0 : size === 0 ? null : Math.sqrt(squares / size),
  };
}

/** "model.layers.3.self_attn.q_proj.weight" → layer 3, part "q_proj". */
function partOf(name: string): Pick<WeightChange, "name" | "layer" | "part"> {
  const layer = /\.layers\.(\d+)\./.exec(name);
  const words = name.split(".");
  const kind = words.pop()!;
  const part = words.pop() ?? kind;
  return { name, layer: layer ? Number(layer[1]) : null, part: kind === "weight" ? part : `${part}.${kind}` };
}

/** What merging did to a lab's Base: the change of each matrix, and what the folders hold. */
export interface MergedWeights {
  /** Null where the Base is not on this machine. */
  changes: WeightChange[] | null;
  inventory: { what: string; tensors: number; weights: number; type: string; MiB: number }[];
}

/** Compares Base, adapter and merged model (folders) by their tensors. Throws as `weightChanges` does. */
export async function mergedWeights(lab: Lab, merged: string): Promise<MergedWeights> {
  const base = modelFolder(await resolveModel(lab.config.models.base));
  return {
    changes: base === null ? null : weightChanges(base, merged),
    inventory: [
      ...(base === null ? [] : [inventoryOf("Base", base)]),
      inventoryOf("adapter", lab.paths.grpoLora),
      inventoryOf("merged model", merged),
    ],
  };
}

function inventoryOf(what: string, folder: string): MergedWeights["inventory"][number] {
  const tensors = [...listTensors(folder).values()];
  const sum = (of: (tensor: (typeof tensors)[number]) => number) =>
    tensors.reduce((all, t) => all + of(t), 0);
  return {
    ...{ what, tensors: tensors.length, weights: sum(({ shape }) => shape.reduce((a, b) => a * b, 1)) },
    type: [...new Set(tensors.map(({ dtype }) => dtype))].join(", "),
    MiB: sum(({ bytes }) => bytes) / 2 ** 20,
  };
}
