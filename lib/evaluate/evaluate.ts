/** Stage 6: a model's answers to the test questions, scored by the one checker, with intervals. */
import { join } from "node:path";
import { readGold, scoreCompletion } from "../answer/index.ts";
import type { Client } from "../serving/client.ts";
import { LabError } from "../errors.ts";
import { answerTasks } from "../ask/answers.ts";
import type { AnswerTask, StoredAnswer } from "../ask/answers.ts";
import { askModel } from "../ask/ask.ts";
import type { CollectProgress } from "../ask/collect.ts";
import { evaluatedModel } from "../ask/model.ts";
import type { EvaluatedModel } from "../ask/model.ts";
import { findReport, writeReport } from "./eval-report.ts";
import { summarizeArm } from "./eval-summary.ts";
import { track, trackedEvaluation } from "./track.ts";
import { countBy } from "../stats/counts.ts";
import { hashJson } from "../store/hash.ts";
import { judge } from "../judge/judge.ts";
import type { JudgeServer } from "../judge/judge-ask.ts";
import { openJudge } from "../judge/judge-server.ts";
import { readJsonl } from "../store/jsonl.ts";
import type { Lab } from "../config/lab.ts";
import { RlRow } from "../records.ts";
import type { ArmName, EvalDetail, EvalReport } from "../records.ts";

export interface EvaluateOptions {
  /** An arm of the ablation: base, or the merged sft, sft_grpo, grpo_only. */
  arm?: ArmName;
  /** Any other model, instead of an arm: a folder (an adapter is merged first) or a hub id. */
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
 * Asks a model every test question, greedily and `evaluate.samples` times sampled, and scores the answers with the rule checker.
 *
 * Format, strict and lenient accuracy, pass by type, tokens; n and a 95 % interval with every number; with `evaluate.useJudge` the Judge's
 * mean points for the greedy answers that pass the rules, beside and never instead. Answers are kept as they come: a cut evaluation goes
 * on, an unchanged one asks nothing and returns the report that is there. Writes `reports/eval_details_<name>_<time>.jsonl`, then
 * `reports/eval_<name>_<time>.json`. Throws LabError: no test questions, no such arm, model or server.
 */
export async function evaluate(lab: Lab, options: EvaluateOptions = {}): Promise<Evaluation> {
  const { config, paths } = lab;
  const plan = await planOf(lab, options);
  const { model, rows, setAside } = plan;
  const { answers, asked } = await answersOf(lab, plan, options);
  const points = config.evaluate.useJudge ? await judgePoints(lab, answers, options) : new Map<string, number | null>();
  const details = answers.map(({ detail }) => (detail.mode === "greedy" ? { ...detail, judge: points.get(detail.id) ?? null } : detail));
  const counts = { setAside: setAside.length, undecided: answers.filter((a) => a.undecided).length, failures: countFailures(answers) };
  const report: EvalReport = {
    ...summarizeArm(model.name, details, { seed: config.seed }),
    created: new Date().toISOString(),
    profile: config.profile,
    model: model.label,
    n: rows.length,
    // Other answers with equal totals are another report. One written before this field stood in it is not found again.
    settings: { ...settingsOf(lab, model, rows), ...counts, details: hashJson(details) },
  };
  const found = findReport(paths.reports, report);
  const written = found ?? writeReport(paths.reports, report, details);
  if (!found) await track(lab, trackedEvaluation(report, details, written.reportPath));
  return { ...written, details, setAside, asked, reused: found !== null };
}

/**
 * Has every answer of an evaluation on disk, without scoring or judging; returns how many had to be asked for.
 * With several models this comes first: then no two of their servers, and no Judge, need memory at once. Throws as `evaluate`.
 */
export async function answerTestQuestions(lab: Lab, options: EvaluateOptions = {}): Promise<number> {
  return (await answersOf(lab, await planOf(lab, options), options)).asked;
}

interface Plan {
  model: EvaluatedModel;
  rows: RlRow[];
  setAside: Evaluation["setAside"];
  tasks: AnswerTask[];
}

async function planOf(lab: Lab, options: EvaluateOptions): Promise<Plan> {
  const { config, paths } = lab;
  const chosen = readJsonl(paths.test, RlRow, "Run 03_filter first; it sets the test questions apart.").slice(0, config.evaluate.maxQuestions);
  const golds = chosen.map((row) => readGold(row.prompt, row.gold_answer));
  const rows = chosen.filter((_, i) => golds[i]!.readable);
  const setAside = chosen.flatMap((row, i) => (golds[i]!.readable ? [] : [{ id: row.id, reason: golds[i]!.reason }]));
  if (rows.length === 0) throw new LabError({ what: "No test question can be checked by rules", where: paths.test, found: `${setAside.length} golds that cannot be read`, todo: "Look at the reasons in 03_filter's funnel." });
  return { model: await evaluatedModel(lab, options), rows, setAside, tasks: answerTasks(rows, config) };
}

async function answersOf(lab: Lab, { model, tasks }: Plan, { force = lab.force, ...options }: EvaluateOptions): Promise<{ answers: ScoredAnswer[]; asked: number }> {
  const { answers, asked } = await askModel(lab, model, tasks, { ...options, force });
  return { answers: tasks.map((task, i) => scored(task, answers[i]!)), asked };
}

interface ScoredAnswer {
  row: RlRow;
  detail: EvalDetail;
  /** A greedy answer that rules could not decide: not counted as right, and told apart. */
  undecided: boolean;
  failure: string | null;
}

function scored({ row, mode, sample }: AnswerTask, { completion, failure, tokens }: StoredAnswer): ScoredAnswer {
  const { format, strict, lenient } = scoreCompletion({ question: row.prompt, gold: row.gold_answer, completion });
  const why = failure !== null && completion === "" ? { reason: failure, message: "the model gave no answer" } : { reason: lenient.reason, message: lenient.message };
  const { id, type, source, kind } = row;
  const origin = { ...(source !== undefined && { source }), ...(kind !== undefined && { kind }) };
  const detail: EvalDetail = { id, type, ...origin, mode, sample, completion, format, strict: strict.verdict === "right", lenient: lenient.verdict === "right", ...why, judge: null, tokens };
  return { row, detail, undecided: mode === "greedy" && lenient.verdict === "judge", failure };
}

/** The Judge's points of the greedy answers by question; what the rules or the guard hold back is null. */
async function judgePoints(lab: Lab, answers: readonly ScoredAnswer[], { judge: given, signal }: EvaluateOptions): Promise<Map<string, number | null>> {
  const greedy = answers.filter((a) => a.detail.mode === "greedy");
  const texts = greedy.map(({ row, detail }) => ({ id: row.id, question: row.prompt, gold: row.gold_answer, completion: detail.completion }));
  const server = given ?? (await openJudge(lab));
  try {
    const { judgements } = await judge(lab, server, texts, { store: join(lab.paths.runs, "judge", "votes.jsonl"), ...(signal && { signal }) });
    return new Map(judgements.map((judgement) => [judgement.id, judgement.points]));
  } finally {
    if (!given) await server.close?.();
  }
}

/** All that decides the report's numbers, but for the answers themselves. */
function settingsOf({ config }: Lab, model: EvaluatedModel, rows: readonly RlRow[]) {
  const { maxTokens, temperature, samples, useJudge } = config.evaluate;
  const { rubric, layout, judgePassScore } = config.filter;
  return {
    modelId: model.id,
    system: config.prompt.system,
    maxTokens,
    temperature,
    samples,
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
