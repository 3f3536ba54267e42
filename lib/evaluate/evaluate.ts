/** Stage 6: a model's answers to the test questions, scored by the one checker, with intervals. */
import { join } from "node:path";
import { readGold, scoreCompletion } from "../answer/index.ts";
import type { Client } from "../serving/client.ts";
import { LabError } from "../errors.ts";
import { answerTasks } from "../completions/tasks.ts";
import type { AnswerTask } from "../completions/tasks.ts";
import type { StoredCompletion } from "../completions/cache.ts";
import { askModels } from "../completions/ask-models.ts";
import type { CollectProgress } from "../completions/ask-models.ts";
import { evaluatedModel } from "../completions/models.ts";
import type { EvaluatedModel } from "../completions/models.ts";
import { findReport, writeReport } from "./eval-report.ts";
import { summarizeArm } from "./eval-summary.ts";
import { majorityOf } from "./majority.ts";
import { track, trackedEvaluation } from "./track.ts";
import { valueAt } from "../config/settings.ts";
import { promptId } from "../prompt/prompt.ts";
import { countBy } from "../stats/stats.ts";
import { hashJson } from "../store/hash.ts";
import { judge } from "../judge/judge.ts";
import type { JudgeServer } from "../judge/ask.ts";
import { openJudge } from "../judge/server.ts";
import { readJsonl } from "../store/jsonl.ts";
import type { Lab } from "../config/lab.ts";
import { RlRow } from "../records.ts";
import type { ArmName, EvalDetail, EvalReport } from "../records.ts";

export interface EvaluateOptions {
  /** An arm of the ablation: the Base asked in one of three ways, or with what was trained. */
  arm?: ArmName;
  /** Any other model, instead of an arm: a folder (of a model, or of an adapter of the Base) or a hub id. */
  model?: string;
  /** The arm's name in reports. Default: the arm, or the folder's name. */
  name?: string;
  /** Ask every question again. Default: the lab's. */
  force?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: CollectProgress) => void;
  /** Ask these instead of starting the model's and the Judge's server. */
  client?: Client;
  judge?: JudgeServer | undefined;
}

export interface Evaluation {
  report: EvalReport;
  details: EvalDetail[];
  /** Test questions whose gold no rule can check: in no number of the report. */
  setAside: { id: string; reason: string }[];
  /** Answers asked for by this call; the others were on disk. */
  asked: number;
  reportPath: string;
  detailsPath: string;
  /** Whether an equal report was there before. */
  reused: boolean;
}

/**
 * Asks a model every test question greedily, the first `evaluate.sampledQuestions` also `evaluate.samples`
 * times sampled, and scores the answers with the rule checker. The arm base_majority answers with what most
 * of base_prompted's sampled answers say, and asks nothing of its own.
 *
 * Format, strict and lenient accuracy, pass by type, tokens; n and a 95 % interval with every number; with
 * `evaluate.useJudge` the Judge's mean points for the greedy answers that pass the rules, beside and never
 * instead. Answers are kept as they come: a cut evaluation goes on, an unchanged one asks nothing and returns
 * the report that is there. Writes `reports/eval_details_<name>_<time>.jsonl`, then
 * `reports/eval_<name>_<time>.json`. Throws LabError: no test questions, no such arm, model or server, a
 * majority of no answers.
 */
export async function evaluate(lab: Lab, options: EvaluateOptions = {}): Promise<Evaluation> {
  const { config, paths } = lab;
  const plan = await planOf(lab, options);
  const { name, model, setAside } = plan;
  const [{ answers, asked }] = (await answersOf(lab, [plan], options)) as [PlanAnswers];
  const points = config.evaluate.useJudge
    ? await judgePoints(lab, answers, options)
    : new Map<string, number | null>();
  const details = answers.map(({ detail }) =>
    detail.mode === "greedy" ? { ...detail, judge: points.get(detail.id) ?? null } : detail,
  );
  const counts = {
    setAside: setAside.length,
    undecided: answers.filter((a) => a.undecided).length,
    failures: countFailures(answers),
  };
  const report: EvalReport = {
    ...summarizeArm(name, details),
    created: new Date().toISOString(),
    profile: config.profile,
    model: model.label,
    n: new Set(details.map(({ id }) => id)).size,
    // Other answers with equal totals are another report. One written before this field stood in it is not
    // found again.
    settings: { ...settingsOf(lab, plan), ...counts, details: hashJson(details) },
  };
  const found = findReport(paths.reports, report);
  const written = found ?? writeReport(paths.reports, report, details);
  if (!found) await track(lab, trackedEvaluation(report, details, written.reportPath));
  return { ...written, details, setAside, asked, reused: found !== null };
}

