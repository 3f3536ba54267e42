/** Stages 1 to 8 on given models and given questions, each timed; what is finished is not done again. */
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Lab } from "../../lib/config/lab.ts";
import { openLab } from "../../lib/config/lab.ts";
import { profileName } from "../../lib/config/settings.ts";
import type { Overrides } from "../../lib/config/settings.ts";
import { mergeForDeployment } from "../../lib/deploy/deploy.ts";
import { armsToCompare } from "../../lib/completions/models.ts";
import { distill } from "../../lib/distill/distill.ts";
import { ablate } from "../../lib/evaluate/ablate.ts";
import { filter } from "../../lib/filter/filter.ts";
import type { FilterStats } from "../../lib/filter/record.ts";
import { overlapReport } from "../../lib/prepare/overlap.ts";
import { prepare } from "../../lib/prepare/prepare.ts";
import { findSources, readSources } from "../../lib/prepare/all-sources.ts";
import { splitQuestions } from "../../lib/prepare/split.ts";
import { type EvalDetail, Question, type RlRow } from "../../lib/records.ts";
import type { ArmName } from "../../lib/records.ts";
import { writeFileAtomic } from "../../lib/store/atomic.ts";
import { readJsonl, writeJsonl } from "../../lib/store/jsonl.ts";
import type { Parity } from "../../lib/run/merge.ts";
import { trainGrpo, trainSft } from "../../lib/train/train.ts";
import { trainWithoutSft } from "../../lib/train/without-sft.ts";

/**
 * Share of the training file that stage 3 holds out: the official test file takes its place, so as little as
 * will do.
 */
const HELD_OUT = 0.05;

export interface LineOptions {
  /** Where everything is written: `line/` for stages 1 to 3, `seed-<n>/` for what is trained and asked. */
  out: string;
  base: string;
  teacher: string;
  judge: string;
  /** Questions to train on, and questions that no training may see. */
  train: string;
  test: string;
  seeds: readonly number[];
  /** Besides the profile's values. */
  overrides: Overrides;
  /** Trainings of several seeds and arms share the GPU instead of taking turns. */
  together: boolean;
  /** Whether GRPO is trained on the bare Base, too. */
  alone: boolean;
  profile: string;
}

/** One stage of one seed (null: stages 1 to 3, which all seeds share), when it was done. */
export interface StageTime {
  stage: string;
  seed: number | null;
  seconds: number;
  /** Milliseconds since 1970. Stages that share the GPU overlap. */
  ended: number;
}

export interface Line {
  stages: StageTime[];
  stats: FilterStats;
  /** Seed → arm → answers to the test questions. */
  details: ReadonlyMap<number, Partial<Record<ArmName, EvalDetail[]>>>;
  n: number;
  /** Test questions that stand in the training file, too; they are asked nobody. */
  copies: number;
  /** Of the first seed's SFT + GRPO, merged; null where a kept result is older than this was written. */
  parity: Parity | null;
}

/** Runs what is not done yet. Throws LabError as the stages do; what was done before stays. */
export async function runLine(options: LineOptions): Promise<Line> {
  const clock = stageClock(join(options.out, "stages.json"));
  const common = labOf(options, join(options.out, "line"), options.seeds[0]!);
  await clock.time("prepare", null, () => prepare(common));
  const train = splitQuestions(readJsonl(common.paths.raw, Question), {
    testShare: HELD_OUT,
    seed: common.config.seed,
  }).train;
  await clock.time("distil", null, () => distill(common, train));
  await clock.time("filter", null, () => filter(common));
  const test = await testRows(common, options.test, train);

  const labs = options.seeds.map((seed) => seedLab(common, options, seed, test.rows));
  const each = options.together ? together : inTurn;
  await each(labs, async (lab) => {
    const { seed } = lab.config;
    const alone = () => clock.time("GRPO alone", seed, () => trainWithoutSft(besideLab(lab, options)));
    const both = async () => {
      await clock.time("SFT", seed, () => trainSft(lab));
      await clock.time("GRPO", seed, () => trainGrpo(lab));
    };
    await each(options.alone ? [both, alone] : [both], (training) => training());
  });
  const details = new Map<number, Partial<Record<ArmName, EvalDetail[]>>>();
  await inTurn(labs, async (lab) => {
    const { evaluations } = await clock.time(
      "evaluate",
      lab.config.seed,
      () => ablate(lab, { arms: armsToCompare(lab) }),
      false,
    );
    details.set(
      lab.config.seed,
      Object.fromEntries(Object.entries(evaluations).map(([arm, { details }]) => [arm, details])),
    );
  });
  const merge = () => mergeForDeployment(labs[0]!);
  const { parity } = await clock.time("merge and parity", options.seeds[0]!, merge, false);
  const stats = JSON.parse(readFileSync(common.paths.filterStats, "utf8")) as FilterStats;
  return { stages: clock.stages, stats, details, n: test.rows.length, copies: test.copies, parity };
}

