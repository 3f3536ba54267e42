/** RL questions that can teach something: those the policy answers neither always right nor always wrong. */
import { join } from "node:path";
import { withGradient } from "./census.ts";
import { runCensus } from "./census-run.ts";
import type { CensusOptions, TakenCensus } from "./census-run.ts";
import { LabError } from "../errors.ts";
import { hashFile } from "../store/hash.ts";
import { readJsonl } from "../store/jsonl.ts";
import { finishJsonl } from "../store/manifest.ts";
import type { Lab } from "../config/lab.ts";
import { RlRow } from "../records.ts";

export interface LiveQuestions extends TakenCensus {
  /** `data/processed/rl_live.jsonl`: the questions that are left, in the order of rl.jsonl. */
  path: string;
  kept: number;
  dropped: { allRight: number; allWrong: number };
}

/**
 * Takes the census of *all* RL questions and writes those whose answers differ in being right; what GRPO
 * trains on with `grpo.dropDeadGroups`.
 *
 * The policy changes while it trains, and G answers are few: a question that is dropped might have taught
 * something later. So it saves steps rather than making a better set. Answers are kept, so an unchanged call
 * asks nothing. Throws LabError when no question is left, and as `runCensus`.
 *
 * Source: Yu et al. 2025 (DAPO), https://arxiv.org/abs/2503.14476, who drop such groups in every step and
 * sample others instead.
 */
export async function writeLiveQuestions(
  lab: Lab,
  options: Omit<CensusOptions, "maxQuestions"> = {},
): Promise<LiveQuestions> {
  const { paths } = lab;
  const taken = await runCensus(lab, { ...options, maxQuestions: Infinity });
  const live = new Set(withGradient(taken.rows).map((row) => row.id));
  const rows = readJsonl(paths.rl, RlRow).filter((row) => live.has(row.id));
  const dropped = {
    allRight: taken.rows.filter((row) => row.right === row.answers).length,
    allWrong: taken.rows.filter((row) => row.right === 0).length,
  };
  if (rows.length === 0)
    throw new LabError({
      what: "No question is left for GRPO",
      where: "grpo.dropDeadGroups",
      expected: "a question that is answered sometimes right and sometimes wrong",
      found:
        `of ${taken.rows.length} questions ${dropped.allRight} are answered all right and ` +
        `${dropped.allWrong} all wrong, ${taken.census.groupSize} answers each`,
      todo: "Set grpo.dropDeadGroups to false, raise grpo.groupSize, or bring easier or harder questions.",
    });
  const path = join(paths.processed, "rl_live.jsonl");
  finishJsonl(path, rows, {
    rl: await hashFile(paths.rl),
    census: taken.rows.map(({ id, right }) => [id, right]),
  });
  return { ...taken, path, kept: rows.length, dropped };
}
