/** The same questions put to the Teacher with one prompt after another: which prompt brings most. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Lab } from "../config/lab.ts";
import { LabError, nearest } from "../errors.ts";
import { inDrawnOrder } from "../prepare/sample.ts";
import { largestRemainder } from "../prepare/split.ts";
import { PROMPT_NAMES, promptId, promptOf, promptRequest } from "../prompt/prompt.ts";
import { assertPromptFits } from "../prompt/prompt-tokens.ts";
import type { Question } from "../records.ts";
import type { Client } from "../serving/client.ts";
import type { CompletionRequest, CompletionResult } from "../serving/completion.ts";
import { givenServer } from "../serving/given.ts";
import { servedId } from "../serving/served.ts";
import { withServer } from "../serving/serving.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { hashJson, sampleSeed } from "../store/hash.ts";
import { PromptText, promptRow } from "./prompt-report.ts";
import type { PromptRow } from "./prompt-report.ts";

export interface ComparePromptsOptions {
  /** Ask this instead of starting the Teacher's server. */
  client?: Client;
  /** Ask again what is on disk. Default: the lab's. */
  force?: boolean;
  signal?: AbortSignal;
  onPrompt?: (row: PromptRow) => void;
}

export interface PromptComparison {
  /** In the order of the names. */
  rows: PromptRow[];
  texts: PromptText[];
  /** Why a prompt has no row: name → what the server said. */
  problems: Record<string, string>;
}

/** Requests before each measured round: the prompt's own tokens are in the server's cache then, and its grammar is compiled. */
const WARM_UP = { requests: 8, maxTokens: 8 };

/**
 * Asks the Teacher all questions with each prompt, one prompt after another on one server, and counts what comes: whole, as written, usable,
 * right. Sampling is stage 2's (`distill.*`); a question has the same seed with every prompt.
 *
 * A prompt's texts and seconds are kept in `reports/runs/prompts-<hash>/` when it is through; they are counted anew whenever they are read. A
 * prompt that the server refuses or fails at is a problem, and the others go on. Throws LabError: no questions, an unknown prompt, a context
 * too small for one, as openServer, no prompt that has a row.
 */
export async function comparePrompts(lab: Lab, questions: readonly Question[], names: readonly string[], options: ComparePromptsOptions = {}): Promise<PromptComparison> {
  const { client, force = lab.force, signal, onPrompt } = options;
  if (questions.length === 0) throw new LabError({ what: "comparePrompts requires at least one question", found: "none" });
  await assertAskable(lab, questions, names, client !== undefined || givenServer(lab.config, "teacher") !== null);
  const folder = join(lab.paths.runs, `prompts-${await roundsId(lab, questions, client)}`);
  const rounds = new Map<string, Round>();
  const problems: Record<string, string> = {};
  const take = (name: string, round: Round): void => {
    rounds.set(name, round);
    onPrompt?.(promptRow(name, round.texts, round.seconds));
  };
  if (!force) for (const name of names) for (const round of readRound(roundFile(folder, name))) take(name, round);
  const open = names.filter((name) => !rounds.has(name));
  const askOpen = async (server: Client, either?: AbortSignal): Promise<void> => {
    for (const name of open) {
      const round = await askRound(lab, server, name, questions, either);
      if ("problem" in round) problems[name] = round.problem;
      else {
        writeFileAtomic(roundFile(folder, name), `${JSON.stringify(round)}\n`);
        take(name, round);
      }
    }
  };
  if (open.length > 0) await (client ? askOpen(client, signal) : withServer(lab, "teacher", askOpen, { signal }));
  const through = names.filter((name) => rounds.has(name));
  const [first] = Object.entries(problems);
  if (through.length === 0 && first) throw new LabError({ what: "No prompt could be measured", where: `models.teacher, prompt ${first[0]}`, found: first[1], todo: "Look at the server and its log, and run it again." });
  const rows = through.map((name) => promptRow(name, rounds.get(name)!.texts, rounds.get(name)!.seconds));
  return { rows, texts: through.flatMap((name) => rounds.get(name)!.texts), problems };
}

