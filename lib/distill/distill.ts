/** Stage 2: the Teacher writes a chain of thought for every training question. */
import { existsSync } from "node:fs";
import { isUsable } from "./assemble.ts";
import { askAll, openTasks, through } from "../completions/ask.ts";
import type { Came } from "../completions/ask.ts";
import { isKept } from "../completions/cache.ts";
import type { StoredCompletion } from "../completions/cache.ts";
import { hashCode } from "../config/code-hash.ts";
import { FIRST_TEXTS, isAnswered, neverAnswers } from "./never-answers.ts";
import type { Told } from "./never-answers.ts";
import { TOO_LONG } from "../serving/completion.ts";
import type { Client } from "../serving/client.ts";
import { givenServer } from "../serving/given.ts";
import { YieldCounter } from "./progress.ts";
import type { DistillProgress } from "./progress.ts";
import { distilledRow, distillTasks } from "./tasks.ts";
import type { DistillTask } from "./tasks.ts";
import { openTexts, writeUnfinished } from "./texts.ts";
import { LabError } from "../errors.ts";
import { hashJson } from "../store/hash.ts";
import { readJsonl } from "../store/jsonl.ts";
import { promptId, promptOf } from "../prompt/prompt.ts";
import { assertPromptFits } from "../prompt/tokens.ts";
import type { Lab } from "../config/lab.ts";
import { finishJsonl, readManifest } from "../store/manifest.ts";
import { Distilled } from "../records.ts";
import type { Question } from "../records.ts";
import { planRole } from "../serving/served.ts";
import { withServer } from "../serving/serving.ts";
import type { Progress } from "../view/progress-curve.ts";

