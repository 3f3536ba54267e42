/** `tryValues`: several values of one setting, trained one after the other and compared. Shows as it goes. */
import type { CollectProgress } from "../completions/ask-models.ts";
import type { Lab } from "../config/lab.ts";
import { overrideConfig } from "../config/settings.ts";
import type { ConfigKey, ConfigValue, Overrides } from "../config/settings.ts";
import { LabError } from "../errors.ts";
import { askHeldOut, heldOutQuestions } from "../evaluate/held-out.ts";
import { runPanels } from "../figures/run-panels.ts";
import { lineFor } from "../run/follow.ts";
import { describeProgress } from "../run/progress.ts";
import type { Run } from "../run/run.ts";
import { RunFolder } from "../run/folder.ts";
import type { Client } from "../serving/client.ts";
import { liveFigure, show, showMarkdown } from "../show/show.ts";
import { trainGrpo, trainSft } from "../train/train.ts";
import type { GrpoOptions } from "../train/train.ts";
import { comparisonRows, comparisonTable, curvesOf, exampleViews } from "./comparison.ts";
import type { Compared } from "./comparison.ts";
import { Comparison, HELD_OUT_NOTE } from "./runs.ts";

/** What can be tried: every setting of SFT and of GRPO. */
export type TriedKey = Extract<ConfigKey, `sft.${string}` | `grpo.${string}`>;

export interface TryOptions extends Pick<GrpoOptions, "reward" | "adapter" | "signal" | "command"> {
  /** Other settings for all of them, to keep the tries short: `{ "grpo.maxSteps": 12 }`. */
  settings?: Overrides;
  /** Test questions that each is asked in the end. Default 100; 0 asks none. */
  questions?: number;
  /** Ask this instead of starting servers; it knows a run's adapter by the run's key. */
  client?: Client;
}

/**
 * Trains the stage of `key` once for each value, one after the other, and shows them beside each other as
 * they come: loss, or reward, KL, silent groups and entropy, over each other; seconds; how many of the same
 * test questions each answers rightly, and the paired difference to the first value; answers on which they
 * part. Ends in what `compareRuns` shows. Nothing is published: `keepRun` does that.
 *
 * A value whose run is there already is shown at once; a cell that was stopped goes on where it was when it
 * is run again. A run that fails is a row of the table, and the others go on. All values are checked before
 * the first is trained. Throws LabError: no value, one twice, one out of range; as trainSft, trainGrpo and
 * evaluate.
 *
 * @example await tryValues(lab, "sft.learningRate", [5e-4, 2e-3], { settings: { "sft.epochs": 0.5 } })
 */
export async function tryValues<K extends TriedKey>(
  lab: Lab,
  key: K,
  values: readonly ConfigValue<K>[],
  { settings = {}, questions: count = 100, client, signal, ...training }: TryOptions = {},
): Promise<Comparison> {
  const stage = key.startsWith("sft.") ? "sft" : "grpo";
  const labs = labsOf(lab, key, values, settings);
  const questions = count > 0 ? heldOutQuestions(lab, count) : [];
  const compared = labs.map(({ config }): Compared => ({ config, run: null, file: null, answers: [] }));
  const note = questions.length > 0 ? HELD_OUT_NOTE : "None is asked anything.";
  const caption = `${values.length === 1 ? "One value" : `${values.length} values`} of ${key}. ${note}`;
  const [liveTable, liveCurves] = [liveFigure(), liveFigure()];
  const shownTable = () => comparisonTable(comparisonRows(compared, stage), caption);
  const shownCurves = () => runPanels(curvesOf(compared, stage), stage);
  const draw = (): void => {
    liveTable.update(shownTable());
    liveCurves.update(shownCurves());
  };
  const ask = async (some: readonly Compared[]): Promise<void> => {
    const done = some.filter((one) => one.run?.status === "done");
    if (questions.length === 0 || done.length === 0) return;
    const runs = done.map(({ run }) => run!);
    const onProgress = (now: CollectProgress): void => {
      for (const one of done) one.state = `answering, ${now.done} of ${now.total}`;
      draw();
    };
    for (const one of done) one.state = "answering: its model is loaded";
    draw();
    const answers = await askHeldOut(lab, runs, questions, { client, signal, onProgress });
    for (const [i, one] of done.entries()) Object.assign(one, { answers: answers[i], state: "done" });
    draw();
  };

  draw();
  // One vLLM server holds all adapters, and is slow to start; transformers starts one a model in any case.
  const together = lab.config.serving.engine === "vllm";
  for (const [i, one] of compared.entries()) {
    const census = { ...(client && { client }), onProgress: countCensus(one, draw) };
    await trainOne(labs[i]!, stage, one, { ...training, ...(signal && { signal }), census }, draw);
    if (!together) await ask([one]);
  }
  if (together) await ask(compared);

  await liveTable.finish(shownTable());
  await liveCurves.finish(shownCurves());
  for (const view of exampleViews(compared, stage, questions)) await show(view);
  const rows = comparisonRows(compared, stage);
  await showMarkdown(howToKeep(compared));
  return new Comparison(
    compared.flatMap(({ run }) => run ?? []),
    rows,
  );
}

/** A lab for each value, all checked. */
function labsOf<K extends TriedKey>(
  lab: Lab,
  key: K,
  values: readonly ConfigValue<K>[],
  settings: Overrides,
): Lab[] {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (values.length === 0 || twice !== undefined)
    throw new LabError({
      what: "tryValues requires different values to try",
      where: key,
      expected: "at least one, none of them twice",
      found: values.length === 0 ? "none" : `${JSON.stringify(twice)} twice`,
    });
  return values.map((value) => ({
    ...lab,
    force: false, // what is finished is shown
    config: overrideConfig(lab.config, { ...settings, [key]: value }),
    chosen: [...(lab.chosen ?? []), ...Object.keys(settings), key],
  }));
}

/**
 * Trains one of them, and notes how far it is. A run that fails or is cancelled by somebody is noted as well.
 */
async function trainOne(
  lab: Lab,
  stage: "sft" | "grpo",
  one: Compared,
  options: GrpoOptions,
  draw: () => void,
): Promise<void> {
  const note = (run: Run): void => {
    one.run = run;
    one.file ??= new RunFolder(lab, run.key).readRunFile();
    one.state = describeProgress(run) ?? (run.cause ? `${run.status}: ${run.cause.code}` : run.status);
    draw();
  };
  try {
    note(
      await (stage === "sft" ? trainSft : trainGrpo)(lab, { ...options, publish: false, onProgress: note }),
    );
  } catch (error) {
    // Still running: it is the watching that ended. None yet: it could not be started.
    if (one.run === null || one.run.status === "running") throw error;
  }
}

/** Before GRPO with `grpo.dropDeadGroups` its questions are tried, which may take longer than to train. */
function countCensus(one: Compared, draw: () => void): (progress: CollectProgress) => void {
  return ({ done, total }) => {
    one.state = `census, ${done} of ${total} answers`;
    draw();
  };
}

function howToKeep(compared: readonly Compared[]): string {
  const done = compared.filter(({ run }) => run?.status === "done");
  if (done.length === 0) return "None of these runs has come to its end.";
  const right = ({ answers }: Compared): number => answers.filter(({ strict }) => strict).length;
  const best = done.toSorted((a, b) => right(b) - right(a))[0]!;
  return (
    "None of these runs is published. This line publishes the run that it names:\n\n" +
    `\`\`\`ts\n${lineFor("keepRun", best.run!.key)}\n\`\`\``
  );
}
