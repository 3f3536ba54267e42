/** One prompt's round: all questions asked with it, and the seconds that took. */
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { askAll, through } from "../completions/ask.ts";
import { readCache } from "../completions/cache.ts";
import type { StoredCompletion } from "../completions/cache.ts";
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import { promptId, promptOf, promptRequest } from "../prompt/prompt.ts";
import type { Question } from "../records.ts";
import type { Client } from "../serving/client.ts";
import type { CompletionRequest } from "../serving/completion.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { hashJson, sampleSeed } from "../store/hash.ts";
import type { Store } from "../store/store.ts";
import type { PromptText } from "./prompt-report.ts";

/** One question with one prompt. */
export interface RoundTask {
  key: string;
  id: string;
  prompt: string;
  question: Question;
  request: CompletionRequest;
}

export interface Round {
  /** From the first request to the last answer, the server warm. */
  seconds: number;
  texts: PromptText[];
}

/** What is asked ahead: the prompt's own tokens are in the server's cache then, its grammar is compiled. */
const WARM_UP = { requests: 8, maxTokens: 8 };

/** Every question once with the prompt, sampled as stage 2 does, with the same seed whatever the prompt. */
export function roundTasks(
  name: string,
  questions: readonly Question[],
  { distill, seed }: Pick<Config, "distill" | "seed">,
): RoundTask[] {
  const { temperature, topP, maxTokens } = distill;
  const prompt = promptOf(name);
  return questions.map((question): RoundTask => {
    const { id, question: text } = question;
    const sampling = { temperature, topP, maxTokens, seed: sampleSeed(seed, 0, text) };
    return {
      ...{ key: hashJson({ prompt: promptId(prompt), id, text, ...sampling }), id, prompt: name, question },
      request: { ...promptRequest(prompt, text), ...sampling },
    };
  });
}

const Through = z.object({ seconds: z.number() });

/** A round that is through: `file` holds its seconds, `cache` its texts; null when either is missing. */
export function readRound(file: string, cache: string, tasks: readonly RoundTask[]): Round | null {
  if (!existsSync(file)) return null;
  try {
    const { seconds } = Through.parse(JSON.parse(readFileSync(file, "utf8")));
    const kept = readCache(cache);
    return { seconds, texts: tasks.map((task) => textOf(task, kept.get(task.key)!)) };
  } catch {
    return null; // damaged: it is asked again
  }
}

/**
 * Asks the tasks after a short warm-up, all of them in one go, since they are timed; `file` is written when
 * they are through. A problem instead of a round when answers are missing for a reason that is not the
 * model's own. Throws as `askAll`, but for a server that is there and fails at the prompt.
 */
export async function askRound(
  client: Client,
  tasks: readonly RoundTask[],
  cache: Store<StoredCompletion>,
  { file, signal }: { file: string; signal: AbortSignal | undefined },
): Promise<Round | { problem: string }> {
  const ask = (part: readonly RoundTask[], limit: Partial<CompletionRequest> = {}) =>
    askAll([{ tasks: part, cache, context: null }], {
      ...through(client, ({ request }: RoundTask) => ({ ...request, ...limit })),
      signal,
    });
  try {
    const first = tasks.slice(0, WARM_UP.requests).map((task) => ({ ...task, key: `warm-up ${task.key}` }));
    const cold = await ask(first, { maxTokens: WARM_UP.maxTokens });
    if (cold.size === first.length) return { problem: problemOf(cold, first.length) };
    const started = performance.now();
    const missing = await ask(tasks);
    const seconds = (performance.now() - started) / 1000;
    if (missing.size > 0) return { problem: problemOf(missing, tasks.length) };
    writeFileAtomic(file, `${JSON.stringify({ seconds })}\n`);
    return { seconds, texts: tasks.map((task) => textOf(task, cache.get(task.key)!)) };
  } catch (error) {
    if (error instanceof LabError && error.problem.code === "server_failing")
      return { problem: error.problem.found! };
    throw error;
  }
}

function problemOf(missing: ReadonlyMap<string, StoredCompletion>, asked: number): string {
  const [{ failure, message }] = [...missing.values()] as [StoredCompletion];
  return `${missing.size} of ${asked} answers could not be had; the first: ${failure}: ${message}`;
}

function textOf(
  { prompt, question: { id, source, question, gold_answer } }: RoundTask,
  { completion: text, reasoning, failure, promptTokens, tokens }: StoredCompletion,
): PromptText {
  return {
    ...{ prompt, id, source, question, gold_answer, text, reasoning: reasoning ?? null, failure },
    ...{ promptTokens: promptTokens ?? null, tokens },
  };
}
