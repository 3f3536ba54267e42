/**
 * Stage 3: from Teacher texts to training rows. Split first, then rules, then the Judge, then the best text
 * of each question.
 */
import { hashFile } from "../store/hash.ts";
import { applyJudge, applyRules, questionFates } from "./rules.ts";
import { goldProblem } from "../answer/index.ts";
import type { Side } from "./rules.ts";
import { filterDetailsPath, heldOutPath, QUESTION_LAYERS, TEXT_LAYERS } from "./record.ts";
import type { FilterDetail, FilterStats, QuestionFate } from "./record.ts";
import { assemblyStats, languageCounts, madeOf } from "./assembly-stats.ts";
import { funnelOf } from "./funnel.ts";
import { readJsonl } from "../store/jsonl.ts";
import { lockFolder } from "../store/lock.ts";
import { openJudge } from "../judge/server.ts";
import type { JudgeServer } from "../judge/ask.ts";
import { judge } from "../judge/judge.ts";
import { judgeShortfall, shortfallError } from "./judge-shortfall.ts";
import type { JudgeOptions } from "../judge/judge.ts";
import type { Judgement } from "../judge/vote.ts";
import type { Lab } from "../config/lab.ts";
import { finishJsonl, finishText } from "../store/manifest.ts";
import { correctedVerdicts, correctionsPath } from "../prepare/corrections.ts";
import { overlapReport } from "../prepare/overlap.ts";
import type { OverlapReport } from "../prepare/overlap.ts";
import { canonicalKey } from "../question/canonical.ts";
import { drawsForTest, generateQuestions } from "../world/index.ts";
import { Distilled, Question } from "../records.ts";
import type { RlRow, SftRow } from "../records.ts";
import { interruptible } from "../interruptible.ts";
import { splitQuestions } from "../prepare/split.ts";

export interface FilterOptions extends Pick<JudgeOptions, "signal" | "deadlineMs" | "onProgress"> {
  /** The Judge to ask; the config's, started when the first verdict is missing, unless told. */
  judge?: JudgeServer;
}

export interface Filtered {
  stats: FilterStats;
  /** Every Teacher text, with the layer it ended in and why. */
  details: FilterDetail[];
  /** Every question, with the layer that kept it from RL. */
  questions: QuestionFate[];
  sft: SftRow[];
  rl: RlRow[];
  test: RlRow[];
  /** Training (sft and rl) against test: `copies` must be empty. */
  overlap: OverlapReport;
}

/** Rows for the held-out loss: enough for a steady mean, few enough to be measured often. */
const MOST_HELD_OUT = 40;

/**
 * Filters the Teacher's texts and writes sft.jsonl, sft_held_out.jsonl, rl.jsonl, test.jsonl,
 * filter_details.jsonl and, last, filter_stats.json, each with a manifest.
 *
 * Questions are split by type before anything is filtered, near-copies on one side, so the test holds those
 * the Teacher failed, too; behind these it has `prepare.generatedTest` generated ones that only it has.
 * Questions whose gold cannot be read are in no file. Verdicts of the Judge are
 * kept, so a killed run goes on where it was. A reader's corrected verdict (`data/raw/corrections.jsonl`)
 * stands for that of rules and Judge. Nothing kept, or one type only, is a `warning` in the stats,
 * not an error: the funnel then shows where it was lost. Throws LabError when an input is missing or
 * malformed, before anything is written when the Judge would drop most of what the rules passed
 * (`judgeShortfall`), and as `judge`.
 */