export interface DistillOptions {
  /** At most four times a second, and once at the end. */
  onProgress?: ((progress: DistillProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Ask for every text again. Default: the lab's. */
  force?: boolean;
  /** Ask for all texts though the first ones are of no use: for measuring the rate of random weights. */
  evenUnusable?: boolean;
}

export interface Distillation {
  /** A row a text, in the questions' order; failed ones included. */
  rows: Distilled[];
  progress: DistillProgress;
  /** What opening the file repaired; null when nothing was wrong. */
  repaired: string | null;
}

/**
 * Asks the config's Teacher for `distill.samplesPerQuestion` texts of every question and writes
 * data/processed/distilled.jsonl.
 *
 * Give it the training questions only (`splitQuestions`). Every text is on disk before it is counted; a
 * killed or interrupted call goes on where it was, and with nothing missing no server is started. Failures
 * are rows with their cause; those that are not the model's own (`isKept`) are asked for again by the next
 * call. What other configs asked for stays in the cache: going back to one asks nothing. Every whole text
 * gets its training text (`response`) by `ASSEMBLY_RULES`, anew whenever the file is put into the questions'
 * order and given its manifest at the end: other rules ask nothing again. Throws LabError: no questions, no
 * such Teacher, a server that cannot be had or is lost, not one usable text among the first 64 of this call
 * or among all; the abort's reason.
 */
export async function distill(
  lab: Lab,
  questions: readonly Question[],
  { onProgress, signal, force = lab.force, evenUnusable = false }: DistillOptions = {},
): Promise<Distillation> {
  const { config, paths } = lab;
  if (questions.length === 0)
    throw new LabError({
      what: "There are no questions to distil",
      where: paths.raw,
      todo: "Run 01_prepare first; its training questions are what the Teacher is asked.",
    });
  const { id: teacher, plan } = await planRole(lab, "teacher");
  const tasks = distillTasks(questions, teacher, config);
  const inputs = await inputsOf(lab, teacher, tasks);
  const counter = new YieldCounter(tasks.map((task) => task.question.type));

  const isOurs = givenServer(config, "teacher") === null;
  if (isOurs)
    await assertPromptFits(
      config,
      "teacher",
      questions.map(({ question }) => question),
    );
  const finished = force ? null : finishedRows(lab, inputs);
  if (finished) {
    for (const row of finished) counter.add(row);
    const { length: total } = finished;
    const progress = counter.among({ total, done: total, asked: 0, tokensPerSecond: null, etaSeconds: 0 });
    onProgress?.(progress);
    return { rows: finished, progress, repaired: null };
  }

  const cache = await openTexts(paths);
  const told: Told = { url: "", sentences: new Map() };
  let passing = new Map<string, StoredCompletion>();
  // What the Teacher wrote is what is kept; all else is what the question and the rules say now.
  const rowOf = (task: DistillTask, came?: StoredCompletion): Distilled | null => {
    const kept = cache.get(task.key);
    // A server's bad moment must not cost the text that is there.
    const text = kept?.failure === null ? kept : (came ?? passing.get(task.key) ?? kept);
    return text ? distilledRow(task, text, config) : null;
  };
  try {
    const list = { tasks, cache, context: isOurs ? config.serving.maxModelLength : null };
    const hasUsable = tasks.some((task) => isUsable(rowOf(task)));
    // Where nothing but silence is there, the server may be mended.
    const mayDiffer = ({ key }: DistillTask) => !hasUsable && cache.get(key)?.failure === "empty";
    const open = force ? tasks : [...openTasks(list), ...tasks.filter(mayDiffer)];
    const openKeys = new Set(open.map(({ key }) => key));
    for (const task of tasks) if (!openKeys.has(task.key)) counter.add(rowOf(task)!);
    let progress = counter.among(atRest(tasks.length, tasks.length - open.length));
    onProgress?.(progress);
    const tell = (now: Progress): void => {
      progress = counter.among(now);
      onProgress?.(progress);
    };
    // Of this call: a server that was mended meanwhile is not held to what is on disk.
    const answered: Distilled[] = [];
    const onCame = (task: DistillTask, { completion }: Came): void => {
      const { failure, message } = completion;
      if (failure !== null && message !== undefined && !told.sentences.has(failure))
        told.sentences.set(failure, message);
      const row = rowOf(task, completion)!;
      counter.add(row);
      if (evenUnusable || !isAnswered(row) || answered.length === FIRST_TEXTS) return;
      if (answered.push(row) === FIRST_TEXTS && counter.usable === 0)
        throw neverAnswers(answered, { more: open.length > FIRST_TEXTS, told });
    };
    const ask = async (client: Client, either: AbortSignal): Promise<void> => {
      told.url = client.baseURL;
      const asking = through(client, ({ request }: DistillTask) => request);
      passing = await askAll([{ ...list, tasks: open }], {
        ...{ ...asking, onDisk: tasks.length - open.length, signal: either, onCame, onProgress: tell },
      });
    };
    try {
      if (open.length > 0) await withServer(lab, "teacher", ask, { signal, plan });
    } finally {
      // Without a manifest: a cut call leaves what there is, which the filter reads, too.
      const rows = tasks.flatMap((task) => rowOf(task) ?? []);
      if (open.length > 0) writeUnfinished(paths.distilled, rows);
    }
    const rows = tasks.map((task) => rowOf(task)!);
    if (!rows.some(isUsable))
      throw neverAnswers(rows, { more: false, told: open.length === 0 ? null : told });
    finishJsonl(paths.distilled, rows, inputs);
    return { rows, progress, repaired: cache.report.message };
  } finally {
    await cache.close();
  }
}

/** All that the file depends on. */
async function inputsOf(
  { config }: Lab,
  model: string,
  tasks: readonly DistillTask[],
): Promise<Record<string, unknown>> {
  const { distill, prompt, seed, serving } = config;
  return {
    ...{
      model,
      prompt: promptId(promptOf(prompt.teacher)),
      ...distill,
      seed,
      maxModelLength: serving.maxModelLength,
    },
    texts: hashJson(tasks.map(({ key, question }) => [key, question])),
    // Other rules make other training texts of what is there: the file is finished anew, and nothing is
    // asked.
    rules: hashCode(["answer", "distill"]),
  };
}

const atRest = (total: number, done: number): Omit<Progress, "failures"> => ({
  ...{ total, done, asked: 0, tokensPerSecond: null, etaSeconds: done === total ? 0 : null },
});

/** The rows of a file that needs no more work; null when it does. */
function finishedRows({ config, paths }: Lab, inputs: Record<string, unknown>): Distilled[] | null {
  if (!existsSync(paths.distilled) || readManifest(paths.distilled, inputs) === null) return null;
  const rows = readJsonl(paths.distilled, Distilled);
  // Of a given server the context may be another; of ours it stands in the manifest.
  const isGiven = givenServer(config, "teacher") !== null;
  return rows.some((row) => !isKept(row) || (isGiven && row.failure === TOO_LONG)) ? null : rows;
}
