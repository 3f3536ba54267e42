/**
 * GRPO's published variants on the tiny model, and SFT that goes on for too long: short runs, one after the
 * other, each answering the whole test greedily. Notebooks 04 and 05 show what it has kept (`keptRuns`).
 *
 *     npm run bench:variants                       about half an hour on two cores
 *     npm run bench:variants -- --workspace DIR    where stages 1 to 4 are done; default: this one
 *     npm run bench:variants -- --out FILE         default reports/example/variants.json
 *     npm run bench:variants -- --seeds 1,2        of the GRPO runs; SFT takes the first
 *     npm run bench:variants -- --only DAPO,sft    these variants alone, by name; the others stay as they are
 *
 * All start from the workspace's SFT adapter and are asked the questions that its census leaves. Nothing is
 * published. The file is written anew after each run; runs and answers are found again, so that a killed
 * bench goes on where it was.
 */
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { committedVariants, KEPT_FILE } from "../lib/compare/kept-result.ts";
import type { KeptResult, KeptSft, KeptVariant } from "../lib/compare/kept-result.ts";
import { openLab } from "../lib/config/lab.ts";
import type { Lab } from "../lib/config/lab.ts";
import { overrideConfig } from "../lib/config/settings.ts";
import type { Overrides } from "../lib/config/settings.ts";
import { askHeldOut, heldOutQuestions } from "../lib/evaluate/held-out.ts";
import { compareArms } from "../lib/evaluate/compare.ts";
import { proportion } from "../lib/evaluate/eval-summary.ts";
import { heldOutPath } from "../lib/filter/record.ts";
import { RlRow, SftRow } from "../lib/records.ts";
import type { EvalDetail } from "../lib/records.ts";
import type { Run } from "../lib/run/run.ts";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { readJsonl, writeJsonl } from "../lib/store/jsonl.ts";
import { writeLiveQuestions } from "../lib/train/live-questions.ts";
import { trainOnPolicy } from "../lib/train/on-policy.ts";
import { labOn } from "../lib/train/own-rows.ts";
import { trainGrpo, trainSft } from "../lib/train/train.ts";
import { meanOf } from "../lib/view/numbers.ts";
import { BATCHES, SFT_EPOCHS, SFT_ROWS, SHORT, variantsOf } from "./bench/variant-runs.ts";
import type { Variant } from "./bench/variant-runs.ts";
import { curveOf, endOf } from "./bench/variant-table.ts";
import { endWith, parsed } from "./command-line.ts";

const { values } = parsed({
  options: {
    workspace: { type: "string" },
    out: { type: "string", default: KEPT_FILE },
    seeds: { type: "string", default: "1,2" },
    only: { type: "string", default: "" },
  },
});
const environment = values.workspace ? { FTMODEL_WORKSPACE: resolve(values.workspace) } : process.env;
const lab = openLab({ profile: "tiny" }, { ...process.env, ...environment });
const questions = heldOutQuestions(lab);
const file = resolve(values.out);
const only = values.only.split(",").filter((name) => name !== "");
const isWanted = (name: string): boolean => only.length === 0 || only.includes(name);
const { promptsPerStep, groupSize } = lab.config.grpo;
const result: KeptResult = {
  ...{ created: "", profile: lab.config.profile, device: cpus()[0]?.model ?? "CPU", batches: BATCHES },
  ...{ promptsPerStep, groupSize, start: null, grpo: [], sft: [] },
  ...(existsSync(file) ? committedVariants(file) : {}),
};

const isRight = ({ lenient }: EvalDetail): boolean => lenient;

/** A run, and its answers to the test. */
interface Answered {
  run: Run;
  answers: EvalDetail[];
}

try {
  await trainAll();
} catch (error) {
  endWith(error);
}

async function trainAll(): Promise<void> {
  const seeds = values.seeds.split(",").map(Number);
  if (isWanted("sft")) await trainLong(seeds[0]!);
  const live = readJsonl((await writeLiveQuestions(lab, { model: lab.paths.sftLora })).path, RlRow);
  const own = labOn(lab, live, "rl_variants", {});
  const variants = variantsOf(lab.config);
  const done = new Map<Variant, Map<number, Answered | string>>(variants.map((one) => [one, new Map()]));
  const start = { key: "sft_start", output: lab.paths.sftLora, config: lab.config };
  const [before] = await askHeldOut(lab, [start], questions);
  for (const [i, seed] of seeds.entries()) {
    for (const variant of variants) {
      const isReference = variant === variants[0];
      if (!(isReference || isWanted(variant.name)) || (variant.once && i > 0)) continue;
      done.get(variant)!.set(seed, await trained(own, variant, seed));
      const reference = done.get(variants[0]!)!;
      if (isReference) result.start = keptStart(before!, reference);
      put(
        variants.map(({ name }) => name),
        keptVariant(variant, done.get(variant)!, isReference ? null : reference),
      );
    }
  }
}

