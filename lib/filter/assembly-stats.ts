/** How the Teacher's texts became training texts, and in which language they were written. Pure. */
import { z } from "zod";
import { stripTags } from "../answer/completion/tags.ts";
import { languageOf } from "../question/language.ts";
import { countBy } from "../stats/stats.ts";

const Language = z.enum(["zh", "en"]);
/** Of the question and of the Teacher's text; null for a text without letters (formulas alone). */
export const TextLanguage = z.object({ question: Language, response: Language.nullable() });
export type TextLanguage = z.infer<typeof TextLanguage>;

const count = z.number().int().min(0);
/** in = asWritten + Σ putTogether + Σ none. Unit: whole texts of training questions. */
export const AssemblyCounts = z.object({
  in: count,
  asWritten: count,
  /** By the rule that made the training text. */
  putTogether: z.record(z.string(), count),
  /** Why there is no training text: "no_answer", "no_reasoning", "repeats_answer". */
  none: z.record(z.string(), count),
});
export type AssemblyCounts = z.infer<typeof AssemblyCounts>;

/** In total, by source, and by the question's language. */
export const AssemblyStats = AssemblyCounts.extend({
  bySource: z.record(z.string(), AssemblyCounts),
  byLanguage: z.record(z.string(), AssemblyCounts),
});
export type AssemblyStats = z.infer<typeof AssemblyStats>;

/** `texts` answered in `response` to questions in `question`; of these `kept` are in sft.jsonl. */
export const LanguageCount = TextLanguage.extend({ texts: count, kept: count });
export type LanguageCount = z.infer<typeof LanguageCount>;

/** What the counts read of a text's fate. */
export interface AssemblyFate {
  layer: string;
  reason: string | null;
  source: string;
  assembly: string | null;
  language: TextLanguage;
}

/** A formula with one-letter names has no language. */
const WORDS = /\p{Script=Han}|[A-Za-z]{3}/u;

/** The language of a question, and that of the text written to it. */
export function textLanguage(question: string, text: string | null): TextLanguage {
  const bare = stripTags(text ?? "");
  return { question: languageOf(question), response: WORDS.test(bare) ? languageOf(bare) : null };
}

/** Counts the fates of whole texts: those that came as far as the layer `assemble`. */
export function assemblyStats(fates: readonly AssemblyFate[]): AssemblyStats {
  const whole = wholeTexts(fates);
  const by = (key: (fate: AssemblyFate) => string): Record<string, AssemblyCounts> => {
    const groups = [...Map.groupBy(whole, key)].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(groups.map(([name, some]) => [name, countsOf(some)]));
  };
  const [bySource, byLanguage] = [by(({ source }) => source), by(({ language }) => language.question)];
  return { ...countsOf(whole), bySource, byLanguage };
}

function countsOf(fates: readonly AssemblyFate[]): AssemblyCounts {
  const [none, made] = [fates.filter(hasNone), fates.filter((fate) => !hasNone(fate))];
  const together = made.filter(({ assembly }) => assembly !== null && assembly !== "as_written");
  const count = (some: readonly AssemblyFate[]): Record<string, number> =>
    Object.fromEntries(countBy(some, ({ assembly }) => assembly ?? "not_assembled"));
  const asWritten = made.length - together.length;
  return { in: fates.length, asWritten, putTogether: count(together), none: count(none) };
}

/** What has a training text, by how it was made: "as_written" first, then the rules. */
export function madeOf({ asWritten, putTogether }: AssemblyCounts): Record<string, number> {
  return { as_written: asWritten, ...putTogether };
}

/** A row for each pair of languages, the commonest first. */
export function languageCounts(fates: readonly AssemblyFate[]): LanguageCount[] {
  const pairs = Map.groupBy(wholeTexts(fates), ({ language }) => `${language.question}/${language.response}`);
  const rows = [...pairs.values()].map((some) => {
    const kept = some.filter(({ reason }) => reason === null).length;
    return { ...some[0]!.language, texts: some.length, kept };
  });
  return rows.sort((a, b) => b.texts - a.texts);
}

const hasNone = ({ layer, reason }: AssemblyFate): boolean => layer === "assemble" && reason !== null;
const wholeTexts = (fates: readonly AssemblyFate[]): AssemblyFate[] =>
  fates.filter(({ layer }) => layer !== "split" && layer !== "teacher");

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
