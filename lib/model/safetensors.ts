/** The table of contents of a safetensors file: names and shapes, without the weights. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { LabError } from "../errors.ts";

export interface TensorInfo {
  dtype: string;
  shape: number[];
}

/** The format's own limit for the header. */
const MAX_HEADER = 100_000_000;

type Header = Record<string, TensorInfo & { data_offsets?: [number, number] }>;

/**
 * Tensor names → dtype and shape. Reads the header only: 8 bytes of little-endian length, then JSON.
 * Throws LabError when the file is not safetensors. Source: https://github.com/huggingface/safetensors#format
 */
export function readTensorTable(path: string): Map<string, TensorInfo> {
  return new Map(Object.entries(readHeader(path).header));
}

/**
 * Throws LabError when a file is not safetensors, or has not the size that its header tells: a copy or
 * download was cut off. Reads the header only.
 */
export function assertWholeFile(path: string): void {
  const { header, start } = readHeader(path);
  const end = Object.values(header).reduce(
    (most, { data_offsets }) => Math.max(most, data_offsets?.[1] ?? 0),
    0,
  );
  const { size } = statSync(path);
  if (size === start + end) return;
  throw new LabError({
    what:
      size < start + end ? "A file of weights is cut off" : "A file of weights is longer than it should be",
    where: path,
    expected: `${start + end} bytes, as its header says`,
    found: `${size} bytes`,
    todo: "Copy or download it again.",
  });
}

/** Without `__metadata__`; `start`: where the weights begin. */
function readHeader(path: string): { header: Header; start: number } {
  const refuse = (found: string, cause?: unknown) =>
    new LabError(
      {
        what: "The file is not safetensors",
        where: path,
        found,
        todo: "Only safetensors are loaded: other formats can hold code.",
      },
      { cause },
    );
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
    let table: Header & { __metadata__?: unknown };
    try {
      table = JSON.parse(header.toString("utf8")) as Header;
    } catch (cause) {
      throw refuse((cause as Error).message, cause);
    }
    if (typeof table !== "object" || table === null) throw refuse("a header without tensors");
    delete table.__metadata__;
    return { header: table, start: 8 + header.length };
  } finally {
    closeSync(file);
  }
}
