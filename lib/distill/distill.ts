/** Stage 2: the Teacher writes a chain of thought for every training question. */
import { existsSync } from "node:fs";
import { assembleRow, isUsable } from "./assemble-row.ts";
import { hashCode } from "../config/code-hash.ts";
import { FIRST_TEXTS, isAnswered, neverAnswers } from "./never-answers.ts";
import type { Told } from "./never-answers.ts";
import { isPermanent, TOO_LONG } from "../serving/completion.ts";
import { givenServer } from "../serving/given.ts";
import { openDistilled } from "./distill-store.ts";
import { ProgressCounter } from "./distill-progress.ts";
import type { DistillProgress } from "./distill-progress.ts";
import { distilledRow, distillTasks } from "./distill-tasks.ts";
import type { DistillTask } from "./distill-tasks.ts";
import { LabError } from "../errors.ts";
import { hashJson } from "../store/hash.ts";
import { readJsonl } from "../store/jsonl.ts";
import { promptId, promptOf } from "../prompt/prompt.ts";
import { assertPromptFits } from "../prompt/prompt-tokens.ts";
import type { Lab } from "../config/lab.ts";
import { finishJsonl, readManifest } from "../store/manifest.ts";
import { Distilled } from "../records.ts";
import type { Question } from "../records.ts";
import { planRole } from "../serving/served.ts";
import type { ServedRole } from "../serving/served.ts";
import { withServer } from "../serving/serving.ts";
import type { Store } from "../store/store.ts";

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

const PROGRESS_MS = 250;

/**
 * Asks the config's Teacher for `distill.samplesPerQuestion` texts of every question and writes
 * data/processed/distilled.jsonl.
 *
 * Give it the training questions only (`splitQuestions`). Every text is on disk before it is counted; a
 * killed or interrupted call goes on where it was, and with nothing missing no server is started. Failures
 * are rows with their cause; those that are not the model's own (`isPermanent`) are asked for again by the
 * next call. Every whole text gets its training text (`response`) by `ASSEMBLY_RULES`, anew whenever the file
 * is put into the questions' order and given its manifest at the end: other rules ask nothing again. Throws
 * LabError: no questions, no such Teacher, a server that cannot be had or is lost, not one usable text among
 * the first 64 of this call or among all; the abort's reason.
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
  const counter = new ProgressCounter(tasks.map((task) => task.question.type));

  if (givenServer(config, "teacher") === null)
    await assertPromptFits(
      config,
      "teacher",
      questions.map(({ question }) => question),
    );
  const finished = force ? null : finishedRows(lab, inputs);
  if (finished) {
    for (const row of finished) counter.add(row);
    onProgress?.(counter.snapshot());
    return { rows: finished, progress: counter.snapshot(), repaired: null };
  }

  const store = await openDistilled(paths, new Set(tasks.map((task) => task.key)));
  try {
    const hasUsable = tasks.some(({ key }) => {
      const row = store.get(key);
      return row !== undefined && isUsable(assembleRow(row, config.distill.assemble));
    });
    const isOpen = ({ key }: DistillTask): boolean => {
      const row = store.get(key);
      // the context may be another now; where nothing but silence is there, the server may be mended
      const mayDiffer = row?.failure === TOO_LONG || (row?.failure === "empty" && !hasUsable);
      return force || row === undefined || isPassing(row) || mayDiffer;
    };
    const open = tasks.filter(isOpen);
    const openKeys = new Set(open.map((task) => task.key));
    for (const { key } of tasks)
      if (!openKeys.has(key)) counter.add(assembleRow(store.get(key)!, config.distill.assemble));
    onProgress?.(counter.snapshot());
    const told =
      open.length === 0
        ? null
        : await ask(lab, open, store, counter, { onProgress, signal, evenUnusable, plan });
    // What the Teacher wrote is what was kept; all else is what the question and the rules say now.
    const rows = tasks.map(({ key, question, sample }): Distilled => {
      const { teacher_output, teacher_reasoning, failure, completion_tokens, model } = store.get(key)!;
      const written = { key, sample, teacher_output, teacher_reasoning, failure, completion_tokens, model };
      return assembleRow(
        { ...question, ...written, response: null, assembly: null },
        config.distill.assemble,
      );
    });
    const progress = counter.snapshot();
    onProgress?.(progress);
    if (!rows.some(isUsable)) throw neverAnswers(rows, { more: false, told });
    await store.close();
    finishJsonl(paths.distilled, rows, inputs);
    return { rows, progress, repaired: store.report.message };
  } finally {
    await store.close();
  }
}

async function ask(
  lab: Lab,
  open: readonly DistillTask[],
  store: Store<Distilled>,
  counter: ProgressCounter,
  { onProgress, signal, evenUnusable, plan }: DistillOptions & { plan: ServedRole["plan"] },
): Promise<Told> {
  const { assemble: assembles } = lab.config.distill;
  const told: Told = { url: "", sentences: new Map() };
  let shown = 0;
  // Of this call: a server that was mended meanwhile is not held to what is on disk.
  const answered: Distilled[] = [];
  await withServer(
    lab,
    "teacher",
    async (client, either) => {
      counter.start(performance.now());
      told.url = client.baseURL;
      await client.completeAll(
        open.map((task) => task.request),
        {
          signal: either,
          onResult: async (result, index) => {
            const { key } = open[index]!;
            const kept = store.get(key);
            if (!result.ok && !told.sentences.has(result.cause))
              told.sentences.set(result.cause, result.message);
            // With force a text is asked for again; a server's bad moment must not cost the one that is
            // there.
            const spared = !result.ok && !result.permanent && kept?.failure === null;
            const written = spared ? kept : distilledRow(open[index]!, result, lab.config.models.teacher);
            const row = assembleRow(written, assembles);
            if (!spared) await store.append(row);
            const now = performance.now();
            counter.add(row, now);
            if (
              !evenUnusable &&
              isAnswered(row) &&
              answered.length < FIRST_TEXTS &&
              answered.push(row) === FIRST_TEXTS &&
              counter.usable === 0
            ) {
              throw neverAnswers(answered, { more: open.length > FIRST_TEXTS, told });
            }
            if (!onProgress || now - shown < PROGRESS_MS) return;
            shown = now;
            onProgress(counter.snapshot());
          },
        },
      );
    },
    { signal, plan },
  );
  return told;
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
    rules: await hashCode(["answer", "distill"]),
  };
}

/** The rows of a file that needs no more work; null when it does. */
function finishedRows({ config, paths }: Lab, inputs: Record<string, unknown>): Distilled[] | null {
  if (!existsSync(paths.distilled) || readManifest(paths.distilled, inputs) === null) return null;
  const rows = readJsonl(paths.distilled, Distilled);
  // Of a given server the context may be another; of ours it stands in the manifest.
  const mayFit =
    givenServer(config, "teacher") === null ? () => false : (row: Distilled) => row.failure === TOO_LONG;
  return rows.some((row) => isPassing(row) || mayFit(row)) ? null : rows;
}

function isPassing({ failure }: Distilled): boolean {
  return failure !== null && !isPermanent(failure);
}
