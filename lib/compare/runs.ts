/** `compareRuns`: the runs of a stage in one table, their curves over each other. Shows, asks nothing. */
import { basename } from "node:path";
import type { Lab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { heldOutQuestions, knownAnswers } from "../evaluate/held-out.ts";
import { runPanels } from "../figures/run-panels.ts";
import type { RlRow } from "../records.ts";
import { readRunFile } from "../run/lineage.ts";
import { listRuns, readRun } from "../run/run.ts";
import type { Run } from "../run/run.ts";
import { RunFolder } from "../run/folder.ts";
import { isTraining } from "../run/key.ts";
import { changedSettings } from "../run/settings.ts";
import type { TrainedStage } from "../run/key.ts";
import { show } from "../show/show.ts";
import { TRAINING_NAMES } from "../view/arms.ts";
import { comparisonRows, comparisonTable, curvesOf, exampleViews } from "./comparison.ts";
import type { Compared, ComparisonRow } from "./comparison.ts";

export class Comparison {
  readonly runs: readonly Run[];
  /** One a run, as the table shows them. */
  readonly rows: readonly ComparisonRow[];

  constructor(runs: readonly Run[], rows: readonly ComparisonRow[]) {
    this.runs = runs;
    this.rows = rows;
  }

  /** At the end of a cell, which prints its last value: what is shown already is not printed once more. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Comparison { ${this.runs.length} runs }: what is shown stands in .runs and .rows`;
  }
}

export interface CompareOptions {
  /** Of a stage: so many of its newest runs. Default 8, as many as there are colours. */
  max?: number;
}

/**
 * Shows runs beside each other: a table of the settings in which they differ, where they ended, and, where
 * they have answered test questions, how many rightly and the paired difference to the first; their curves
 * over each other; answers on which they part.
 *
 * Of a stage: the runs on its own data, the one with the defaults first (one step and practice runs train on
 * other questions). Or any runs of one stage, by key. Asks no model anything. Throws LabError: no run, no
 * such run, runs of two stages.
 *
 * @example await compareRuns(lab, "sft")
 */
export async function compareRuns(
  lab: Lab,
  which: TrainedStage | readonly (string | Pick<Run, "key">)[],
  { max = 8 }: CompareOptions = {},
): Promise<Comparison> {
  const chosen = typeof which === "string" ? runsOfStage(lab, which, max) : runsByKey(lab, which);
  const stage = stageOf(lab, chosen.runs);
  const questions = questionsOf(lab);
  const compared: Compared[] = [];
  for (const run of chosen.runs)
    compared.push({
      config: run.config,
      run,
      file: new RunFolder(lab, run.key).readRunFile(),
      answers: run.status === "done" ? await knownAnswers(lab, run, questions) : [],
    });
  return await showComparison(compared, stage, questions, chosen.caption);
}

/** Table, curves and answers, in this order. */
async function showComparison(
  compared: readonly Compared[],
  stage: TrainedStage,
  questions: readonly RlRow[],
  caption: string,
): Promise<Comparison> {
  const rows = comparisonRows(compared, stage);
  const asked = compared.some(({ answers }) => answers.length > 0);
  await show(comparisonTable(rows, asked ? `${caption}. ${HELD_OUT_NOTE}` : caption));
  await show(runPanels(curvesOf(compared, stage), stage));
  for (const view of exampleViews(compared, stage, questions)) await show(view);
  return new Comparison(
    compared.flatMap(({ run }) => run ?? []),
    rows,
  );
}

/** Of a table with held-out accuracies. */
export const HELD_OUT_NOTE =
  "Held-out: test questions, answered greedily, read strictly, 95 % intervals. A value that was chosen by " +
  "them needs other questions to be measured.";

interface Chosen {
  runs: Run[];
  caption: string;
}

function runsOfStage(lab: Lab, stage: TrainedStage, max: number): Chosen {
  const { paths } = lab;
  // By name: a workspace may have been moved since.
  const own = stage === "sft" ? [basename(paths.sft)] : [basename(paths.rl), "rl_live.jsonl"];
  const listed = listRuns(lab).filter((run) => run.stage === stage);
  const all = listed.filter(({ status }) => status !== "unreadable");
  const unreadable = listed.length - all.length;
  const dataOf = (key: string): string => basename(readRunFile(lab, key)?.inputs.train?.path ?? "");
  const onOwnData = all.filter(({ key }) => own.includes(dataOf(key)));
  if (onOwnData.length === 0)
    throw new LabError({
      what: `There is no ${TRAINING_NAMES[stage]} run to compare`,
      where: paths.runs,
      found:
        [
          ...(all.length > 0 ? [`${all.length} on other questions`] : []),
          ...(unreadable > 0 ? [`${unreadable} of an earlier version, which this one cannot read`] : []),
        ].join(", ") || "none",
      todo: `Run ${{ sft: "04_sft", grpo: "05_grpo", on_policy: "trainOnPolicy" }[stage]} first.`,
    });
  // listed newest first; a run with the defaults, where there is one, is what the others are held against
  const runs = onOwnData
    .slice(0, max)
    .map(({ key }) => readRun(lab, key))
    .reverse()
    .sort((a, b) => changes(a, stage) - changes(b, stage));
  const left = [
    ...(onOwnData.length > max ? [`${onOwnData.length - max} older ones are left out`] : []),
    ...(all.length > onOwnData.length ? [`${all.length - onOwnData.length} on other questions`] : []),
    ...(unreadable > 0 ? [`${unreadable} of an earlier version cannot be read`] : []),
  ];
  return {
    runs,
    caption: `${count(runs)}${left.length > 0 ? ` (${left.join(", ")})` : ""}`,
  };
}

/** 0 for a run with the defaults: it comes first; among the others the order stays. */
function changes({ config }: Run, stage: TrainedStage): number {
  return Math.min(1, changedSettings(config, stage).length);
}

function runsByKey(lab: Lab, which: readonly (string | Pick<Run, "key">)[]): Chosen {
  const runs = which.map((one) => readRun(lab, typeof one === "string" ? one : one.key));
  return { runs, caption: count(runs) };
}

function count(runs: readonly Run[]): string {
  return runs.length === 1 ? "one run" : `${runs.length} runs`;
}

function stageOf(lab: Lab, runs: readonly Run[]): TrainedStage {
  const stages = new Set(runs.map(({ stage }) => stage));
  const [stage] = stages;
  if (stages.size === 1 && stage !== undefined && isTraining(stage)) return stage;
  throw new LabError({
    what: "Only runs of one stage compare",
    where: lab.paths.runs,
    expected: "SFT runs, GRPO runs, or runs of on-policy distillation",
    found: stages.size === 0 ? "no run" : [...stages].join(" and "),
  });
}

/** Without test questions nothing is known of anyone's answers, and the rest is compared all the same. */
function questionsOf(lab: Lab): RlRow[] {
  try {
    return heldOutQuestions(lab);
  } catch (error) {
    if (error instanceof LabError) return [];
    throw error;
  }
}
