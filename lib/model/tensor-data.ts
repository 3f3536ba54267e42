/** The weights in safetensors files, one tensor at a time. */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "../errors.ts";
import { readTensorTable } from "./safetensors.ts";
import type { TensorInfo } from "./safetensors.ts";

/** A tensor's place on disk. */
export interface StoredTensor extends TensorInfo {
  file: string;
  /** Bytes from the file's start. */
  offset: number;
  bytes: number;
}

/**
 * All tensors of a model's folder by name, whether in one file or several. Throws LabError when it holds
 * none.
 */
export function listTensors(folder: string): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith(".safetensors")) continue;
    const file = join(folder, name);
    const start = 8 + headerLength(file);
    for (const [tensor, info] of readTensorTable(file)) {
      const [from, to] = (info as TensorInfo & { data_offsets: [number, number] }).data_offsets;
      tensors.set(tensor, {
        dtype: info.dtype,
        shape: info.shape,
        file,
        offset: start + from,
        bytes: to - from,
      });
    }
  }
  if (tensors.size === 0)
    throw new LabError({
      what: "The folder holds no weights",
      where: folder,
      expected: "a .safetensors file",
    });
  return tensors;
}

/**
 * The values of a tensor in row-major order; F32 and BF16 are read exactly. Throws LabError for other types
 * and for a file that is too short.
 */
export function readTensor({ file, offset, bytes, dtype }: StoredTensor): Float32Array {
  if (dtype !== "F32" && dtype !== "BF16")
    throw new LabError({
      what: "The weights are of a type that is not read here",
      where: file,
      expected: "F32 or BF16",
      found: dtype,
    });
  const raw = readBytes(file, offset, bytes);
  if (dtype === "F32") return new Float32Array(raw);
  // BF16 is the upper half of an F32 (https://en.wikipedia.org/wiki/Bfloat16_floating-point_format).
  const halves = new Uint16Array(raw);
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}

function headerLength(file: string): number {
  return Number(new DataView(readBytes(file, 0, 8)).getBigUint64(0, true));
}

/** A buffer of its own, so that typed arrays over it are aligned. */
function readBytes(file: string, offset: number, bytes: number): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes);
  const raw = new Uint8Array(buffer);
  const handle = openSync(file, "r");
  try {
    let read = 0;
    // One read returns 2 GiB at most.
    while (read < bytes) {
      const n = readSync(handle, raw, read, Math.min(bytes - read, 2 ** 30), offset + read);
      if (n === 0)
        throw new LabError({
          what: "The file is not safetensors",
          where: file,
          expected: `${offset + bytes} bytes`,
          found: `${offset + read}`,
        });
      read += n;
    }
    return buffer;
  } finally {
    closeSync(handle);
  }
}
