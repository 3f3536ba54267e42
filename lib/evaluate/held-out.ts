/** How trained runs answer test questions: what is known of it, or what asking them tells. */
import { readGold } from "../answer/index.ts";
import { answersFile } from "../completions/ask-models.ts";
import { answerTasks } from "../completions/tasks.ts";
import { isOpen, readCache } from "../completions/cache.ts";
import type { AnswerTask } from "../completions/tasks.ts";
import { askModels } from "../completions/ask-models.ts";
import type { CollectProgress } from "../completions/ask-models.ts";
import { evaluatedModel } from "../completions/models.ts";
import type { EvaluatedModel } from "../completions/models.ts";
import type { Lab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { inDrawnOrder } from "../prepare/sample.ts";
import { RlRow } from "../records.ts";
import type { EvalDetail } from "../records.ts";
import type { Run } from "../run/run.ts";
import type { Client } from "../serving/client.ts";
import { readJsonl } from "../store/jsonl.ts";
import { scored } from "./evaluate.ts";

type TrainedRun = Pick<Run, "key" | "output" | "config">;

export interface HeldOutOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: CollectProgress) => void) | undefined;
  /** Ask this instead of starting a server; it knows a run's adapter by the run's key. */
  client?: Client | undefined;
}

/** `count` of the test questions that a rule can check, drawn by the lab's seed: the same ones every time. */
export function heldOutQuestions({ paths, config }: Lab, count = Infinity): RlRow[] {
  const rows = readJsonl(paths.test, RlRow, "Run 03_filter first; it sets the test questions apart.");
  const checkable = rows.filter((row) => readGold(row.prompt, row.gold_answer).readable);
  return inDrawnOrder(checkable, config.seed).slice(0, count);
}

/**
 * The greedy answers that are on disk, scored: of an earlier evaluation or try. Asks nothing, and knows
 * nothing of a run whose Base is gone.
 */
export async function knownAnswers(lab: Lab, run: TrainedRun, rows: readonly RlRow[]): Promise<EvalDetail[]> {
  let model: EvaluatedModel;
  try {
    model = await modelOf(lab, run);
  } catch (error) {
    if (error instanceof LabError) return [];
    throw error;
  }
  const answers = readCache(answersFile(lab.paths, model));
  return greedyTasks(lab, rows).flatMap((task) => {
    const answer = answers.get(task.key);
    return answer === undefined || isOpen(answer, lab.config.serving.maxModelLength)
      ? []
      : [scored(task, answer).detail];
  });
}

/**
 * The greedy answers of each run, or of the Base untrained, to all of `rows`; those on disk are not asked for
 * again. Throws as `evaluate`.
 */
export async function askHeldOut(
  lab: Lab,
  runs: readonly (TrainedRun | "base")[],
  rows: readonly RlRow[],
  options: HeldOutOptions = {},
): Promise<EvalDetail[][]> {
  const tasks = greedyTasks(lab, rows);
  const asks: { model: EvaluatedModel; tasks: AnswerTask[] }[] = [];
  for (const run of runs) {
    const model = run === "base" ? await evaluatedModel(lab, { arm: run }) : await modelOf(lab, run);
    asks.push({ model, tasks });
  }
  const asked = await askModels(lab, asks, options);
  return asked.map(({ answers }) => tasks.map((task, i) => scored(task, answers[i]!).detail));
}

function greedyTasks({ config }: Lab, rows: readonly RlRow[]): AnswerTask[] {
  return answerTasks(rows, { ...config, evaluate: { ...config.evaluate, samples: 0 } });
}

/** A run is asked what it was told in training, on the Base that it was trained on. */
async function modelOf(lab: Lab, { key, output, config }: TrainedRun): Promise<EvaluatedModel> {
  const models = { ...lab.config.models, base: config.models.base };
  const asTrained = { ...lab, config: { ...lab.config, models, prompt: config.prompt } };
  return await evaluatedModel(asTrained, { model: output, name: key });
}
