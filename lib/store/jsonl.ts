/** JSON lines: reading them with file, line and field in every complaint, writing them whole. */
import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { z } from "zod";
import { fileError, writeFileAtomic } from "./atomic.ts";
import { LabError } from "../errors.ts";
import { fieldProblem } from "./field-problem.ts";

/**
 * One line of a file as it is on disk, without its newline. `line` counts from 1, `start` is its first byte.
 */
export interface RawLine {
  line: number;
  start: number;
  bytes: Buffer;
  /** False for a last line that no newline ends. */
  ended: boolean;
}

/**
 * Splits at "\n" (a "\r" before it belongs to the line end). A file that ends in a newline has no empty last
 * line.
 */
export function* splitLines(bytes: Buffer): Generator<RawLine> {
  let start = 0;
  for (let line = 1; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.length : newline;
    const trimmed = end > start && bytes[end - 1] === 13 ? end - 1 : end;
    yield { line, start, bytes: bytes.subarray(start, trimmed), ended: newline !== -1 };
    start = end + 1;
  }
}

/** Why a line is not a row. */
export interface LineProblem {
  /** Stable code: "encoding", "json", "checksum", "field". */
  reason: string;
  field: string;
  expected: string;
  found: string;
}

export type LineResult<T> = { row: T } | { problem: LineProblem };

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
const CHECKSUM = /,"crc":"([0-9a-f]{8})"\}$/;

/**
 * The line of a row with its checksum: CRC-32 of the JSON without it, so that a flipped bit inside a text is
 * noticed.
 */
export function checkedLine(row: object): string {
  const json = JSON.stringify(row);
  const crc = crc32(json).toString(16).padStart(8, "0");
  return json === "{}" ? json : `${json.slice(0, -1)},"crc":"${crc}"}`;
}

/** Reads one line: UTF-8, checksum where it carries one, JSON, schema. */
export function parseLine<T>(bytes: Buffer, schema: z.ZodType<T>): LineResult<T> {
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    return {
      problem: {
        reason: "encoding",
        field: "",
        expected: "UTF-8",
        found: `bytes that are not, such as ${hex(bytes)}`,
      },
    };
  }
  const checksum = CHECKSUM.exec(text);
  if (checksum) text = `${text.slice(0, checksum.index)}}`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const found = text.includes("\0")
      ? "a NUL byte"
      : text.trim() === ""
        ? "an empty line"
        : (error as Error).message;
    return { problem: { reason: "json", field: "", expected: "one JSON object", found } };
  }
  if (checksum && crc32(text) !== parseInt(checksum[1]!, 16))
    return {
      problem: {
        reason: "checksum",
        field: "",
        expected: "the line as it was written",
        found: "another checksum: the line was damaged, or edited without taking its crc out",
      },
    };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { row: parsed.data };
  return { problem: { reason: "field", ...fieldProblem(parsed.error, value) } };
}

function hex(bytes: Buffer): string {
  for (let i = 0; i < bytes.length; i++)
    if (bytes[i]! > 0x7f) return `0x${bytes.subarray(i, i + 4).toString("hex")}`;
  return "";
}

/**
 * Every row of a stage's file, checked. Blank lines are skipped.
 *
 * Throws LabError at the first line that is not a row (file, line, field, expected, found), and when the file
 * is missing or holds none; `todo` then says how to come by it. For files of the user's own, whose bad rows
 * are set aside, see `readQuestions`.
 */
export function readJsonl<T>(path: string, schema: z.ZodType<T>, todo?: string): T[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const error = fileError("A file could not be read", path, cause);
    throw todo ? new LabError({ ...error.problem, todo }, { cause }) : error;
  }
  const rows: T[] = [];
  for (const { line, bytes: content } of splitLines(bytes)) {
    if (content.length === 0) continue;
    const result = parseLine(content, schema);
    if ("row" in result) rows.push(result.row);
    else throw lineError(path, line, result.problem);
  }
  if (rows.length === 0)
    throw new LabError({
      what: "A file holds no rows",
      where: path,
      expected: "at least one JSON line",
      found: `${bytes.length} bytes`,
      todo,
    });
  return rows;
}

/** The LabError of a bad line. */
function lineError(path: string, line: number, p: LineProblem): LabError {
  const field = p.field ? `, field ${p.field}` : "";
  return new LabError({
    what: "A row cannot be read",
    where: `${path}, line ${line}${field}`,
    expected: p.expected,
    found: p.found,
  });
}

/**
 * Writes all rows at once (temp, sync, rename) and returns the exact text written; `checked`: each with its
 * checksum. Throws LabError as writeFileAtomic.
 */
export function writeJsonl(
  path: string,
  rows: readonly object[],
  { checked = false }: { checked?: boolean } = {},
): string {
  const text = rows.map((row) => `${checked ? checkedLine(row) : JSON.stringify(row)}\n`).join("");
  writeFileAtomic(path, text);
  return text;
}
