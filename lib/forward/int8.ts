/**
 * Weights small enough to be sent along in a page: every row of a matrix as whole numbers from -127 to 127
 * and one factor, a quarter of float32. In a file of the safetensors format, so that every reader of it knows
 * names, types and shapes (https://github.com/huggingface/safetensors#format). Pure.
 */

/** A tensor and its shape. */
export interface Tensor {
  shape: number[];
  values: Float32Array;
}

interface Entry {
  dtype: "I8" | "F32";
  shape: number[];
  data_offsets: [number, number];
}
type Header = Record<string, Entry>;

/** What the factor of a row is called: `model.norm.weight` → `model.norm.weight.scale`. */
const scaleOf = (name: string): string => `${name}.scale`;

/**
 * Matrices as int8 with a factor a row, vectors (norms, biases) as they are. `about`: JSON for whoever
 * unpacks it.
 */
export function packInt8(
  tensors: ReadonlyMap<string, Tensor>,
  about: unknown = null,
): Uint8Array<ArrayBuffer> {
  const header: Header = {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  const append = (name: string, dtype: "I8" | "F32", shape: number[], bytes: Uint8Array) => {
    header[name] = { dtype, shape, data_offsets: [offset, (offset += bytes.length)] };
    parts.push(bytes);
  };
  const bytesOf = (array: Float32Array | Int8Array) =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  // Floats first: they have to stand at multiples of four bytes.
  for (const [name, { shape, values }] of tensors)
    if (shape.length === 2) append(scaleOf(name), "F32", [shape[0]!], bytesOf(rowScales(values, shape)));
    else append(name, "F32", shape, bytesOf(values));
  for (const [name, { shape, values }] of tensors)
    if (shape.length === 2) append(name, "I8", shape, bytesOf(rounded(values, shape)));

  const json = new TextEncoder().encode(
    JSON.stringify({ __metadata__: { about: JSON.stringify(about) }, ...header }),
  );
  const start = 8 + Math.ceil(json.length / 4) * 4;
  const file = new Uint8Array(start + offset).fill(0x20, 8, start); // spaces behind the JSON are allowed
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(json, 8);
  let at = start;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** The tensors of such a file, in float32 again, and what it tells about them. Throws when it is cut off. */
export function unpackInt8(file: Uint8Array<ArrayBuffer>): {
  tensors: Map<string, Float32Array>;
  about: unknown;
} {
  const start = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  const { __metadata__: metadata, ...header } = JSON.parse(
    new TextDecoder().decode(file.subarray(8, start)),
  ) as Header & { __metadata__: { about: string } };
  const floats = (name: string): Float32Array => {
    const [from, to] = header[name]!.data_offsets;
    return new Float32Array(file.buffer, start + from, (to - from) / 4);
  };
  const tensors = new Map<string, Float32Array>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (dtype === "F32" && !name.endsWith(".scale")) tensors.set(name, floats(name));
    if (dtype !== "I8") continue;
    const whole = new Int8Array(file.buffer, start + data_offsets[0], data_offsets[1] - data_offsets[0]);
    tensors.set(name, scaled(whole, floats(scaleOf(name)), shape[1]!));
  }
  return { tensors, about: JSON.parse(metadata.about) };
}

/** What the tensors are after packing and unpacking. */
export function throughInt8(tensors: ReadonlyMap<string, Tensor>): Map<string, Float32Array> {
  return unpackInt8(packInt8(tensors)).tensors;
}

/** A page waits for this: a loop is ten times as fast as a function for every number. */
function scaled(whole: Int8Array, scales: Float32Array, columns: number): Float32Array {
  const values = new Float32Array(whole.length);
  for (let row = 0, i = 0; row < scales.length; row++)
    for (const end = i + columns; i < end; i++) values[i] = whole[i]! * scales[row]!;
  return values;
}

/** The largest value of each row, as 127 counts it; 1 for a row of zeros. */
function rowScales(values: Float32Array, [rows, columns]: number[]): Float32Array {
  return Float32Array.from({ length: rows! }, (_, row) => {
    let largest = 0;
    for (let i = row * columns!; i < (row + 1) * columns!; i++)
      largest = Math.max(largest, Math.abs(values[i]!));
    return largest === 0 ? 1 : largest / 127;
  });
}

function rounded(values: Float32Array, shape: number[]): Int8Array {
  const scales = rowScales(values, shape);
  const whole = new Int8Array(values.length);
  for (let row = 0, i = 0; row < scales.length; row++)
    for (const end = i + shape[1]!; i < end; i++) whole[i] = Math.round(values[i]! / scales[row]!);
  return whole;
}
