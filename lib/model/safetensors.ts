/** The table of contents of a safetensors file: names and shapes, without the weights. */
import { closeSync, openSync, readSync } from "node:fs";
import { LabError } from "../errors.ts";

export interface TensorInfo {
  dtype: string;
  shape: number[];
}

/** The format's own limit for the header. */
const MAX_HEADER = 100_000_000;

/**
 * Tensor names → dtype and shape. Reads the header only: 8 bytes of little-endian length, then JSON.
 * Throws LabError when the file is not safetensors. Source: https://github.com/huggingface/safetensors#format
 */
export function readTensorTable(path: string): Map<string, TensorInfo> {
  const refuse = (found: string, cause?: unknown) => new LabError({ what: "The file is not safetensors", where: path, found, todo: "Only safetensors are loaded: other formats can hold code." }, { cause });
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  try {
    const length = Buffer.alloc(8);
    if (readSync(file, length, 0, 8, 0) < 8) throw refuse("fewer than 8 bytes");
    const size = length.readBigUInt64LE();
    if (size > BigInt(MAX_HEADER)) throw refuse(`a header of ${size} bytes`);
    const header = Buffer.alloc(Number(size));
    if (readSync(file, header, 0, header.length, 8) < header.length) throw refuse("an incomplete header");
    let table: Record<string, TensorInfo>;
    try {
      table = JSON.parse(header.toString("utf8")) as Record<string, TensorInfo>;
    } catch (cause) {
      throw refuse((cause as Error).message, cause);
    }
    return new Map(Object.entries(table).filter(([name]) => name !== "__metadata__"));
  } finally {
    closeSync(file);
  }
}
