/** The curve of a distillation: drawn while it runs, kept so that a finished one can be shown again. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { distill } from "./distill.ts";
import type { Distillation, DistillOptions } from "./distill.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import type { Lab } from "../config/lab.ts";
import { readManifest } from "../store/manifest.ts";
import type { Question } from "../records.ts";
import { curveRecorder } from "../view/progress-curve.ts";
import type { ProgressCurve } from "../view/progress-curve.ts";

const StoredCurve = z.object({
  /** Hash of the texts it led to, as distilled.jsonl's manifest has it: other assembly rules change none. */
  texts: z.string(),
  curve: z.object({
    total: z.number(),
    done: z.number(),
    failed: z.number(),
    resumed: z.number(),
    tokensPerSecond: z.number().nullable(),
    etaSeconds: z.number().nullable(),
    failures: z.record(z.string(), z.number()),
    history: z.array(
      z.object({ seconds: z.number(), done: z.number(), tokensPerSecond: z.number().nullable() }),
    ),
  }),
});

export interface FollowOptions extends Omit<DistillOptions, "onProgress"> {
  /** The curve so far, for a live figure. */
  onCurve?: (curve: ProgressCurve) => void;
}

/**
 * `distill`, with its curve for `distillProgress`.
 *
 * When every text is on disk already, the curve is that of the call that finished the file, kept in
 * `reports/distill_curve.json`. Throws as `distill`.
 *
 * @example
 * const onCurve = (curve: ProgressCurve) => live.update(distillProgress(curve));
 * const { rows, curve } = await followDistillation(lab, train, { onCurve });
 */
export async function followDistillation(
  lab: Lab,
  questions: readonly Question[],
  { onCurve, ...options }: FollowOptions = {},
  now: () => number = () => performance.now(),
): Promise<Distillation & { curve: ProgressCurve }> {
  const record = curveRecorder(now);
  let curve = record(null);
  const distillation = await distill(lab, questions, {
    ...options,
    onProgress: (progress) => onCurve?.((curve = record(progress))),
  });
  curve = record(distillation.progress);
  if (distillation.progress.asked === 0) curve = readDistillCurve(lab) ?? curve;
  else
    writeFileAtomic(
      curveFile(lab),
      `${JSON.stringify({ texts: readManifest(lab.paths.distilled)?.inputs.texts, curve })}\n`,
    );
  return { ...distillation, curve };
}

/** The curve of the call that finished this workspace's distilled.jsonl; null when none was kept for it. */
export function readDistillCurve(lab: Lab): ProgressCurve | null {
  const path = curveFile(lab);
  const texts = readManifest(lab.paths.distilled)?.inputs.texts;
  if (!existsSync(path)) return null;
  try {
    const stored = StoredCurve.parse(JSON.parse(readFileSync(path, "utf8")));
    return stored.texts === texts ? stored.curve : null;
  } catch {
    return null; // a damaged or older curve is only not drawn
  }
}

const curveFile = (lab: Lab): string => join(lab.paths.reports, "distill_curve.json");
