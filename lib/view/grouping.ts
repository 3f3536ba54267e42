/** By what rows are best told apart. */
import { languageOf } from "../question/language.ts";

export interface Grouped {
  type: string;
  source?: string | undefined;
  kind?: string | undefined;
  question?: string | undefined;
}

export interface Grouping<Row> {
  /** As a caption says it: "share of right texts by …". */
  by: string;
  groupOf: (row: Row) => string;
}

/**
 * How to group rows of questions: by kind where any has one (by source where it has none), else by source,
 * type or language, the first by which they differ; a reader's own file has no kinds and is one source.
 */
export function groupingOf<Row extends Grouped>(rows: readonly Row[]): Grouping<Row> {
  const source = (row: Row): string => row.source ?? row.type;
  const differ = (groupOf: (row: Row) => string): boolean => new Set(rows.map(groupOf)).size > 1;
  if (rows.some((row) => row.kind !== undefined))
    return {
      by: "kind of question (by source where it has none)",
      groupOf: (row) => row.kind ?? source(row),
    };
  if (differ(source)) return { by: "source", groupOf: source };
  if (differ((row) => row.type)) return { by: "type", groupOf: (row) => row.type };
  const isChinese = (row: Row): boolean => languageOf(row.question ?? "") === "zh";
  return { by: "language", groupOf: (row) => (isChinese(row) ? "Chinese" : "not Chinese") };
}