/**
 * Has every answer of these evaluations on disk, without scoring or judging; returns how many had to be asked
 * for. With several of them this comes first: one server is started for all that it can hold, and is gone
 * before a Judge needs its memory. Throws as `evaluate`.
 */
export async function answerTestQuestions(
  lab: Lab,
  models: readonly Pick<EvaluateOptions, "arm" | "model" | "name">[],
  options: Omit<EvaluateOptions, "arm" | "model" | "name"> = {},
): Promise<number> {
  const plans: Plan[] = [];
  for (const model of models) plans.push(await planOf(lab, model));
  return (await answersOf(lab, plans, options)).reduce((sum, { asked }) => sum + asked, 0);
}

interface Plan {
  /** Of the arm or the model in the report. */
  name: string;
  model: EvaluatedModel;
  rows: RlRow[];
  setAside: Evaluation["setAside"];
  tasks: AnswerTask[];
  /** Whether a question's answer is what most of the tasks' answers say. */
  byMajority: boolean;
}

async function planOf(
  lab: Lab,
  { arm, ...other }: Pick<EvaluateOptions, "arm" | "model" | "name">,
): Promise<Plan> {
  const { config, paths } = lab;
  const chosen = readJsonl(paths.test, RlRow, "Run 03_filter first; it sets the test questions apart.").slice(
    0,
    config.evaluate.maxQuestions,
  );
  const golds = chosen.map((row) => readGold(row.prompt, row.gold_answer));
  const rows = chosen.filter((_, i) => golds[i]!.readable);
  const setAside = chosen.flatMap((row, i) =>
    golds[i]!.readable ? [] : [{ id: row.id, reason: golds[i]!.reason }],
  );
  if (rows.length === 0)
    throw new LabError({
      what: "No test question can be checked by rules",
      where: paths.test,
      found: `${setAside.length} golds that cannot be read`,
      todo: "Look at the reasons in 03_filter's funnel.",
    });
  const byMajority = arm === "base_majority";
  if (byMajority && config.evaluate.samples === 0)
    throw new LabError({
      what: "A majority needs sampled answers",
      where: "evaluate.samples",
      expected: "at least 1",
      found: "0",
      todo: "Set evaluate.samples=4, or leave the arm base_majority out.",
    });
  const asked = arm === "base_majority" ? "base_prompted" : arm;
  const model = await evaluatedModel(lab, { ...other, ...(asked !== undefined && { arm: asked }) });
  const tasks = answerTasks(rows, config).filter(({ mode }) => !byMajority || mode === "sampled");
  return {
    name: byMajority ? (other.name ?? "base_majority") : model.name,
    model,
    rows,
    setAside,
    tasks,
    byMajority,
  };
}

interface PlanAnswers {
  answers: ScoredAnswer[];
  asked: number;
}

async function answersOf(
  lab: Lab,
  plans: readonly Plan[],
  { force = lab.force, ...options }: EvaluateOptions,
): Promise<PlanAnswers[]> {
  const found = await askModels(lab, plans, { ...options, force });
  return plans.map(({ tasks, byMajority }, i) => {
    const { answers, asked } = found[i]!;
    const scoredAs = byMajority
      ? majorities(tasks, answers)
      : tasks.map((task, k) => [task, answers[k]!] as const);
    return { answers: scoredAs.map(([task, answer]) => scored(task, answer)), asked };
  });
}

/**
 * One greedy row a question: the first of the answers that most of its samples agree on, and the tokens of
 * all of them, which it cost.
 */