const inTurn = async <T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> => {
  for (const item of items) await work(item);
};
const together = async <T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> => {
  // a failure must not leave the others without an owner
  const ended = await Promise.allSettled(items.map(work));
  const failed = ended.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
};

function labOf(
  { base, teacher, judge, train, overrides, profile }: LineOptions,
  workspace: string,
  seed: number,
): Lab {
  mkdirSync(workspace, { recursive: true });
  const own: Overrides = {
    ...{
      "models.base": base,
      "models.teacher": teacher,
      "models.judge": judge,
      "prepare.sources": [train],
      seed,
    },
    ...{
      "prepare.generated": 0,
      "prepare.handwritten": false,
      "prepare.dianjin": false,
      "prepare.testShare": HELD_OUT,
    },
    "evaluate.useJudge": false,
  };
  return openLab({ profile: profileName(profile), ...own, ...overrides }, { FTMODEL_WORKSPACE: workspace });
}

/** The official test questions as rows of test.jsonl, without those that stand in the training file. */
async function testRows(
  common: Lab,
  file: string,
  train: readonly Question[],
): Promise<{ rows: RlRow[]; copies: number }> {
  const lab = {
    ...common,
    config: { ...common.config, prepare: { ...common.config.prepare, sources: [file] } },
  };
  const questions = readSources(await findSources(lab)).flatMap(({ questions }) => questions);
  const copied = new Set(overlapReport(train, questions).copies.map(({ test }) => test));
  const rows = questions
    .filter(({ id }) => !copied.has(id))
    .map(({ id, question, gold_answer, type, source }) => ({
      id,
      prompt: question,
      gold_answer,
      type,
      source,
    }));
  return { rows, copies: copied.size };
}

/** A workspace of its own with the files of stage 3, the test replaced by the official one. */
function seedLab(common: Lab, options: LineOptions, seed: number, test: readonly RlRow[]): Lab {
  const lab = labOf(options, join(options.out, `seed-${seed}`), seed);
  if (!existsSync(lab.paths.test)) {
    cpSync(common.paths.processed, lab.paths.processed, { recursive: true });
    writeJsonl(lab.paths.test, test); // without a manifest: no file of the filter
  }
  return lab;
}

/**
 * Where trainings share the GPU, GRPO alone has a workspace beside its seed's, since those of one workspace
 * take turns.
 */
function besideLab(lab: Lab, { together }: LineOptions): Lab {
  if (!together) return lab;
  const runs = join(lab.paths.runs, "..", "alone");
  mkdirSync(runs, { recursive: true });
  return { ...lab, paths: { ...lab.paths, runs } };
}

/** Seconds by stage, kept in a file: a line that was cut goes on with the times of what it had done. */
function stageClock(path: string) {
  const stages: StageTime[] = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as StageTime[]) : [];
  mkdirSync(dirname(path), { recursive: true });
  return {
    stages,
    /** `once` false runs it again for its result, which is quick for what is on disk. */
    async time<T>(stage: string, seed: number | null, work: () => Promise<T>, once = true): Promise<T> {
      const done = stages.some((known) => known.stage === stage && known.seed === seed);
      if (done && once) return undefined as T;
      const started = performance.now();
      const result = await work();
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      if (!done) {
        stages.push({ stage, seed, seconds, ended: Date.now() });
        writeFileAtomic(path, `${JSON.stringify(stages, null, 1)}\n`);
        console.log(`${stage}${seed === null ? "" : ` (seed ${seed})`}: ${seconds} s`);
      }
      return result;
    },
  };
}
