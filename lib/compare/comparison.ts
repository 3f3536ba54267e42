/** Runs of one stage beside each other: what they differ in, where they ended, what they answer. Pure. */
import type { Config } from "../config/config.ts";
import { valueAt } from "../config/settings.ts";
import type { ConfigKey } from "../config/settings.ts";
import { shownAnswer } from "../evaluate/answer-view.ts";
import { compareArms } from "../evaluate/compare.ts";
import { formatP } from "../evaluate/comparison-text.ts";
import { proportion } from "../evaluate/eval-summary.ts";
import type { Curve } from "../figures/curves.ts";
import type { ArmName, EvalDetail, RlRow } from "../records.ts";
import type { Run } from "../run/run.ts";
import type { RunFile } from "../run/key.ts";
import { changedSettings, describeSetting, describeValue, differingKeys } from "../run/settings.ts";
import type { TrainedStage } from "../run/key.ts";
import { formatPoints, meanOf } from "../view/numbers.ts";
import { sideBySide } from "../view/sample-view.ts";
import { table } from "../view/table.ts";
import type { Column, View } from "../view/table.ts";

/** A run, or one that is still to be made. */
export interface Compared {
  config: Config;
  run: Run | null;
  /** Its inputs; null before it was started. */
  file: Pick<RunFile, "inputs" | "models" | "reward"> | null;
  /** Greedy answers to questions that it was not trained on; none where none are known. */
  answers: readonly EvalDetail[];
  /** Where it stands; default its run's status. */
  state?: string;
}

/** More settings than this, and a run is named by those alone in which it departs from the defaults. */
const NAMED_KEYS = 2;

