/** The questions that GRPO answers as it goes and does not learn from. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../config/lab.ts";
import { RlRow, rlRow } from "../records.ts";
import type { InputFile } from "../run/key.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { sha256 } from "../store/hash.ts";
import { readJsonl } from "../store/jsonl.ts";
import { questionsApart } from "../world/generate.ts";
import { inputFile } from "./input-file.ts";

/** Of the questions at most one in so many is kept from training. */
const ONE_IN = 10;
/** Of fewer no test of theirs could say anything (`readVerdicts`). */
const FEWEST = 10;

export interface ProbeRows {
  /** The rows that are left to train on. */
  train: RlRow[];
  probe: RlRow[];
}

/**
 * The probe of a run that would train on `rows`; none where `grpo.probeSteps` is 0.
 *
 * Where the lab generates questions (`prepare.generated`), `grpo.probeQuestions` are generated for the probe
 * alone, near-copies of no question of SFT, RL or test, and all rows are trained on, with and without it. A
 * reader's own questions cannot be had anew: where they are all there is, some of the rows are held out
 * (`holdOut`).
 */
export function probeRows(
  rows: readonly RlRow[],
  { config, paths }: Pick<Lab, "config" | "paths">,
): ProbeRows {
  const { grpo, prepare, seed } = config;
  if (grpo.probeSteps === 0) return { train: [...rows], probe: [] };
  if (prepare.generated === 0) return holdOut(rows, grpo.probeQuestions, seed);
  const files = [paths.sft, paths.rl, paths.test].filter((path) => existsSync(path));
  const others = files.flatMap((path) => readJsonl(path, RlRow.pick({ prompt: true })));
  const asked = [...rows, ...others].map(({ prompt }) => prompt);
  return {
    train: [...rows],
    probe: questionsApart(grpo.probeQuestions, `probe_${seed}`, asked).map(rlRow),
  };
}

/**
 * Draws `size` of the rows, at most a tenth: by the hash of seed and id, so that a question more in the file
 * hardly changes who is drawn. None where a tenth is fewer than ten.
 */
export function holdOut(rows: readonly RlRow[], size: number, seed: number): ProbeRows {
  const most = Math.min(size, Math.floor(rows.length / ONE_IN));
  if (most < FEWEST) return { train: [...rows], probe: [] };
  const place = new Map(rows.map(({ id }) => [id, sha256(`${seed}/probe/${id}`)]));
  const drawn = [...place].sort(([, a], [, b]) => (a < b ? -1 : 1)).slice(0, most);
  const kept = new Set(drawn.map(([id]) => id));
  return { train: rows.filter(({ id }) => !kept.has(id)), probe: rows.filter(({ id }) => kept.has(id)) };
}

/** What a run trains on, and its probe: `all` itself where that is not less. */
export async function probeInputs(lab: Lab, all: InputFile): Promise<Record<string, InputFile>> {
  const { train, probe } = probeRows(readJsonl(all.path, RlRow), lab);
  const kept = (name: string, rows: RlRow[]) => inputFile(keepRows(lab, name, rows), RlRow, "");
  return {
    train: train.length === all.rows ? all : await kept("rl_train", train),
    ...(probe.length > 0 && { probe: await kept("rl_probe", probe) }),
  };
}

/** Keeps rows as `data/processed/<name>_<hash>.jsonl`, so that the same rows make the same run. */
export function keepRows({ paths }: Pick<Lab, "paths">, name: string, rows: readonly RlRow[]): string {
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const path = join(paths.processed, `${name}_${sha256(text).slice(0, 8)}.jsonl`);
  if (!existsSync(path)) writeFileAtomic(path, text);
  return path;
}
