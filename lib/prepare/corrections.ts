/**
 * What a reader has corrected in an explorer: rows of a source file that are no questions but speak of one.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Lab } from "../config/lab.ts";
import { readJsonl } from "../store/jsonl.ts";

const text = z.string().refine((s) => s.trim() !== "", "must not be blank");
const id = z.union([text, z.number().transform(String)], "a question's id");
const note = z.string().optional();

/** One line of what the explorer downloads; what else it says of the row is kept. */
export const Correction = z.discriminatedUnion("correction", [
  /** Another gold answer; `was` is the one the reader saw. */
  z.looseObject({
    correction: z.literal("gold"),
    id,
    gold_answer: z.union([text, z.number().transform(String)], "a text or a number"),
    was: z.union([z.string(), z.number().transform(String)]).nullish(),
    note,
  }),
  /** A Teacher's text (`key`) is right, or wrong, whatever rules and Judge say. */
  z.looseObject({
    correction: z.literal("verdict"),
    id,
    key: z.string().optional(),
    verdict: z.enum(["right", "wrong"]),
    note,
  }),
  z.looseObject({ correction: z.literal("note"), id, note: text }),
]);
export type Correction = z.infer<typeof Correction>;

/** The reader's word on one text. */
export interface CorrectedVerdict {
  verdict: "right" | "wrong";
  note: string | null;
}

/** Where stage 1 keeps those that speak of a known question; no file where there are none. */
export function correctionsPath(lab: Pick<Lab, "paths">): string {
  return join(dirname(lab.paths.raw), "corrections.jsonl");
}

/** Whether a source's row is one: it says what it corrects. */
export function isCorrection(value: unknown): boolean {
  return typeof value === "object" && value !== null && "correction" in value;
}

/**
 * The verdicts that the reader has given to Teacher texts, by the texts' keys; the last word on a text
 * counts. Throws LabError when the file is damaged.
 */
export function correctedVerdicts(lab: Pick<Lab, "paths">): Map<string, CorrectedVerdict> {
  const path = correctionsPath(lab);
  if (!existsSync(path)) return new Map();
  return new Map(
    readJsonl(path, Correction).flatMap((row): [string, CorrectedVerdict][] =>
      row.correction === "verdict" && row.key !== undefined
        ? [[row.key, { verdict: row.verdict, note: row.note ?? null }]]
        : [],
    ),
  );
}
