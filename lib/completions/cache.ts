/** The answers an evaluation needs, kept as they come: a cut evaluation goes on where it stopped. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import { isPermanent, TOO_LONG } from "../serving/completion.ts";
import { hashJson, sampleSeed } from "../store/hash.ts";
import type { Paths } from "../config/paths.ts";
import { promptId } from "../prompt/prompt.ts";
import type { ModelPrompt } from "../prompt/prompt.ts";
import type { RlRow } from "../records.ts";
import { parseLine, splitLines } from "../store/jsonl.ts";
import { openStore } from "../store/store.ts";
import type { Store } from "../store/store.ts";

/**
 * One answer as the model gave it; it is scored anew whenever it is read, so a mended scorer needs no new
 * answers.
 */
export const StoredAnswer = z.object({
  key: z.string(),
  /** The question's id when it was asked, for people. */
  id: z.string(),
  completion: z.string(),
  /** Why there is no whole answer ("context_overflow", "length" …); null when there is one. */
  failure: z.string().nullable(),
  /** As the server counted them; null when it did not say. */
  tokens: z.number().int().min(0).nullable(),
  /** Of a prompt that was too long: the context of our server (`serving.maxModelLength`). */
  context: z.number().int().optional(),
});
export type StoredAnswer = z.infer<typeof StoredAnswer>;

/** One answer to be had. */
export interface AnswerTask {
  key: string;
  row: RlRow;
  mode: "greedy" | "sampled";
  sample: number;
  request: { prompt: string; temperature: number; maxTokens: number; seed: number };
}

/**
 * Every answer an evaluation needs: one greedy and `evaluate.samples` sampled ones a question.
 *
 * A task's key holds the question's text and all of the sampling; the greedy one does not depend on the seed.
 * Each sampled answer has a seed of its own, drawn from the config's seed, the question and the sample: order
 * and company do not change it.
 */
export function answerTasks(
  rows: readonly RlRow[],
  { evaluate, seed }: Pick<Config, "evaluate" | "seed">,
): AnswerTask[] {
  const { maxTokens, temperature, samples } = evaluate;
  return rows.flatMap((row) => {
    const task = (mode: AnswerTask["mode"], sample: number, t: number, s: number): AnswerTask => {
      const request = { prompt: row.prompt, temperature: t, maxTokens, seed: s };
      return { key: hashJson(request).slice(0, 24), row, mode, sample, request };
    };
    return [
      task("greedy", 0, 0, 0),
      ...Array.from({ length: samples }, (_, k) =>
        task("sampled", k, temperature, sampleSeed(seed, k, row.prompt)),
      ),
    ];
  });
}

/**
 * Whether an answer has to be asked for: there is none, none for a reason that is not the model's own, or its
 * prompt was too long for another `context` than now. null is the context of a given server, which may be
 * another every time.
 */
export function isOpen(answer: StoredAnswer | undefined, context: number | null): boolean {
  if (answer?.failure === TOO_LONG) return context === null || answer.context !== context;
  return answer === undefined || (answer.failure !== null && !isPermanent(answer.failure));
}

/**
 * `reports/runs/eval-<hash of the model's id and its prompt>/answers.jsonl`: arms that are one model with one
 * prompt share it.
 */
export function answersFile(paths: Paths, { id, prompt }: { id: string; prompt: ModelPrompt }): string {
  const name = `eval-${hashJson({ model: id, prompt: promptId(prompt) }).slice(0, 12)}`;
  return join(paths.runs, name, "answers.jsonl");
}

/**
 * What is on disk, by key, without opening it for writing: another process may be adding to it. A line that is
 * no answer (yet) is left out.
 */
export function readAnswers(file: string): Map<string, StoredAnswer> {
  if (!existsSync(file)) return new Map();
  const lines = [...splitLines(readFileSync(file))].map(({ bytes }) => parseLine(bytes, StoredAnswer));
  return new Map(lines.flatMap((line) => ("row" in line ? [[line.row.key, line.row]] : [])));
}

/** Throws LabError when another process evaluates the same model. */
export function openAnswers(file: string): Store<StoredAnswer> {
  return openStore(file, { schema: StoredAnswer, key: (answer) => answer.key });
}
