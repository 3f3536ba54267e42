/** One prompt's round: all questions asked with it, and the seconds that took. */
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import { promptOf, promptRequest } from "../prompt/prompt.ts";
import type { Question } from "../records.ts";
import type { Client } from "../serving/client.ts";
import type { CompletionRequest, CompletionResult, Failure } from "../serving/completion.ts";
import { sampleSeed } from "../store/hash.ts";
import { PromptText } from "./prompt-report.ts";

export const Round = z.object({ seconds: z.number(), texts: z.array(PromptText) });
export type Round = z.infer<typeof Round>;

/**
 * Requests before each round: the prompt's own tokens are in the server's cache then, and its grammar is
 * compiled.
 */
const WARM_UP = { requests: 8, maxTokens: 8 };

/** The round that a file holds; null when there is none, or a damaged one, or one of another version. */
export function readRound(file: string): Round | null {
  if (!existsSync(file)) return null;
  try {
    return Round.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}

/**
 * Asks every question once with the prompt, sampled as stage 2 does, after a short warm-up. A question's seed
 * is the same with every prompt. A problem instead of a round when answers are missing for a reason that is
 * not the model's own.
 */
export async function askRound(
  { distill, seed }: Pick<Config, "distill" | "seed">,
  client: Client,
  name: string,
  questions: readonly Question[],
  signal: AbortSignal | undefined,
): Promise<Round | { problem: string }> {
  const { temperature, topP, maxTokens } = distill;
  const prompt = promptOf(name);
  const requests = questions.map(({ question }): CompletionRequest => {
    const sampling = { temperature, topP, maxTokens, seed: sampleSeed(seed, 0, question) };
    return { ...promptRequest(prompt, question), ...sampling };
  });
  const first = requests
    .slice(0, WARM_UP.requests)
    .map((request) => ({ ...request, maxTokens: WARM_UP.maxTokens }));
  const warm = await client.completeAll(first, { signal });
  if (warm.every(isMissing)) return { problem: problemOf(warm) };
  const started = performance.now();
  const results = await client.completeAll(requests, { signal });
  const seconds = (performance.now() - started) / 1000;
  if (results.some(isMissing)) return { problem: problemOf(results) };
  return { seconds, texts: results.map((result, i) => textOf(name, questions[i]!, result)) };
}

/** Lost to the server, which says nothing about the prompt. */
function isMissing(result: CompletionResult): result is Failure {
  return !result.ok && !result.permanent;
}

function problemOf(results: readonly CompletionResult[]): string {
  const missing = results.filter(isMissing);
  const { cause, message } = missing[0]!;
  return `${missing.length} of ${results.length} answers could not be had; the first: ${cause}: ${message}`;
}

function textOf(
  prompt: string,
  { id, source, question, gold_answer }: Question,
  result: CompletionResult,
): PromptText {
  const { text, reasoning, promptTokens, completionTokens: tokens } = result;
  const failure = result.ok ? null : result.cause;
  return { prompt, id, source, question, gold_answer, text, reasoning, failure, promptTokens, tokens };
}
