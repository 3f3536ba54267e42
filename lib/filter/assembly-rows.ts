/** How training texts were made, and in which language they are, as rows of a table. Pure. */
import type { AssemblyStats, LanguageCount } from "./assembly-stats.ts";

/** One row of all texts, then one a source where there are several. Rules and reasons with their counts. */
export function assemblyRows(assembly: AssemblyStats): object[] {
  const sources = Object.entries(assembly.bySource);
  const named = [["all", assembly] as const, ...(sources.length > 1 ? sources : [])];
  return named.map(([source, row]) => ({
    source,
    "whole texts": row.in,
    "as written": row.asWritten,
    "put together": counted(row.putTogether),
    "no training text": counted(row.none),
  }));
}

/** A row for each pair of languages that occurs. */
export function languageRows(languages: readonly LanguageCount[]): object[] {
  const named = { zh: "Chinese", en: "not Chinese" };
  return languages.map(({ question, response, texts, kept }) => ({
    question: named[question],
    reasoning: response === null ? "formulas alone" : named[response],
    texts,
    "in the training rows": kept,
  }));
}

function counted(counts: Record<string, number>): string {
  const parts = Object.entries(counts).map(([name, n]) => `${name.replaceAll("_", " ")} ${n}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}
