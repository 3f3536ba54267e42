/** Rows as a table: escaped HTML for the page, aligned plain text for everywhere else. */
import { LabError } from "../errors.ts";
import { formatEstimate, formatNumber, isEstimate } from "./numbers.ts";
import { inertHtml, visibleText, widthOf } from "./text-view.ts";

/**
 * What `show()` shows beside figures: the same content twice. `html` holds markup made by this library from
 * escaped text.
 */
export interface View {
  html: string;
  text: string;
}

/**
 * A column: the row's key, its heading (default: the key in words), and how to write a value (default:
 * `formatCell`).
 */
export interface Column {
  key: string;
  label?: string;
  /** Left out where no row has a value: only some sources give it. */
  optional?: boolean;
  format?: (value: unknown, row: Record<string, unknown>) => string;
  align?: "left" | "right";
  /** Characters of a cell, whose long words may then be broken. Default: the table's, unbroken. */
  maxChars?: number;
}

export interface TableOptions {
  /** One line above the table. */
  caption?: string;
  /** Rows shown; the rest is counted in a last line. Default 50. */
  maxRows?: number;
  /** Characters of a cell. Default 300. */
  maxChars?: number;
  /**
   * Rows that stand open, by their `name`, in this order; a row that `changed` stands open behind them. The
   * others are folded under one line. Default: all stand open.
   */
  open?: readonly string[];
}

/**
 * Rows of plain objects as a table. Numbers stand right; `{value, low, high}` reads "0.82 [0.76, 0.87]";
 * null, undefined and NaN read "–" (not judged, never 0). Cell text is escaped, and a column's `format`
 * returns text, not markup.
 *
 * @param columns keys or columns, in order; default: the keys of all rows as they appear.
 * @throws LabError when a named column that is not optional, or a row that is to stand open, is in no row.
 * @example table([{ arm: "SFT", n: 200, accuracy: { value: 0.82, low: 0.76, high: 0.87 } }])
 */
export function table(
  rows: readonly object[],
  columns?: readonly (string | Column)[],
  options: TableOptions = {},
): View {
  const { caption, maxRows = 50, maxChars = 300 } = options;
  const records = rows as readonly Record<string, unknown>[];
  if (options.open) return foldedTable(records, columns, { ...options, open: options.open });
  const shape = resolveColumns(records, columns);
  const shown = records
    .slice(0, maxRows)
    .map((row) => shape.map((c) => (c.format ? c.format(row[c.key], row) : formatCell(row[c.key]))));
  const more =
    records.length > maxRows ? `… and ${(records.length - maxRows).toLocaleString("en-US")} more rows` : "";
  if (rows.length === 0)
    return {
      html: `<p><em>${inertHtml(caption ?? "Table")}: no rows</em></p>`,
      text: `${caption ?? "Table"}: no rows`,
    };

  const right = shape.map((c) =>
    c.align ? c.align === "right" : records.every((row) => isNumeric(row[c.key])),
  );
  // Each cell says only what a viewer would not do by itself: the same words in every cell of every table
  // were a twentieth of a notebook. All of them put what is aligned right at the right, and a row of single
  // lines looks the same wherever its cells stand.
  const tall = shown.some((row) => row.some((value, i) => !right[i] && !ONE_LINE.test(value)));
  const cell = (tag: "th" | "td", content: string, i: number, value = "") => {
    const top = tag === "td" && tall ? ["vertical-align:top"] : [];
    const isLong = shape[i]!.maxChars !== undefined && LONG_WORD.test(value);
    const anywhere = isLong ? ["overflow-wrap:anywhere"] : [];
    const style = [...(right[i] ? [] : ["text-align:left"]), ...top, ...anywhere].join(";");
    // a viewer that drops styles centres headings and knows no numbers
    const align = right[i] ? ` align="right"` : tag === "th" ? ` align="left"` : "";
    return `<${tag}${align}${style && ` style="${style}"`}>${content}</${tag}>`;
  };
  const written = (value: string, i: number) =>
    inertHtml(unbroken(clip(value, shape[i]!.maxChars ?? maxChars)));
  const rowOf = (row: readonly string[]) =>
    `<tr>${row.map((value, i) => cell("td", written(value, i), i, value)).join("")}</tr>`;
  const headings = shape.map((c) => c.label ?? inWords(c.key));
  const html = [
    `<table class="ftmodel-table">`,
    caption ? `<caption style="text-align:left;min-width:26em"><b>${inertHtml(caption)}</b></caption>` : "",
    `<thead><tr>${headings.map((h, i) => cell("th", inertHtml(h), i)).join("")}</tr></thead>`,
    `<tbody>${shown.map(rowOf).join("\n")}</tbody>`,
    `</table>`,
    more ? `<p><em>${more}</em></p>` : "",
  ];
  return {
    html: html.filter(Boolean).join("\n"),
    text: [caption ?? "", plainTable(headings, shown, right), more].filter(Boolean).join("\n"),
  };
}