/** What tells each run from the others: "learningRate 0.0005"; their labels where no setting does. */
function namesOf(compared: readonly Compared[], stage: TrainedStage): string[] {
  const keys = differingKeys(
    compared.map(({ config }) => config),
    stage,
  );
  const names = compared.map(({ config, run }) => {
    if (keys.length === 0) return run?.label ?? stage;
    const changed = new Set(changedSettings(config, stage).map(({ key }) => key));
    const told = keys.length <= NAMED_KEYS ? keys : keys.filter((key) => changed.has(key));
    return told.map((key) => describeSetting(key, valueAt(config, key))).join(", ") || "defaults";
  });
  return names.map((name, i) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} (${compared[i]!.run?.key ?? i + 1})`,
  );
}

const ARM_OF: Record<TrainedStage, ArmName> = { sft: "sft", grpo: "sft_grpo", on_policy: "sft_on_policy" };

/** For `runPanels`: all of one arm, so that each has a colour of its own. */
export function curvesOf(compared: readonly Compared[], stage: TrainedStage): Curve[] {
  const names = namesOf(compared, stage);
  return compared.flatMap(({ run }, i) => (run ? [{ ...run, name: ARM_OF[stage], label: names[i]! }] : []));
}

export interface ComparisonRow {
  run: string;
  state: string;
  steps: string;
  seconds: number | null;
  [column: string]: unknown;
}

/**
 * One row a run. The settings and inputs in which they differ, the mean of the last tenth of the steps, the
 * seconds of all steps, the share of held-out questions answered rightly (greedy, strict), and the paired
 * difference to the first run on the questions that both answered.
 */
export function comparisonRows(compared: readonly Compared[], stage: TrainedStage): ComparisonRow[] {
  const keys = differingKeys(
    compared.map(({ config }) => config),
    stage,
  );
  const inputs = differingInputs(compared);
  const [first] = compared;
  return compared.map((one, i) => {
    const { config, run, file, answers, state } = one;
    const difference = i === 0 ? null : compareArms(first!.answers, answers, "accuracy");
    return {
      ...(keys.length === 0 && { label: run?.label ?? "–" }),
      ...Object.fromEntries(keys.map((key) => [columnOf(key), describeValue(valueAt(config, key))])),
      ...Object.fromEntries(inputs.map(([name, of]) => [name, file && of(file)])),
      run: run?.key ?? "–",
      state: state ?? run?.status ?? "waits its turn",
      steps: run ? `${run.step} of ${run.totalSteps}` : "–",
      ...Object.fromEntries(LAST[stage].map(([name, metric]) => [name, lastTenth(run, metric)])),
      seconds: run && sumOf(run.metrics.secondsPerStep),
      n: answers.length > 0 ? answers.length : null,
      "held-out accuracy": answers.length > 0 ? proportion(answers, ({ strict }) => strict) : null,
      "points against the first": difference
        ? `${formatPoints(difference.delta)} ` +
          `[${formatPoints(difference.low)}, ${formatPoints(difference.high)}]`
        : null,
      p: difference ? formatP(difference.p).replace(/^p (?:= )?/, "") : null,
    };
  });
}

const LAST: Record<TrainedStage, readonly (readonly [string, string])[]> = {
  sft: [["loss, last tenth", "loss"]],
  grpo: [
    ["reward, last tenth", "reward"],
    ["KL, last tenth", "kl"],
  ],
  on_policy: [["divergence, last tenth", "loss"]],
};

/** The rows as a table; what is the same in all rows, or in none, takes no column. */
export function comparisonTable(rows: readonly ComparisonRow[], caption: string): View {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const done = rows.every(({ state }) => state === "done");
  const optional = ["n", "held-out accuracy", "points against the first", "p"];
  const columns = names
    .filter((name) => !(name === "state" && done))
    .map((key): Column => ({ key, label: key, optional: optional.includes(key) }));
  return table(rows, columns, { caption });
}

/** Questions on which the runs part, each run's answer in a column; the first ones where they never do. */
export function exampleViews(
  compared: readonly Compared[],
  stage: TrainedStage,
  questions: readonly Pick<RlRow, "id" | "prompt" | "gold_answer">[],
  max = 2,
): View[] {
  const names = namesOf(compared, stage);
  const answered = compared.flatMap(({ answers }, i) =>
    answers.length > 0 ? [{ name: names[i]!, byId: new Map(answers.map((row) => [row.id, row])) }] : [],
  );
  if (answered.length < 2) return [];
  const shared = questions.filter(({ id }) => answered.every(({ byId }) => byId.has(id)));
  const right = (id: string) => answered.filter(({ byId }) => byId.get(id)!.lenient).length;
  const parted = (id: string) => Math.min(right(id), answered.length - right(id));
  return shared
    .toSorted((a, b) => parted(b.id) - parted(a.id))
    .slice(0, max)
    .map(({ id, prompt, gold_answer }) =>
      sideBySide(
        answered.map(({ name, byId }) => shownAnswer(name, byId.get(id)!)),
        `${prompt}   (gold: ${gold_answer})`,
      ),
    );
}

function columnOf(key: ConfigKey): string {
  return key.replace(/^(?:sft|grpo|onPolicy)\./, "");
}

type Input = readonly [name: string, of: (file: NonNullable<Compared["file"]>) => string];

/** Inputs that are not a setting, by which runs may differ as well. */
const INPUTS: readonly Input[] = [
  ["data", ({ inputs }) => `${inputs.train?.rows} rows, ${inputs.train?.sha256.slice(0, 8)}`],
  ["starts from", ({ models }) => (models.adapter ? `adapter ${models.adapter.sha256.slice(0, 8)}` : "Base")],
  ["reward", ({ reward }) => reward?.sha256.slice(0, 8) ?? "–"],
];

function differingInputs(compared: readonly Compared[]): Input[] {
  const files = compared.flatMap(({ file }) => file ?? []);
  return INPUTS.filter(([, of]) => new Set(files.map(of)).size > 1);
}

function lastTenth(run: Run | null, metric: string): number | null {
  const values = (run?.metrics[metric] ?? []).filter((value) => value !== null);
  return meanOf(values.slice(-Math.max(1, Math.round(values.length / 10))));
}

function sumOf(values: readonly (number | null)[] = []): number {
  return Math.round(values.reduce<number>((sum, value) => sum + (value ?? 0), 0));
}
