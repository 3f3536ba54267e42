/**
 * The control of distilling: the same questions, the same training, but the golds instead of the Teacher's
 * texts.
 */
import type { CollectProgress } from "../completions/ask-models.ts";
import { overrideConfig } from "../config/settings.ts";
import type { Lab } from "../config/lab.ts";
import { askHeldOut, heldOutQuestions } from "../evaluate/held-out.ts";
import type { EvalDetail } from "../records.ts";
import type { Run } from "../run/run.ts";
import type { Client } from "../serving/client.ts";
import { trainSft } from "../train/train.ts";
import type { TrainOptions } from "../train/train.ts";

export interface GoldsAloneOptions extends Pick<TrainOptions, "command" | "signal"> {
  /** Test questions that all three models are asked. Default 200. */
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
  base: EvalDetail[];
  golds: EvalDetail[];
  texts: EvalDetail[];
}

/**
 * Trains the Base with `sft.goldOnly`, which publishes the arm `sft_gold`, and asks it, the Base as it was,
 * and `sft`, a run on the Teacher's texts, the same test questions. Done once, it is on disk. Throws LabError
 * as trainSft and evaluate.
 */
export async function goldsAlone(
  lab: Lab,
  sft: Run,
  { questions: count = 200, onAnswers, client, ...training }: GoldsAloneOptions = {},
): Promise<GoldsAlone> {
  const config = overrideConfig(lab.config, { "sft.goldOnly": true });
  const run = await trainSft({ ...lab, force: false, config }, training);
  const asked = heldOutQuestions(lab, count);
  const options = { client, onProgress: onAnswers, signal: training.signal };
  const [base, golds, texts] = await askHeldOut(lab, ["base", run, sft], asked, options);
  return { run, base: base!, golds: golds!, texts: texts! };
}
