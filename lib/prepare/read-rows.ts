/**
 * The rows of a JSONL, JSON or CSV file, each with the line it starts on, before anyone asks what they mean.
 */
import { createRequire } from "node:module";
import { extname } from "node:path";
import { LabError } from "../errors.ts";
import { shorten } from "../store/field-problem.ts";
import { splitLines } from "../store/jsonl.ts";
import { decodeUtf8, readTextBytes } from "../store/text-file.ts";

/** A row, or why there is none at that line. `reason` is a stable code. */
export type SourceRow =
  | { line: number; value: unknown }
  | { line: number; reason: "encoding" | "json" | "csv"; expected: string; found: string };

/**
 * Reads by extension (.jsonl .ndjson .json .csv .tsv), else by the first character. Blank lines are no rows.
 *
 * A broken JSON line or CSV record is one bad row; a broken JSON document is an error, because nothing after
 * the break can be trusted. Throws LabError as readTextBytes, and when a JSON document cannot be read (with
 * its line) or is no list of rows.
 */
export function readSourceRows(path: string): SourceRow[] {
  const bytes = readTextBytes(path);
  const extension = extname(path).toLowerCase();
  if (extension === ".csv" || extension === ".tsv") return csvRows(decodeUtf8(bytes, path));
  const first = String.fromCharCode(bytes.find((b) => b > 0x20)!);
  if (extension === ".jsonl" || extension === ".ndjson") return jsonLines(bytes);
  if (first === "[") return jsonDocument(decodeUtf8(bytes, path), path);
  if (first === "{") return jsonLinesOrDocument(bytes, path);
  if (extension === ".json")
    throw new LabError({
      what: "A file cannot be read as JSON",
      where: `${path}, line 1`,
      expected: "a list of rows: [ { … }, … ]",
      found: shorten(bytes.subarray(0, 60).toString("utf8")),
    });
  return csvRows(decodeUtf8(bytes, path));
}

function jsonLines(bytes: Buffer): SourceRow[] {
  const rows: SourceRow[] = [];
  const strict = new TextDecoder("utf-8", { fatal: true });
  for (const { line, bytes: content } of splitLines(bytes)) {
    let text: string;
    try {
      text = strict.decode(content);
    } catch {
      rows.push({
        line,
        reason: "encoding",
        expected: "UTF-8",
        found: shorten(content.toString("utf8").slice(0, 60)),
      });
      continue;
    }
    if (text.trim() === "") continue;
    try {
      rows.push({ line, value: parseKeepingNumbers(text) });
    } catch (error) {
      rows.push({ line, reason: "json", expected: "one JSON object", found: (error as Error).message });
    }
  }
  return rows;
}

/**
 * A file that starts with "{" is JSON lines, unless it is one object spread over lines that holds the list.
 */
function jsonLinesOrDocument(bytes: Buffer, path: string): SourceRow[] {
  const rows = jsonLines(bytes);
  if (rows.some((row) => "value" in row)) return rows;
  return jsonDocument(decodeUtf8(bytes, path), path);
}

function jsonDocument(text: string, path: string): SourceRow[] {
  let value: unknown;
  try {
    value = parseKeepingNumbers(text);
  } catch (error) {
    const message = (error as Error).message;
    const position = /position (\d+)/.exec(message);
    const line = position ? text.slice(0, Number(position[1])).split("\n").length : text.split("\n").length;
    throw new LabError({
      what: "A file cannot be read as JSON",
      where: `${path}, line ${line}`,
      expected: "a list of rows: [ { … }, … ]",
      found: message,
    });
  }
  if (!Array.isArray(value))
    throw new LabError({
      what: "A file holds no list of rows",
      where: path,
      expected: "[ { … }, … ], or one object a line",
      found: shorten(value),
    });
  const lines = elementLines(text);
  return value.map((element, i) => ({ line: lines[i] ?? 1, value: element as unknown }));
}

/** The line on which each element of the outermost list starts. */
function elementLines(text: string): number[] {
  const lines: number[] = [];
  let depth = 0,
    line = 1,
    fresh = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\n") line++;
    else if (c === " " || c === "\r" || c === "\t") continue;
    else if (c === "," && depth === 1) fresh = true;
    else if (c === "]" || c === "}") depth--;
    else {
      if (depth === 1 && fresh) {
        lines.push(line);
        fresh = false;
      }
      if (c === '"') for (i++; text[i] !== '"'; i++) i += text[i] === "\\" ? 1 : 0;
      else if (c === "[" || c === "{") {
        if (depth === 0) fresh = true;
        depth++;
      }
    }
  }
  return lines;
}

/** JSON whose numbers keep how they were written: a gold answer 1.50 is asked for with two decimals. */
function parseKeepingNumbers(text: string): unknown {
  const keep = (key: string, value: unknown, context?: { source?: string }) =>
    key === "gold_answer" && typeof value === "number" ? (context?.source ?? String(value)) : value;
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}

interface CsvStep {
  data: Record<string, string>;
  errors: { type: string; code: string; message: string }[];
  meta: { cursor: number };
}
interface Papaparse {
  parse(
    text: string,
    options: { header: true; delimiter: string; skipEmptyLines: "greedy"; step: (row: CsvStep) => void },
  ): void;
}

/** RFC 4180 with a header; comma, semicolon or tab, whichever the header has most of. */
function csvRows(text: string): SourceRow[] {
  const papaparse = createRequire(import.meta.url)("papaparse") as Papaparse;
  const header = text.slice(0, text.search(/[\r\n]|$/));
  const delimiter = [",", ";", "\t"].sort((a, b) => header.split(b).length - header.split(a).length)[0]!;
  const rows: SourceRow[] = [];
  let line = 1 + (/\r?\n/.test(text) ? 1 : 0);
  let position = header.length + 1;
  papaparse.parse(text, {
    header: true,
    delimiter,
    skipEmptyLines: "greedy",
    step({ data, errors, meta }) {
      const record = text.slice(position, meta.cursor);
      const start = line + (/^[\s]*/.exec(record)![0].match(/\n/g)?.length ?? 0);
      line += record.match(/\n/g)?.length ?? 0;
      position = meta.cursor;
      const { __parsed_extra: extra, ...fields } = data as Record<string, unknown>;
      const bad =
        errors.find((e) => e.type === "Quotes") ??
        (extra ? errors.find((e) => e.code === "TooManyFields") : undefined);
      if (bad)
        rows.push({
          line: start,
          reason: "csv",
          expected: extra
            ? "as many fields as the header, or quotes around a text with commas"
            : "closed quotes",
          found: `${bad.message}${record.length > 400 ? ` (it swallows the text up to line ${line})` : ""}`,
        });
      else
        rows.push({
          line: start,
          value: Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== "")),
        });
    },
  });
  return rows;
}
