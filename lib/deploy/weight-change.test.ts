import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { weightChangeMap } from "../figures/weight-change.ts";
import { openLab } from "../config/lab.ts";
import { modelFolder, resolveModel } from "../model/ref.ts";
import { listTensors, readTensor } from "../model/tensor-data.ts";
import { mergedWeights, weightChanges } from "./weight-change.ts";

const root = mkdtempSync(join(tmpdir(), "weights-"));
afterAll(() => rmSync(root, { recursive: true }));

interface Written {
  dtype: "F32" | "BF16" | "F16";
  shape: number[];
  values: number[];
}

/**
 * A model of one or more safetensors files. BF16 by cutting the lower half off, which is exact for the values
 * used here.
 */
function model(name: string, ...files: Record<string, Written>[]): string {
  const folder = join(root, name);
  mkdirSync(folder);
  files.forEach((tensors, n) => {
    const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
    const parts: Buffer[] = [];
    let offset = 0;
    for (const [tensor, { dtype, shape, values }] of Object.entries(tensors)) {
      const words = new Uint32Array(Float32Array.from(values).buffer);
      const part = Buffer.from(
        dtype === "F32" ? words.buffer : Uint16Array.from(words, (word) => word >>> 16).buffer,
      );
      header[tensor] = { dtype, shape, data_offsets: [offset, (offset += part.length)] };
      parts.push(part);
    }
    const json = Buffer.from(JSON.stringify(header) + " ".repeat(n)); // headers of uneven length
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(join(folder, `model-${n}.safetensors`), Buffer.concat([length, json, ...parts]));
  });
  return folder;
}

const bf16 = (values: number[]): Written => ({ dtype: "BF16", shape: [values.length], values });
const f32 = (values: number[]): Written => ({ dtype: "F32", shape: [values.length], values });
const q = "model.layers.3.self_attn.q_proj.weight";
const bias = "model.layers.3.self_attn.q_proj.bias";
const embed = "model.embed_tokens.weight";

test("bfloat16 and float32 are read exactly, from one file or several", () => {
  const folder = model("read", { [q]: bf16([1.5, -2, 0, 0.0078125]) }, { [embed]: f32([0.1, 3]) });
  const tensors = listTensors(folder);
  expect([...readTensor(tensors.get(q)!)]).toEqual([1.5, -2, 0, 0.0078125]);
  expect([...readTensor(tensors.get(embed)!)]).toEqual([Math.fround(0.1), 3]);
});

test("what is the same number in another type has not changed; the rest is told by part and layer", () => {
  const base = model("base", {
    [embed]: bf16([1, 2]),
    [q]: bf16([3, 4]),
    [bias]: bf16([0, 0]),
    "lm_head.weight": bf16([9]),
  });
  const merged = model("merged", { [embed]: f32([1, 2]), [q]: f32([3, 4.5]), [bias]: f32([0, 1]) });
  expect(weightChanges(base, merged)).toEqual([
    { name: embed, layer: null, part: "embed_tokens", weights: 2, changed: 0, relative: 0 },
    { name: q, layer: 3, part: "q_proj", weights: 2, changed: 1, relative: 0.1 }, // 0.5 / ‖(3, 4)‖
    { name: bias, layer: 3, part: "q_proj.bias", weights: 2, changed: 1, relative: null },
  ]);
});

test("the map has a cell a layer and changed part, and says what did not change", () => {
  const change = (layer: number | null, part: string, changed: number, relative: number) => ({
    name: part,
    layer,
    part,
    weights: 10,
    changed,
    relative,
  });
  const { data, layout } = weightChangeMap([
    change(null, "embed_tokens", 0, 0),
    change(0, "q_proj", 10, 0.02),
    change(1, "q_proj", 10, 0.04),
    change(1, "norm", 0, 0),
  ]);
  expect(data[0]).toMatchObject({ x: ["q_proj"], y: ["layer 0", "layer 1"], z: [[2], [4]] });
  expect(JSON.stringify(layout.title)).toContain("2 of 4 tensors (50.0 % of the weights) changed");
  expect(JSON.stringify(weightChangeMap([change(0, "q_proj", 0, 0)]).layout)).toContain("nothing was merged");
});

test("another shape, no common weight, a type that is not read and a cut file are errors", () => {
  const base = model("errors", { [q]: bf16([1, 2]) });
  expect(() => weightChanges(base, model("shape", { [q]: bf16([1]) }))).toThrow("differ in shape");
  expect(() => weightChanges(base, model("none", { [embed]: bf16([1]) }))).toThrow("no weights in common");
  expect(() =>
    weightChanges(base, model("f16", { [q]: { dtype: "F16", shape: [2], values: [1, 2] } })),
  ).toThrow("F16");
  mkdirSync(join(root, "empty"));
  expect(() => listTensors(join(root, "empty"))).toThrow("holds no weights");
  const tensor = listTensors(base).get(q)!;
  expect(() => readTensor({ ...tensor, bytes: tensor.bytes + 2 })).toThrow("not safetensors");
});

test("a lab's Base, adapter and merged model are counted; a Base that is not here is left out", async () => {
  const lab = openLab({}, { FTMODEL_WORKSPACE: join(root, "ws") });
  const folder = modelFolder(await resolveModel(lab.config.models.base))!;
  const adapter = model("adapter", { a: f32([1, 2, 3]) });
  const own = { ...lab, paths: { ...lab.paths, grpoLora: adapter } };
  const { changes, inventory } = await mergedWeights(own, folder); // nothing is merged: nothing has changed
  expect(changes!.length).toBeGreaterThan(10);
  expect(changes!.every(({ changed }) => changed === 0)).toBe(true);
  expect(inventory.map(({ what }) => what)).toEqual(["Base", "adapter", "merged model"]);
  expect(inventory[0]).toEqual({ ...inventory[2], what: "Base" });
  expect(inventory[1]).toMatchObject({ tensors: 1, weights: 3, type: "F32", MiB: 12 / 2 ** 20 });

  const elsewhere = { ...own.config, models: { ...own.config.models, base: "Qwen/Qwen2.5-1.5B-Instruct" } };
  const without = await mergedWeights({ ...own, config: elsewhere }, folder);
  expect(without.changes).toBe(null);
  expect(without.inventory.map(({ what }) => what)).toEqual(["adapter", "merged model"]);
});
