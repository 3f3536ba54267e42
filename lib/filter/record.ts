/**
 * What is known of every Teacher text after the filter: a line of `data/processed/filter_details.jsonl`, and
 * the stats file.
 */
import { join } from "node:path";
import { z } from "zod";
import { FunnelCounts } from "./funnel.ts";
import type { Paths } from "../config/paths.ts";
import { AssemblyStats, LanguageCount, TextLanguage } from "./assembly-stats.ts";
import { QuestionType } from "../records.ts";

/** The layers a Teacher's text goes through, in order. */
export const TEXT_LAYERS = [
  "split",
  "teacher",
  "assemble",
  "format",
  "answer",
  "judge",
  "best_of_k",
  "size",
] as const;
export type TextLayer = (typeof TEXT_LAYERS)[number];

/** The layers a question goes through on its way to RL. */
export const QUESTION_LAYERS = ["gold", "split", "checkable", "rl_source"] as const;

/** One Teacher text: the layer it ended in and why; `reason: null` says it is in sft.jsonl. */
export const FilterDetail = z.object({
  key: z.string(),
  id: z.string(),
  sample: z.number().int(),
  type: QuestionType,
  source: z.string(),
  kind: z.string().optional(),
  layer: z.enum(TEXT_LAYERS),
  reason: z.string().nullable(),
  /** The sentence of the rule or of the Judge. */
  message: z.string(),
  /**
   * The rule of `ASSEMBLY_RULES` that made the training text, or why none could; null where nothing was put
   * together.
   */
  assembly: z.string().nullable(),
  language: TextLanguage,
  tokens: z.number().nullable(),
  /** Points of the Judge; null when it has not judged: never 0. */
  points: z.number().nullable(),
  scores: z.record(z.string(), z.number()).nullable(),
  votePoints: z.array(z.number().nullable()).nullable(),
});
export type FilterDetail = z.infer<typeof FilterDetail>;

/** One question: the layer that kept it from rl.jsonl and why; `reason: null` says it is in there. */
export const QuestionFate = z.object({
  id: z.string(),
  type: QuestionType,
  source: z.string(),
  layer: z.enum(QUESTION_LAYERS),
  reason: z.string().nullable(),
  message: z.string(),
});
export type QuestionFate = z.infer<typeof QuestionFate>;

/** `data/processed/filter_stats.json`. In every layer, type and source: in = out + Σ reasons. */
export const FilterStats = z.object({
  created: z.string(),
  profile: z.string(),
  /** The config's filter section as it was used. */
  settings: z.record(z.string(), z.unknown()),
  judge: z.string().nullable(),
  /** Unit: Teacher texts. What goes out of the last layer is in sft.jsonl. */
  layers: z.array(FunnelCounts),
  /**
   * Unit: questions. What goes out of the last layer is in rl.jsonl; "split" keeps the test's questions out.
   */
  questions: z.array(FunnelCounts),
  /** How the training texts of the whole texts were made; null when `distill.assemble` is off. */
  assembly: AssemblyStats.nullable(),
  /**
   * Questions of one language answered in another: a row for each pair that occurs, whole texts of training
   * questions.
   */
  languages: z.array(LanguageCount),
  rows: z.object({ sft: z.number().int(), rl: z.number().int(), test: z.number().int() }),
  /** What a reader must know before going on ("nothing was kept …"); null when all is well. */
  warning: z.string().nullable(),
});
export type FilterStats = z.infer<typeof FilterStats>;

/** Where the filter keeps every text's fate. */
export function filterDetailsPath(paths: Pick<Paths, "processed">): string {
  return join(paths.processed, "filter_details.jsonl");
}

/**
 * Where the filter keeps good texts that `filter.sftMaxRows` had no place for: rows for the held-out loss.
 */
export function heldOutPath(paths: Pick<Paths, "processed">): string {
  return join(paths.processed, "sft_held_out.jsonl");
}
