/**
 * danfojs DataFrames to explore with, guarded against its three traps: null counted as 0, ragged rows, an
 * import of 0.8 s.
 */
import { createRequire } from "node:module";
import type { DataFrame } from "danfojs-node";
import { show } from "./show.ts";
import { table, type TableOptions, type View } from "../view/table.ts";

type Danfo = typeof import("danfojs-node");
let danfo: Danfo | null = null;

/** Loaded at the first use: a notebook without a DataFrame does not pay for it. */
function loadDanfo(): Danfo {
  danfo ??= createRequire(import.meta.url)("danfojs-node") as Danfo;
  return danfo;
}

export interface FrameOptions {
  /** Columns in order; default: all keys of all rows. */
  columns?: readonly string[];
  /**
   * Leave out rows in which one of these is missing ("not judged"), as `groupby().mean()` and `count()` need.
   */
  dropMissing?: readonly string[];
}

/**
 * Rows as a DataFrame. Missing numbers (null, undefined) become NaN: danfojs counts null as 0 in
 * `groupby().mean()`, and a mean of NaN at least shows. Name such columns in `dropMissing` before grouping.
 * Missing texts read "–"; true and false become 1 and 0, so that their mean is a share; one level of nested
 * objects becomes `outer.inner`; lists are joined by ", ".
 *
 * @example toFrame(details).groupby(["type"]).agg({ strict: "mean" })
 */
export function toFrame(rows: readonly object[], options: FrameOptions = {}): DataFrame {
  const flat = rows.map(flatten);
  const columns = options.columns ?? [...new Set(flat.flatMap((row) => Object.keys(row)))];
  const kept = flat.filter((row) => (options.dropMissing ?? []).every((column) => !isMissing(row[column])));
  const numeric = new Map(
    columns.map((column) => [
      column,
      kept.every((row) => isMissing(row[column]) || typeof row[column] !== "string"),
    ]),
  );
  const data = kept.map((row) =>
    columns.map((column) =>
      isMissing(row[column])
        ? numeric.get(column)
          ? NaN
          : "–"
        : numeric.get(column)
          ? Number(row[column])
          : String(row[column]),
    ),
  );
  const { DataFrame } = loadDanfo();
  return data.length === 0 ? new DataFrame([]) : new DataFrame(data, { columns: [...columns] });
}

/** A DataFrame's rows as objects; NaN becomes null again. */
export function frameRows(frame: DataFrame): Record<string, unknown>[] {
  const values = frame.values as unknown[][];
  return values.map((row) =>
    Object.fromEntries(
      frame.columns.map((column, i) => [
        column,
        typeof row[i] === "number" && Number.isNaN(row[i]) ? null : row[i],
      ]),
    ),
  );
}

/** A DataFrame as an escaped table, the first 20 rows unless `maxRows` says otherwise. */
export function frameView(frame: DataFrame, options: TableOptions = {}): View {
  return table(frameRows(frame), undefined, { maxRows: 20, ...options });
}

/** Shows a DataFrame as a table: the end of a cell to explore in. */
export function showFrame(frame: DataFrame, options: TableOptions = {}): Promise<void> {
  return show(frameView(frame, options));
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "number" && Number.isNaN(value));
}

function flatten(row: object): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(row)) {
    if (Array.isArray(value)) flat[key] = value.join(", ");
    else if (value instanceof Date) flat[key] = value.toISOString();
    else if (typeof value === "object" && value !== null)
      for (const [inner, nested] of Object.entries(value))
        flat[`${key}.${inner}`] =
          typeof nested === "object" && nested !== null ? JSON.stringify(nested) : nested;
    else flat[key] = value;
  }
  return flat;
}