/** The rows that matter as a table, the others in a second one behind a click. */
function foldedTable(
  rows: readonly Record<string, unknown>[],
  columns: readonly (string | Column)[] | undefined,
  { open, ...options }: TableOptions & { open: readonly string[] },
): View {
  const named = open.map((name) => {
    const row = rows.find((one) => one.name === name);
    if (!row)
      throw new LabError({
        what: "table() requires open rows that it has",
        where: `row "${name}"`,
        expected: rows.map((one) => String(one.name)).join(", "),
        found: name,
      });
    return row;
  });
  const first = [...named, ...rows.filter((row) => row.changed === true && !named.includes(row))];
  const rest = rows.filter((row) => !first.includes(row));
  const shown = table(first, columns, options);
  if (rest.length === 0) return shown;
  const folded = table(rest, columns, { ...options, caption: "" });
  const line = `${rest.length === 1 ? "One more value" : `${rest.length} more values`}, with their reasons`;
  return {
    html: `${shown.html}\n<details><summary>${line}</summary>\n${folded.html}</details>`,
    text: [shown.text, `▸ ${line}`, folded.text].join("\n"),
  };
}

/** Wider than a column should have to be; a column that may break a word breaks short ones, too: "15 / %". */
const LONG_WORD = /\S{13}/;

/** What a narrow column, too, shows in one line, or nearly so. */
const ONE_LINE = /^.{0,30}$/;

/** "gold_answer" → "gold answer", "tooLong" → "too long". */
function inWords(key: string): string {
  const words = key.replace(/_/g, " ");
  return words.replace(/(?<=[a-z])([A-Z])(?=[a-z])/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** How a value reads in a cell. */
export function formatCell(value: unknown): string {
  if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) return "–";
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (isEstimate(value)) return formatEstimate(value);
  if (value instanceof Date) return value.toISOString().slice(0, 19).replace("T", " ");
  return JSON.stringify(value) ?? String(value);
}

function resolveColumns(
  rows: readonly Record<string, unknown>[],
  columns?: readonly (string | Column)[],
): Column[] {
  const present = new Set(rows.flatMap((row) => Object.keys(row)));
  if (!columns) return [...present].map((key) => ({ key }));
  const has = (key: string) => rows.some((row) => row[key] !== null && row[key] !== undefined);
  const shape = columns
    .map((c): Column => (typeof c === "string" ? { key: c } : c))
    .filter((c) => !c.optional || has(c.key));
  const missing = shape.find((c) => !c.format && rows.length > 0 && !present.has(c.key));
  if (missing) {
    const found = [...present].join(", ");
    throw new LabError({
      what: "table() requires columns that some row has",
      where: `column "${missing.key}"`,
      expected: found,
      found: missing.key,
    });
  }
  return shape;
}

function isNumeric(value: unknown): boolean {
  return value === null || value === undefined || typeof value === "number" || isEstimate(value);
}

/** An interval stays on one line, "+4.0 [0.0, +8.0]", and a short answer with its mark, "✓ 15%". */
function unbroken(text: string): string {
  if (/^[✓✗·] \S{1,12}$/.test(text)) return text.replace(" ", "\u00A0");
  return text.replace(/ ?\[[^\s[\]]{1,9}, [^\s[\]]{1,9}\]/g, (interval) => interval.replace(/ /g, "\u00A0"));
}

function clip(text: string, max: number): string {
  const characters = [...text.slice(0, max * 2 + 2)];
  return characters.length > max ? characters.slice(0, max - 1).join("") + "…" : text;
}

/** Columns of equal width, two spaces apart; a wide (CJK) character takes two places. */
function plainTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly boolean[],
): string {
  const all = [headings, ...rows].map((row) =>
    row.map((value) => clip(visibleText(value).replace(/\s+/g, " "), 60)),
  );
  const widths = headings.map((_, i) => Math.max(...all.map((row) => widthOf(row[i]!))));
  const line = (row: readonly string[]) =>
    row
      .map((value, i) =>
        right[i]
          ? " ".repeat(widths[i]! - widthOf(value)) + value
          : value + " ".repeat(widths[i]! - widthOf(value)),
      )
      .join("  ")
      .trimEnd();
  return [line(all[0]!), widths.map((w) => "-".repeat(w)).join("  "), ...all.slice(1).map(line)].join("\n");
}
