/** The same questions put to the Teacher with one prompt after another: which prompt brings most. */
import { join } from "node:path";
import { openCache } from "../completions/cache.ts";
import type { Lab } from "../config/lab.ts";
import { LabError, nearest } from "../errors.ts";
import { PROMPT_NAMES, promptId, promptOf } from "../prompt/prompt.ts";
import { assertPromptFits } from "../prompt/tokens.ts";
import type { Question } from "../records.ts";
import type { Client } from "../serving/client.ts";
import { givenServer } from "../serving/given.ts";
import { planRole } from "../serving/served.ts";
import { withServer } from "../serving/serving.ts";
import { hashJson } from "../store/hash.ts";
import { promptRow } from "./prompt-report.ts";
import type { PromptRow, PromptText } from "./prompt-report.ts";
import { askRound, readRound, roundTasks } from "./prompt-round.ts";
import type { Round } from "./prompt-round.ts";

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

/**
 * Asks the Teacher all questions with each prompt, one prompt after another on one server, and counts what
 * comes: whole, as written, usable, right. Sampling is stage 2's (`distill.*`); a question has the same seed
 * with every prompt.
 *
 * Texts are kept in `reports/runs/prompts-<hash>/` as they come, a prompt's seconds when it is through; one
 * that was cut off is asked again whole, since it is timed. All is counted anew whenever it is read. A prompt
 * that the server refuses or fails at is a problem, and the others go on. Throws LabError: no questions, an
 * unknown prompt, a context too small for one, as openServer and `askAll`, no prompt that has a row.
 */
export async function comparePrompts(
  lab: Lab,
  questions: readonly Question[],
  names: readonly string[],
  { client, force = lab.force, signal, onPrompt }: ComparePromptsOptions = {},
): Promise<PromptComparison> {
  await assertAskable(lab, questions, names, client);
  const { id, plan } = client ? { id: client.model, plan: null } : await planRole(lab, "teacher");
  const folder = join(lab.paths.runs, `prompts-${roundsId(lab, questions, id)}`);
  const texts = join(folder, "texts.jsonl");
  const rounds = new Map<string, Round>();
  const problems: Record<string, string> = {};
  const take = (name: string, round: Round): void => {
    rounds.set(name, round);
    onPrompt?.(promptRow(name, round.texts, round.seconds));
  };
  const all = names.map((name) => ({
    name,
    file: join(folder, `${name}-${promptId(promptOf(name))}.json`),
    tasks: roundTasks(name, questions, lab.config),
  }));
  for (const { name, file, tasks } of all) {
    const kept = force ? null : readRound(file, texts, tasks);
    if (kept) take(name, kept);
  }
  const open = all.filter(({ name }) => !rounds.has(name));
  const askOpen = async (server: Client, either?: AbortSignal): Promise<void> => {
    const cache = openCache(texts);
    try {
      for (const { name, file, tasks } of open) {
        const round = await askRound(server, tasks, cache, { file, signal: either });
        if ("problem" in round) problems[name] = round.problem;
        else take(name, round);
      }
    } finally {
      await cache.close();
    }
  };
  if (open.length > 0)
    await (client ? askOpen(client, signal) : withServer(lab, "teacher", askOpen, { signal, plan }));
  if (rounds.size === 0) throw nothingMeasured(problems);
  const through = names.flatMap((name) => (rounds.has(name) ? [{ name, ...rounds.get(name)! }] : []));
  return {
    rows: through.map(({ name, texts, seconds }) => promptRow(name, texts, seconds)),
    texts: through.flatMap(({ texts }) => texts),
    problems,
  };
}

async function assertAskable(
  { config }: Lab,
  questions: readonly Question[],
  names: readonly string[],
  client: Client | undefined,
): Promise<void> {
  const expected = `one or more of ${PROMPT_NAMES.join(", ")}`;
  if (questions.length === 0)
    throw new LabError({ what: "comparePrompts requires at least one question", found: "none" });
  if (names.length === 0)
    throw new LabError({ what: "comparePrompts requires at least one prompt", expected, found: "none" });
  const isOurs = client === undefined && givenServer(config, "teacher") === null;
  for (const name of names) {
    if (!PROMPT_NAMES.includes(name)) {
      const todo = `Did you mean ${nearest(name, PROMPT_NAMES) ?? PROMPT_NAMES[0]}?`;
      throw new LabError({ what: "There is no such prompt", expected, found: name, todo });
    }
    const told = { ...config, prompt: { ...config.prompt, teacher: name } };
    if (isOurs)
      await assertPromptFits(
        told,
        "teacher",
        questions.map(({ question }) => question),
      );
  }
}

/** All that texts and seconds depend on beside the prompt. */
function roundsId(lab: Lab, questions: readonly Question[], model: string): string {
  const { distill, serving, seed } = lab.config;
  const { temperature, topP, maxTokens } = distill;
  const { engine, maxModelLength, concurrency } = serving;
  const asked = questions.map(({ id, question, gold_answer }) => [id, question, gold_answer]);
  const all = { model, temperature, topP, maxTokens, seed, engine, maxModelLength, concurrency, asked };
  return hashJson(all).slice(0, 12);
}

function nothingMeasured(problems: Readonly<Record<string, string>>): LabError {
  const [[name, problem]] = Object.entries(problems) as [[string, string]];
  return new LabError({
    what: "No prompt could be measured",
    where: `models.teacher, prompt ${name}`,
    found: problem,
    todo: "Look at the server and its log, and run it again.",
  });
}
