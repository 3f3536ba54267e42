/** What a model is asked about questions with a known answer. Pure. */
import type { Config } from "../config/config.ts";
import type { RlRow } from "../records.ts";
import { hashJson, sampleSeed } from "../store/hash.ts";

/** One answer to be had. */
export interface AnswerTask {
  key: string;
  /** The row's. */
  id: string;
  row: RlRow;
  mode: "greedy" | "sampled";
  sample: number;
  request: { prompt: string; temperature: number; maxTokens: number; seed: number };
}

/**
 * Every answer an evaluation needs: one greedy a question, and `evaluate.samples` sampled ones of each of the
 * first `evaluate.sampledQuestions`.
 *
 * A task's key holds the question's text and all of the sampling; the greedy one does not depend on the seed.
 * Each sampled answer has a seed of its own, drawn from the config's seed, the question and the sample: order
 * and company do not change it.
 */
export function answerTasks(
  rows: readonly RlRow[],
  { evaluate, seed }: Pick<Config, "evaluate" | "seed">,
): AnswerTask[] {
  const { maxTokens, temperature, samples, sampledQuestions } = evaluate;
  return rows.flatMap((row, place) => {
    const task = (mode: AnswerTask["mode"], sample: number, t: number, s: number): AnswerTask => {
      const request = { prompt: row.prompt, temperature: t, maxTokens, seed: s };
      return { key: hashJson(request).slice(0, 24), id: row.id, row, mode, sample, request };
    };
    return [
      task("greedy", 0, 0, 0),
      ...Array.from({ length: place < sampledQuestions ? samples : 0 }, (_, k) =>
        task("sampled", k, temperature, sampleSeed(seed, k, row.prompt)),
      ),
    ];
  });
}