export async function filter(lab: Lab, options: FilterOptions = {}): Promise<Filtered> {
  const { config, paths } = lab;
  const questions = readJsonl(paths.raw, Question, "Run 01_prepare first.");
  // A store's file may hold two versions of a row; the later one counts.
  const texts = [
    ...new Map(
      readJsonl(paths.distilled, Distilled, "Run 02_distill first.").map((row) => [row.key, row]),
    ).values(),
  ];
  // All questions are split, as before distilling: an unreadable gold takes a question out, but moves no
  // other to the other side.
  const split = splitQuestions(questions, { testShare: config.prepare.testShare, seed: config.seed });
  const isReadable = (question: Question): boolean => !goldProblem(question)?.unreadable;
  const [train, test] = [split.train.filter(isReadable), split.test.filter(isReadable)];
  const side = new Map<string, Side>(questions.map((question) => [question.id, "set_aside"]));
  for (const { id } of train) side.set(id, "train");
  for (const { id } of test) side.set(id, "test");

  const { useJudge, bestOf, sftMaxRows, rlSource } = config.filter;
  const corrected = correctedVerdicts(lab);
  const { ended, passed } = applyRules(texts, side, useJudge, corrected);
  const toJudge = passed.filter((row) => !corrected.has(row.key));
  const judged = useJudge ? await judgeTexts(lab, toJudge, options) : null;
  const shortfall = judged && judgeShortfall([...judged.byKey.values()], config.filter);
  if (shortfall) throw shortfallError(shortfall, config.filter, judged.model);
  const selection = { bestOf, maxRows: sftMaxRows, seed: config.seed };
  const { details: later, kept } = applyJudge(passed, judged?.byKey ?? null, selection, corrected);
  const details = inOrderOf(texts, [...ended, ...later]);
  const fates = questionFates(questions, side, new Set(kept.map((row) => row.id)), rlSource);
  const inRl = new Set(fates.filter((fate) => fate.reason === null).map((fate) => fate.id));

  const sft = kept.map(sftRow);
  const spare = new Set(
    details.filter(({ layer, reason }) => layer === "size" && reason !== null).map(({ key }) => key),
  );
  const heldOut = texts.filter(({ key }) => spare.has(key)).slice(0, MOST_HELD_OUT);
  const rl = train.filter((question) => inRl.has(question.id)).map(rlRow);
  const furtherTest = generatedTest(config, questions);
  const testRows = [...test, ...furtherTest].map(rlRow);
  const used = new Set([...sft.map((row) => row.id), ...inRl]);
  const assembly = config.distill.assemble ? assemblyStats(details) : null;
  const skipped = [...(assembly ? [] : ["assemble"]), ...(useJudge ? [] : ["judge"])];
  const stats: FilterStats = {
    created: new Date().toISOString(),
    profile: config.profile,
    settings: {
      ...config.filter,
      assemble: config.distill.assemble,
      testShare: config.prepare.testShare,
      ...(furtherTest.length > 0 && { generatedTest: furtherTest.length }),
      seed: config.seed,
    },
    judge: judged?.prompt ?? null,
    layers: funnelOf(details, TEXT_LAYERS, skipped).map((layer) =>
      assembly && layer.layer === "assemble" ? { ...layer, made: madeOf(assembly) } : layer,
    ),
    questions: funnelOf(fates, QUESTION_LAYERS),
    assembly,
    languages: languageCounts(details),
    rows: { sft: sft.length, rl: rl.length, test: testRows.length },
    warning: null,
  };
  const distilledIds = new Set(texts.map((row) => row.id));
  stats.warning = warningOf(stats, sft, train.filter((question) => !distilledIds.has(question.id)).length);

  const inputs = {
    raw: await hashFile(paths.raw),
    distilled: await hashFile(paths.distilled),
    ...stats.settings,
    judge: judged && { prompt: judged.prompt, model: judged.model },
    ...(corrected.size > 0 && { corrections: await hashFile(correctionsPath(lab)) }),
  };
  const lock = lockFolder(paths.processed);
  try {
    finishJsonl(paths.sft, sft, inputs);
    finishJsonl(heldOutPath(paths), heldOut.map(sftRow), inputs);
    finishJsonl(paths.rl, rl, inputs);
    finishJsonl(paths.test, testRows, inputs);
    finishJsonl(filterDetailsPath(paths), details, inputs);
    finishText(paths.filterStats, `${JSON.stringify(stats, null, 2)}\n`, 1, inputs);
  } finally {
    lock.release();
  }
  return {
    stats,
    details,
    questions: fates,
    sft,
    rl,
    test: testRows,
    overlap: overlapReport(
      train.filter((q) => used.has(q.id)),
      [...test, ...furtherTest],
    ),
  };
}

