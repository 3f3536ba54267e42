/**
 * Takes the difficulty census: G answers of the policy to RL questions, scored by the rules that will pay
 * GRPO.
 */
import { scoreCompletion } from "../answer/index.ts";
import { takeCensus } from "./census.ts";
import type { Census, CensusRow } from "./census.ts";
import type { Client } from "../serving/client.ts";
import { answerTasks } from "../completions/tasks.ts";
import { askModel } from "../completions/ask-models.ts";
import type { CollectProgress } from "../completions/ask-models.ts";
import { evaluatedModel } from "../completions/models.ts";
import { readJsonl } from "../store/jsonl.ts";
import type { Lab } from "../config/lab.ts";
import { RlRow } from "../records.ts";
import type { AskedArm } from "../records.ts";
import { inDrawnOrder } from "../prepare/sample.ts";

export interface CensusOptions {
  /** The policy that GRPO will start from; default "sft", or "base" where the config says so. */
  arm?: AskedArm;
  model?: string;
  /**
   * Questions, drawn by seed from rl.jsonl; default 100: the share they show is known to about ± 10 points.
   */
  maxQuestions?: number;
  signal?: AbortSignal | undefined;
  onProgress?: (progress: CollectProgress) => void;
  /** Ask this instead of starting a server. */
  client?: Client;
}

export interface TakenCensus {
  census: Census;
  /** By question, for the histogram and for dropping questions without signal. */
  rows: CensusRow[];
  /** Answers asked for by this call; the others were on disk. */
  asked: number;
}

/**
 * Samples `grpo.groupSize` answers a question at GRPO's temperature and length, and counts the right ones
 * (strict: what the reward pays).
 *
 * Answers are kept with those of evaluations, so an unchanged census asks nothing. Throws LabError as
 * `evaluate`.
 */
export async function runCensus(lab: Lab, options: CensusOptions = {}): Promise<TakenCensus> {
  const { config, paths } = lab;
  const { groupSize, temperature, maxTokens, startFromSft } = config.grpo;
  const questions = inDrawnOrder(readJsonl(paths.rl, RlRow, "Run 03_filter first."), config.seed).slice(
    0,
    options.maxQuestions ?? 100,
  );
  const policy = await evaluatedModel(
    lab,
    options.model === undefined
      ? { arm: options.arm ?? (startFromSft ? "sft" : "base") }
      : { model: options.model },
  );
  const tasks = answerTasks(questions, {
    evaluate: {
      ...{ ...config.evaluate, maxTokens, temperature },
      ...{ samples: groupSize, sampledQuestions: questions.length },
    },
    seed: config.seed,
  }).filter((task) => task.mode === "sampled");
  const { answers, asked } = await askModel(lab, policy, tasks, options);
  const right = new Map(questions.map((row) => [row.id, 0]));
  for (const [i, { row }] of tasks.entries()) {
    const { verdict } = scoreCompletion({
      question: row.prompt,
      gold: row.gold_answer,
      completion: answers[i]!.completion,
    }).strict;
    if (verdict === "right") right.set(row.id, right.get(row.id)! + 1);
  }
  const rows = questions.map(
    ({ id, type }): CensusRow => ({ id, type, right: right.get(id)!, answers: groupSize }),
  );
  return { census: takeCensus(rows), rows, asked };
}
