/** The control of distilling: the same questions, the same training, but the golds instead of the Teacher's texts. */
import { join } from "node:path";
import type { CollectProgress } from "../ask/collect.ts";
import type { Lab } from "../config/lab.ts";
import { askHeldOut, heldOutQuestions } from "../evaluate/held-out.ts";
import { Question, SftRow } from "../records.ts";
import type { EvalDetail } from "../records.ts";
import type { Run } from "../run/run.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { readJsonl } from "../store/jsonl.ts";
import type { Client } from "../serving/client.ts";
import { trainSft } from "../train/train.ts";
import type { TrainOptions } from "../train/train.ts";

export interface GoldsAloneOptions extends Pick<TrainOptions, "command" | "signal"> {
  /** Test questions that both models are asked. Default 200. */
  questions?: number;
  /** Of the training. */
  onProgress?: (run: Run) => void;
  /** Of the answers. */
  onAnswers?: (progress: CollectProgress) => void;
  /** Ask this instead of starting servers; it knows a run's adapter by the run's key. */
  client?: Client;
}

/** Greedy answers to the same test questions. */
export interface GoldsAlone {
  run: Run;
  golds: EvalDetail[];
  texts: EvalDetail[];
}

/**
 * Trains the Base on the questions of sft.jsonl with their golds alone in the answer block, and asks it and
 * `sft`, a run on the Teacher's texts, the same test questions. Publishes nothing; done once, it is on disk.
 * Throws LabError as trainSft and evaluate.
 */
export async function goldsAlone(
  lab: Lab,
  sft: Run,
  { questions: count = 200, onAnswers, client, ...training }: GoldsAloneOptions = {},
): Promise<GoldsAlone> {
  const processed = join(lab.paths.processed, "golds_alone"); // where no rows are held out
  const file = join(processed, "golds.jsonl");
  const questions = readJsonl(lab.paths.raw, Question, "Run 01_prepare first.");
  const rows = goldRows(readJsonl(lab.paths.sft, SftRow, "Run 03_filter first."), questions);
  writeFileAtomic(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const beside = { ...lab, force: false, paths: { ...lab.paths, processed, sft: file } };
  const own = { publish: false, label: "SFT on golds alone" };
  const run = await trainSft(beside, { ...training, ...own });
  const asked = heldOutQuestions(lab, count);
  const options = { client, onProgress: onAnswers, signal: training.signal };
  const [golds, texts] = await askHeldOut(lab, [run, sft], asked, options);
  return { run, golds: golds!, texts: texts! };
}

/** The rows with nothing but the gold in their answer block. */
export function goldRows(rows: readonly SftRow[], questions: readonly Question[]): SftRow[] {
  const gold = new Map(questions.map(({ id, gold_answer }) => [id, gold_answer]));
  return rows.flatMap((row) => {
    const answer = gold.get(row.id);
    return answer === undefined ? [] : [{ ...row, response: `<answer>\n${answer}\n</answer>` }];
  });
}
