/** What an explorer's block holds: the rows as its page reads them. Types and names only. */

/** A stretch of a text, UTF-16 offsets, end exclusive. */
export interface TextMark {
  start: number;
  end: number;
  label?: string | undefined;
  kind?: "good" | "bad" | "note" | undefined;
}

export interface ExploreData {
  caption: string;
  /** Stands in links to a state of it. */
  name: string;
  /** The fields of every row. */
  keys: string[];
  /** Values in the order of `keys`; null where a row has none. */
  rows: unknown[][];
  /** Numbers into `keys`: shown as columns, counted as facets, read whole when a row is opened. */
  columns: number[];
  facets: number[];
  texts: number[];
  /** The field that the answers to one question share; null for none. */
  group: number | null;
  /** Rows there were before the block was cut to its size. */
  total: number;
  /** Texts that were shortened. */
  clipped: number;
  /** Whether the reader may correct rows. */
  corrections: boolean;
  /** What it opens with, as a link holds it. */
  state: string;
}

/** Fields that are no columns and are not searched. */
export const HIDDEN_KEYS: readonly string[] = ["marks", "key"];

/** What is counted beside the table where rows have it. */
export const FACETS: readonly string[] = [
  "type",
  "verdict",
  "change",
  "layer",
  "reason",
  "arm",
  "mode",
  "language",
  "source",
  "kind",
  "step",
];
/** Fields that hold a whole text: one line in the table, all of it when opened. */
export const TEXTS: readonly string[] = ["text", "before", "after"];
