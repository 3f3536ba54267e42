/** What stage 1 did, in numbers that figures draw and tables show. */
import { z } from "zod";
import { GIVEN } from "./classify.ts";
import type { Collected } from "./all-sources.ts";
import type { Config } from "../config/config.ts";
import type { RemovedDuplicate } from "./duplicates.ts";
import { QUESTION_TYPES, QuestionType } from "../records.ts";
import type { Question } from "../records.ts";
import type { SampleReport } from "./sample.ts";
import type { SetAside, Place } from "./read-questions.ts";
import { countBy } from "../stats/stats.ts";

/** A question with where it came from and what it weighs. */
export interface PreparedQuestion {
  question: Question;
  origin: Collected["origin"];
  rule: string;
  /** File and line; absent for a generated one. */
  place?: Place | undefined;
  /**
   * Tokens of the longer of the student's and the Teacher's prompt, chat template included; null for rows
   * that left before they were counted.
   */
  tokens: number | null;
}

const count = z.number().int().min(0);
const counts = z.record(z.string(), count);

export const PrepareReport = z.object({
  /** Rows of raw.jsonl. */
  rows: count,
  /** Whether an earlier result was handed back. */
  reused: z.boolean(),
  /** A row a file: read = taken + set aside by reason. */
  files: z.array(
    z.object({ name: z.string(), origin: z.string(), read: count, taken: count, setAside: counts }),
  ),
  /** A row a source (the rows' own field): read = kept + set aside by reason. */
  sources: z.array(
    z.object({ source: z.string(), origin: z.string(), read: count, kept: count, setAside: counts }),
  ),
  /** Questions by type: all that were read, all that fit, all that were kept. */
  types: z.array(z.object({ type: z.string(), read: count, fitting: count, kept: count })),
  /** Rule of `classify` → questions it typed. */
  rules: z.array(z.object({ rule: z.string(), type: z.string(), questions: count })),
  /** Prompt tokens of every question that was counted, and whether its type came with it. */
  tokens: z.array(
    z.object({
      id: z.string(),
      source: z.string(),
      type: z.string(),
      typeGiven: z.boolean(),
      tokens: count,
      kept: z.boolean(),
    }),
  ),
  limits: z.object({
    maxPromptTokens: count,
    maxLength: count,
    overMaxPromptTokens: count,
    overMaxLength: count,
  }),
  /** What readers have corrected, by what it is; of questions that are there. */
  corrections: z
    .object({ gold: count, verdict: count, note: count })
    .default({ gold: 0, verdict: 0, note: 0 }),
  duplicates: z.array(
    z.object({
      id: z.string(),
      of: z.string(),
      goldDiffers: z.boolean(),
      question: z.string(),
      ofQuestion: z.string(),
    }),
  ),
  sample: z.object({
    types: z.record(
      QuestionType,
      z.object({ share: z.number(), wanted: count, available: count, taken: count }),
    ),
    filledFromOthers: count,
    missing: count,
  }),
});
export type PrepareReport = z.infer<typeof PrepareReport>;

interface Parts {
  collected: readonly Collected[];
  candidates: readonly PreparedQuestion[];
  /** Candidates that are not taken; what could not be read is in `collected`. */
  left: readonly SetAside[];
  rows: readonly Question[];
  removed: readonly RemovedDuplicate[];
  sample: SampleReport;
  config: Config;
}

/**
 * Counts everything once. Every row that was read is in exactly one place: kept, or set aside for one reason.
 */
export function describePreparation({
  collected,
  candidates,
  left,
  rows,
  removed,
  sample,
  config,
}: Parts): PrepareReport {
  const kept = new Set(rows.map((q) => q.id));
  const byId = new Map(candidates.map((c) => [c.question.id, c]));
  const reasonOf = new Map(left.map((s) => [s.id!, s.reason]));
  const counted = candidates.filter((c) => c.tokens !== null);
  const { maxPromptTokens } = config.prepare;
  const { maxLength } = config.sft;
  const fits = (c: PreparedQuestion) =>
    kept.has(c.question.id) || reasonOf.get(c.question.id) === "not_sampled";

  return {
    rows: rows.length,
    reused: false,
    files: collected.map(({ name, origin, questions, setAside: bad }) => ({
      name,
      origin,
      read: questions.length + bad.length,
      taken: questions.length,
      setAside: Object.fromEntries(countBy(bad, (s) => s.reason)),
    })),
    sources: describeSources(collected, kept, reasonOf),
    types: QUESTION_TYPES.map((type) => {
      const ofType = candidates.filter((c) => c.question.type === type);
      return {
        type,
        read: ofType.length,
        fitting: ofType.filter(fits).length,
        kept: ofType.filter((c) => kept.has(c.question.id)).length,
      };
    }),
    rules: describeRules(candidates),
    tokens: counted.map(({ question: { id, source, type }, rule, tokens }) => ({
      id,
      source,
      type,
      typeGiven: rule === GIVEN,
      tokens: tokens!,
      kept: kept.has(id),
    })),
    limits: {
      maxPromptTokens,
      maxLength,
      overMaxPromptTokens: counted.filter((c) => c.tokens! > maxPromptTokens).length,
      overMaxLength: counted.filter((c) => c.tokens! > maxLength).length,
    },
    corrections: countCorrections(collected),
    duplicates: removed.map((d) => ({
      ...d,
      question: byId.get(d.id)!.question.question.slice(0, 500),
      ofQuestion: byId.get(d.of)!.question.question.slice(0, 500),
    })),
    sample,
  };
}

function countCorrections(collected: readonly Collected[]): PrepareReport["corrections"] {
  const counted = { gold: 0, verdict: 0, note: 0 };
  for (const { corrections } of collected) for (const { row } of corrections) counted[row.correction]++;
  return counted;
}

function describeSources(
  collected: readonly Collected[],
  kept: ReadonlySet<string>,
  reasonOf: ReadonlyMap<string, string>,
): PrepareReport["sources"] {
  const sources = new Map<string, PrepareReport["sources"][number]>();
  for (const { origin, questions, setAside } of collected) {
    const of = (source: string) => {
      const row = sources.get(source) ?? { source, origin, read: 0, kept: 0, setAside: {} };
      sources.set(source, row);
      row.read++;
      return row;
    };
    for (const { source, reason } of setAside) {
      const row = of(source);
      row.setAside[reason] = (row.setAside[reason] ?? 0) + 1;
    }
    for (const { id, source } of questions) {
      const row = of(source);
      const reason = reasonOf.get(id);
      if (kept.has(id)) row.kept++;
      else if (reason !== undefined) row.setAside[reason] = (row.setAside[reason] ?? 0) + 1;
    }
  }
  return [...sources.values()];
}

function describeRules(candidates: readonly PreparedQuestion[]): PrepareReport["rules"] {
  const rules = new Map<string, PrepareReport["rules"][number]>();
  for (const { rule, question } of candidates) {
    const key = `${rule}\0${question.type}`;
    const row = rules.get(key) ?? { rule, type: question.type, questions: 0 };
    row.questions++;
    rules.set(key, row);
  }
  return [...rules.values()].sort((a, b) => b.questions - a.questions);
}