/**
 * Generated questions for the test alone, of the world's part that neither lab nor corpus draws from. A
 * question about a concept has few values: near-copies of `others` give way to further draws.
 */
function generatedTest({ prepare, seed }: Lab["config"], others: readonly Question[]): Question[] {
  const wanted = prepare.generated === 0 ? 0 : prepare.generatedTest;
  const taken = new Set(others.map(({ question }) => canonicalKey(question)));
  for (let drawn = drawsForTest(wanted); ; drawn *= 2) {
    const fresh = generateQuestions(drawn, seed, "bench").filter(
      ({ question }) => !taken.has(canonicalKey(question)),
    );
    if (fresh.length >= wanted) return fresh.slice(0, wanted);
  }
}

async function judgeTexts(lab: Lab, passed: readonly Distilled[], options: FilterOptions) {
  const server = options.judge ?? (await openJudge(lab));
  try {
    const rows = passed.map((row) => ({
      id: row.key,
      question: row.question,
      gold: row.gold_answer,
      completion: row.response!,
    }));
    const { deadlineMs, onProgress } = options;
    const run = await interruptible(options.signal, (signal) =>
      judge(lab, server, rows, {
        signal,
        ...(deadlineMs !== undefined && { deadlineMs }),
        ...(onProgress && { onProgress }),
      }),
    );
    return {
      byKey: new Map<string, Judgement>(run.judgements.map((judgement) => [judgement.id, judgement])),
      prompt: run.prompt,
      model: server.model,
    };
  } finally {
    if (!options.judge) await server.close?.();
  }
}

const sftRow = (row: Distilled): SftRow => ({
  id: row.id,
  prompt: row.question,
  response: row.response!,
  type: row.type,
});

const rlRow = ({ id, question, gold_answer, type, source, kind }: Question): RlRow => ({
  id,
  prompt: question,
  gold_answer,
  type,
  source,
  ...(kind === undefined ? {} : { kind }),
});

function inOrderOf(texts: readonly Distilled[], details: readonly FilterDetail[]): FilterDetail[] {
  const byKey = new Map(details.map((detail) => [detail.key, detail]));
  return texts.map((row) => byKey.get(row.key)!);
}

const sumTexts = (rows: readonly { texts: number }[]): number =>
  rows.reduce((sum, { texts }) => sum + texts, 0);

function warningOf(
  { layers, rows, languages }: FilterStats,
  sft: readonly SftRow[],
  notDistilled: number,
): string | null {
  const said: string[] = [];
  if (notDistilled > 0)
    said.push(
      `${notDistilled} training ${notDistilled === 1 ? "question has" : "questions have"} no ` +
        "Teacher text: run 02_distill again.",
    );
  if (rows.sft === 0) {
    const worst = layers.reduce((a, b) => (b.in - b.out > a.in - a.out ? b : a));
    const reason = Object.keys(worst.reasons)[0];
    said.push(
      `Nothing was kept: of ${layers[0]!.in} texts the layer "${worst.layer}" took most ` +
        `(${worst.in - worst.out}), above all for "${reason}".`,
    );
  } else if (rows.sft < 8)
    said.push(`Only ${rows.sft} ${rows.sft === 1 ? "row was" : "rows were"} kept: too few to train on.`);
  const asked = Object.keys(layers[0]!.byType).length;
  const onlyType = new Set(sft.map((row) => row.type)).size === 1 ? sft[0]!.type : null;
  if (rows.sft > 1 && asked > 1 && onlyType)
    said.push(`All kept rows are of one of ${asked} types, ${onlyType}.`);
  const chinese = languages.filter((row) => row.question === "zh");
  const [all, inEnglish] = [chinese, chinese.filter((row) => row.response === "en")].map(sumTexts) as [
    number,
    number,
  ];
  if (inEnglish > all / 2)
    said.push(`${inEnglish} of ${all} texts to Chinese questions are in English: see prompt.teacher.`);
  if (rows.rl === 0) said.push("No question is left for RL.");
  if (rows.test === 0) said.push("No question is left for the test.");
  return said.length === 0 ? null : said.join(" ");
}
