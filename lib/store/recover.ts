/** What a crash, or a bad disk, did to a store's file, and putting it right. */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
} from "node:fs";
import type { z } from "zod";
import { writeFileAtomic } from "./atomic.ts";
import { LabError } from "../errors.ts";
import { shorten } from "./field-problem.ts";
import { parseLine, splitLines } from "./jsonl.ts";
import type { LineProblem } from "./jsonl.ts";

export interface StoreOptions<T> {
  schema: z.ZodType<T>;
  /** Rows with the same key are versions of one row; the last one counts. */
  key: (row: T) => string;
}

/** What opening found and repaired. */
export interface StoreReport {
  rows: number;
  /** Lines that a later line with the same key replaced. */
  superseded: number;
  /** Bytes of an unfinished last line that were cut. */
  tornBytes: number;
  /** Damaged lines, moved with their bytes (base64) to `<file>.corrupt`. */
  setAside: ({ line: number } & LineProblem)[];
  /** Locks of dead writers that were removed. */
  staleLocks: readonly string[];
  /** All of the above in one sentence; null when there is nothing to say. */
  message: string | null;
}

export interface Recovered<T> {
  rows: Map<string, T>;
  report: StoreReport;
  /** Bytes of the repaired file. */
  length: number;
}

/** Reads a store's file and repairs it on disk. The caller holds the folder's lock. Throws as openStore. */
export function recoverStore<T>(
  file: string,
  { schema, key }: StoreOptions<T>,
  staleLocks: readonly string[],
): Recovered<T> {
  const rows = new Map<string, T>();
  const report: StoreReport = {
    rows: 0,
    superseded: 0,
    tornBytes: 0,
    setAside: [],
    staleLocks,
    message: null,
  };
  report.message = describe(file, report);
  if (!existsSync(file)) return { rows, report, length: 0 };
  const bytes = readFileSync(file);
  const good: Buffer[] = [];
  const bad: { line: number; reason: string; base64: string }[] = [];
  let end = 0;
  let foreign = 0;
  for (const { line, start, bytes: content, ended } of splitLines(bytes)) {
    if (!ended) {
      report.tornBytes = bytes.length - start;
      break;
    }
    end = bytes.indexOf(10, start) + 1;
    if (content.length === 0) continue;
    const result = parseLine(content, schema);
    if ("row" in result) {
      const name = key(result.row);
      if (rows.has(name)) report.superseded++;
      rows.set(name, result.row);
      good.push(bytes.subarray(start, end));
    } else {
      if (result.problem.reason === "field") foreign++;
      report.setAside.push({ line, ...result.problem });
      bad.push({
        line,
        reason: `${result.problem.reason}: ${result.problem.found}`,
        base64: content.toString("base64"),
      });
    }
  }
  report.rows = rows.size;
  if (rows.size === 0 && foreign > 0) {
    const { line, field, expected, found } = report.setAside[0]!;
    throw new LabError({
      what: "A file holds rows of another kind",
      where: `${file}, line ${line}, field ${field}`,
      expected,
      found,
      todo: "Move it away, or name another --workspace.",
    });
  }
  if (bad.length > 0) {
    setAside(`${file}.corrupt`, bad);
    writeFileAtomic(file, Buffer.concat(good));
    end = good.reduce((sum, line) => sum + line.length, 0);
  } else if (report.tornBytes > 0) {
    const fd = openSync(file, "r+");
    try {
      ftruncateSync(fd, end);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
  report.message = describe(file, report);
  return { rows, report, length: end };
}

/**
 * Before the rows leave the store; a crash in between sets them aside once more, so what stands there already
 * is not added again.
 */
function setAside(path: string, bad: { line: number; reason: string; base64: string }[]): void {
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const fresh = bad.filter((entry) => !before.includes(`"base64":"${entry.base64}"`));
  appendFileSync(path, fresh.map((entry) => `${JSON.stringify(entry)}\n`).join(""), { flush: true });
}

function describe(file: string, report: StoreReport): string | null {
  const parts: string[] = [];
  if (report.tornBytes > 0) parts.push(`cut an unfinished last line of ${report.tornBytes} bytes`);
  for (const { line, reason, found } of report.setAside.slice(0, 5))
    parts.push(`set line ${line} aside in ${file}.corrupt (${reason}: ${shorten(found)})`);
  if (report.setAside.length > 5) parts.push(`and ${report.setAside.length - 5} more lines`);
  if (report.staleLocks.length > 0)
    parts.push(`removed the lock of a writer that has ended (${report.staleLocks.join(", ")})`);
  return parts.length > 0 ? `${file}: ${parts.join("; ")}` : null;
}
