/** The questions that GRPO answers and does not learn from: kept from its rows. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../config/lab.ts";
import type { RlRow } from "../records.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { sha256 } from "../store/hash.ts";

/** Of the questions at most one in so many is kept from training. */
const ONE_IN = 10;
/** Of fewer no test of theirs could say anything (`readVerdicts`). */
const FEWEST = 10;

/**
 * Draws `grpo.probeQuestions` of the rows, at most a tenth: by the hash of seed and id, so that a question
 * more in the file hardly changes who is drawn. None where `grpo.probeSteps` is 0, or a tenth is fewer than
 * ten.
 */
export function holdOutProbe(
  rows: readonly RlRow[],
  { config: { grpo, seed } }: Pick<Lab, "config">,
): { train: RlRow[]; probe: RlRow[] } {
  const size = Math.min(grpo.probeQuestions, Math.floor(rows.length / ONE_IN));
  if (grpo.probeSteps === 0 || size < FEWEST) return { train: [...rows], probe: [] };
  const place = new Map(rows.map(({ id }) => [id, sha256(`${seed}/probe/${id}`)]));
  const drawn = [...place].sort(([, a], [, b]) => (a < b ? -1 : 1)).slice(0, size);
  const kept = new Set(drawn.map(([id]) => id));
  return { train: rows.filter(({ id }) => !kept.has(id)), probe: rows.filter(({ id }) => kept.has(id)) };
}

/** Keeps rows as `data/processed/<name>_<hash>.jsonl`, so that the same rows make the same run. */
export function keepRows({ paths }: Pick<Lab, "paths">, name: string, rows: readonly RlRow[]): string {
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const path = join(paths.processed, `${name}_${sha256(text).slice(0, 8)}.jsonl`);
  if (!existsSync(path)) writeFileAtomic(path, text);
  return path;
}