function majorities(
  tasks: readonly AnswerTask[],
  answers: readonly StoredCompletion[],
): [AnswerTask, StoredCompletion][] {
  const byRow = Map.groupBy(
    tasks.map((task, i) => ({ task, vote: answers[i]! })),
    ({ task }) => task.row,
  );
  return [...byRow].map(([row, given]) => {
    const votes = given.map(({ vote }) => vote);
    const winner = majorityOf(
      row.prompt,
      votes.map(({ completion }) => completion),
    );
    const tokens = votes.some((vote) => vote.tokens === null)
      ? null
      : votes.reduce((sum, vote) => sum + vote.tokens!, 0);
    return [
      { ...given[winner]!.task, mode: "greedy", sample: 0 },
      { ...votes[winner]!, tokens },
    ];
  });
}

export interface ScoredAnswer {
  row: RlRow;
  detail: EvalDetail;
  /** A greedy answer that rules could not decide: not counted as right, and told apart. */
  undecided: boolean;
  failure: string | null;
}

/** An answer as the checker reads it. */
export function scored(
  { row, mode, sample }: AnswerTask,
  { completion, failure, tokens }: StoredCompletion,
): ScoredAnswer {
  const { format, strict, lenient } = scoreCompletion({
    question: row.prompt,
    gold: row.gold_answer,
    completion,
  });
  const why =
    failure !== null && completion === ""
      ? { reason: failure, message: "the model gave no answer" }
      : { reason: lenient.reason, message: lenient.message };
  const { id, type, source, kind } = row;
  const origin = { ...(source !== undefined && { source }), ...(kind !== undefined && { kind }) };
  const detail: EvalDetail = {
    id,
    type,
    ...origin,
    mode,
    sample,
    completion,
    format,
    strict: strict.verdict === "right",
    lenient: lenient.verdict === "right",
    ...why,
    judge: null,
    tokens,
  };
  return { row, detail, undecided: mode === "greedy" && lenient.verdict === "judge", failure };
}

/** The Judge's points of the greedy answers by question; what the rules or the guard hold back is null. */
async function judgePoints(
  lab: Lab,
  answers: readonly ScoredAnswer[],
  { judge: given, signal }: EvaluateOptions,
): Promise<Map<string, number | null>> {
  const greedy = answers.filter((a) => a.detail.mode === "greedy");
  const texts = greedy.slice(0, lab.config.evaluate.sampledQuestions).map(({ row, detail }) => ({
    id: row.id,
    question: row.prompt,
    gold: row.gold_answer,
    completion: detail.completion,
  }));
  const server = given ?? (await openJudge(lab));
  try {
    const { judgements } = await judge(lab, server, texts, {
      store: join(lab.paths.runs, "judge", "votes.jsonl"),
      ...(signal && { signal }),
    });
    return new Map(judgements.map((judgement) => [judgement.id, judgement.points]));
  } finally {
    if (!given) await server.close?.();
  }
}

/** All that decides the report's numbers, but for the answers themselves. */
function settingsOf({ config }: Lab, { model, rows, byMajority }: Plan) {
  const { maxTokens, temperature, samples, sampledQuestions, useJudge } = config.evaluate;
  const { rubric, layout, judgePassScore } = config.filter;
  const { prompt, promptKey } = model;
  return {
    modelId: model.id,
    prompt: {
      key: promptKey,
      name: valueAt(config, promptKey),
      version: prompt.version,
      id: promptId(prompt),
    },
    ...(byMajority && { votes: samples }),
    maxTokens,
    temperature,
    samples,
    sampledQuestions,
    seed: config.seed,
    judge: useJudge ? { model: config.models.judge, rubric, layout, judgePassScore } : null,
    questions: hashJson(rows.map(({ id, prompt, gold_answer }) => [id, prompt, gold_answer])),
  };
}

/** Answers without a whole text, by cause: cut ones ("length") are scored as they are. */
function countFailures(answers: readonly ScoredAnswer[]): Record<string, number> {
  const failures = answers.flatMap(({ failure }) => failure ?? []);
  return Object.fromEntries(countBy(failures, (cause) => cause));
}