async function trained(own: Lab, variant: Variant, seed: number): Promise<Answered | string> {
  const settings: Overrides = { ...SHORT, ...variant.settings, seed };
  const at = { ...own, config: overrideConfig(own.config, settings) };
  const label = `${variant.name}, seed ${seed}`;
  const started = Date.now();
  try {
    const train = variant.onPolicy ? trainOnPolicy : trainGrpo;
    const run = await train(at, { publish: false, label });
    const [answers] = await askHeldOut(lab, [run], questions);
    say(label, { run, answers: answers! }, started);
    return { run, answers: answers! };
  } catch (error) {
    console.error(`${label}: ${(error as Error).message}`);
    return (error as Error).message.split("\n")[0]!;
  }
}

function keptVariant(
  { name, settings }: Variant,
  bySeed: ReadonlyMap<number, Answered | string>,
  reference: ReadonlyMap<number, Answered | string> | null,
): KeptVariant {
  const ended = [...bySeed].flatMap(([seed, one]) => (typeof one === "string" ? [] : [{ seed, ...one }]));
  const failed = [...bySeed].flatMap(([seed, one]) =>
    typeof one === "string" ? [[String(seed), one] as const] : [],
  );
  const same = ended.flatMap(({ seed, answers }) => {
    const other = reference?.get(seed);
    return other === undefined || typeof other === "string" ? [] : [{ a: other.answers, b: answers }];
  });
  const ends = ended.map(({ run }) => endOf(run));
  const mean = (of: (end: ReturnType<typeof endOf>) => number | null): number | null =>
    rounded(meanOf(ends.map(of)));
  const [first] = ended;
  return {
    name,
    settings,
    seeds: ended.map(({ seed }) => seed),
    failed: Object.fromEntries(failed),
    n: questions.length,
    answers: BATCHES * promptsPerStep * groupSize,
    steps: first?.run.step ?? 0,
    right: proportion(
      ended.flatMap(({ answers }) => answers),
      isRight,
    ),
    bySeed: Object.fromEntries(
      ended.map(({ seed, answers }) => [seed, answers.filter(isRight).length / answers.length]),
    ),
    difference: differenceOf(
      same.flatMap(({ a }) => a),
      same.flatMap(({ b }) => b),
    ),
    kl: mean(({ kl }) => kl),
    entropy: mean(({ entropy }) => entropy),
    clipped: mean(({ clipped }) => clipped),
    silent: mean(({ silent }) => silent),
    tokens: rounded(meanOf(ended.flatMap(({ answers }) => answers.map(({ tokens }) => tokens)))),
    secondsPerBatch: mean(({ seconds }) => seconds / BATCHES),
  };
}

function keptStart(
  before: readonly EvalDetail[],
  reference: ReadonlyMap<number, Answered | string>,
): KeptResult["start"] {
  const after = [...reference.values()].flatMap((one) => (typeof one === "string" ? [] : [one.answers]));
  const gain = differenceOf(
    after.flatMap(() => before),
    after.flat(),
  );
  return gain && { right: proportion(before, isRight)!, gain };
}

/** SFT on a few rows: a run for each number of epochs, each with a schedule of its own. */
async function trainLong(seed: number): Promise<void> {
  const rows = readJsonl(lab.paths.sft, SftRow).slice(0, SFT_ROWS);
  const path = join(lab.paths.processed, "sft_few.jsonl");
  writeJsonl(path, rows);
  const heldOutRows = readJsonl(heldOutPath(lab.paths), SftRow).length;
  let first: EvalDetail[] | null = null;
  for (const epochs of SFT_EPOCHS) {
    const config = overrideConfig(lab.config, { seed, "sft.epochs": epochs });
    const label = `SFT, ${rows.length} rows, ${epochs} epochs`;
    const started = Date.now();
    const run = await trainSft(
      { ...lab, config, paths: { ...lab.paths, sft: path } },
      { publish: false, label },
    );
    const [answers] = await askHeldOut(lab, [run], questions);
    say(label, { run, answers: answers! }, started);
    const curve = curveOf(run, epochs);
    const one: KeptSft = {
      ...{ epochs, rows: rows.length, heldOutRows, seed, n: questions.length },
      right: proportion(answers!, isRight)!,
      difference: first && differenceOf(first, answers!),
      trainLoss: curve.at(-1)!.train,
      heldOutLoss: curve.at(-1)!.heldOut,
      curve,
    };
    first ??= answers!;
    const others = result.sft.filter((other) => other.epochs !== epochs);
    result.sft = [...others, one].sort((a, b) => a.epochs - b.epochs);
    write();
  }
}

function differenceOf(a: readonly EvalDetail[], b: readonly EvalDetail[]): KeptVariant["difference"] {
  const found = compareArms(a, b, "accuracyLenient");
  return found && { delta: found.delta, low: found.low, high: found.high, p: found.p };
}

function put(order: readonly string[], variant: KeptVariant): void {
  const others = result.grpo.filter(({ name }) => name !== variant.name);
  result.grpo = [...others, variant].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  write();
}

function write(): void {
  result.created = new Date().toISOString();
  writeFileAtomic(file, `${JSON.stringify(result, null, 1)}\n`);
}

function say(label: string, { run, answers }: Answered, started: number): void {
  const right = answers.filter(({ lenient }) => lenient).length;
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`${label}: ${run.key}, ${run.step} steps, ${right} of ${answers.length} right, ${seconds} s`);
}

function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4));
}