async function assertAskable({ config }: Lab, questions: readonly Question[], names: readonly string[], isGiven: boolean): Promise<void> {
  for (const name of names) {
    if (!PROMPT_NAMES.includes(name)) throw new LabError({ what: "There is no such prompt", found: name, expected: `one of ${PROMPT_NAMES.join(", ")}`, todo: `Did you mean ${nearest(name, PROMPT_NAMES) ?? PROMPT_NAMES[0]}?` });
    if (!isGiven) await assertPromptFits({ ...config, prompt: { ...config.prompt, teacher: name } }, "teacher", questions.map(({ question }) => question));
  }
}

/** All that texts and seconds depend on beside the prompt. */
async function roundsId(lab: Lab, questions: readonly Question[], client: Client | undefined): Promise<string> {
  const { distill, serving, seed } = lab.config;
  const { temperature, topP, maxTokens } = distill;
  const { engine, maxModelLength, concurrency } = serving;
  const asked = questions.map(({ id, question, gold_answer }) => [id, question, gold_answer]);
  return hashJson({ model: client?.model ?? (await servedId(lab, "teacher")), temperature, topP, maxTokens, seed, engine, maxModelLength, concurrency, asked }).slice(0, 12);
}

const Round = z.object({ seconds: z.number(), texts: z.array(PromptText) });
type Round = z.infer<typeof Round>;

function roundFile(folder: string, name: string): string {
  return join(folder, `${name}-${promptId(promptOf(name))}.json`);
}

/** One round, or none: a damaged file, or one of another version, is asked for again. */
function readRound(file: string): Round[] {
  if (!existsSync(file)) return [];
  try {
    return [Round.parse(JSON.parse(readFileSync(file, "utf8")))];
  } catch {
    return [];
  }
}

async function askRound({ config }: Lab, client: Client, name: string, questions: readonly Question[], signal: AbortSignal | undefined): Promise<Round | { problem: string }> {
  const { temperature, topP, maxTokens } = config.distill;
  const prompt = promptOf(name);
  const requests = questions.map(({ question }): CompletionRequest => ({ ...promptRequest(prompt, question), temperature, topP, maxTokens, seed: sampleSeed(config.seed, 0, question) }));
  const warm = await client.completeAll(requests.slice(0, WARM_UP.requests).map((request) => ({ ...request, maxTokens: WARM_UP.maxTokens })), { signal });
  if (warm.every(isMissing)) return { problem: problemOf(warm) };
  const started = performance.now();
  const results = await client.completeAll(requests, { signal });
  const seconds = (performance.now() - started) / 1000;
  return results.some(isMissing) ? { problem: problemOf(results) } : { seconds, texts: results.map((result, i) => textOf(name, questions[i]!, result)) };
}

/** Lost to the server, which says nothing about the prompt. */
function isMissing(result: CompletionResult): boolean {
  return !result.ok && !result.permanent;
}

function problemOf(results: readonly CompletionResult[]): string {
  const missing = results.filter(isMissing) as Extract<CompletionResult, { ok: false }>[];
  return `${missing.length} of ${results.length} answers could not be had; the first: ${missing[0]!.cause}: ${missing[0]!.message}`;
}

function textOf(prompt: string, { id, source, question, gold_answer }: Question, result: CompletionResult): PromptText {
  const { text, reasoning, promptTokens, completionTokens } = result;
  return { prompt, id, source, question, gold_answer, text, reasoning, failure: result.ok ? null : result.cause, promptTokens, tokens: completionTokens };
}

/**
 * `count` questions, every source in its share of all (largest remainder), drawn by rank (seed, id); all of them where there are no more.
 */
export function drawBySource<T extends Pick<Question, "id" | "source">>(questions: readonly T[], count: number, seed: number): T[] {
  const drawn = inDrawnOrder(questions, seed);
  if (count >= drawn.length) return drawn;
  const sizes = new Map<string, number>();
  for (const { source } of questions) sizes.set(source, (sizes.get(source) ?? 0) + 1);
  const left = largestRemainder(new Map([...sizes].map(([source, n]) => [source, (n * count) / questions.length])), count);
  return drawn.filter(({ source }) => {
    const open = left.get(source)!;
    left.set(source, open - 1);
    return open > 0;
  });
}
