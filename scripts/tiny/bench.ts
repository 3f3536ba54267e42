/**
 * Measures the tiny models on 1,000 generated questions that no training saw, what SFT and GRPO add to the
 * Base, and by what the arms are right and wrong.
 *
 *     npm run bench:tiny                 everything: about 80 minutes on two cores
 *     npm run bench:tiny -- --models     Base, Teacher and Judge only
 *     npm run bench:tiny -- --training   SFT and GRPO only
 *     npm run bench:tiny -- --seeds 1    one seed of both stages instead of three
 *     npm run bench:tiny -- --jobs 3     so many seeds side by side, on a machine with two cores for each
 *
 * Results are kept in reports/bench_tiny: a killed bench goes on where it was. Prints one table a part and
 * writes reports/bench_tiny/bench_tiny.json.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../lib/store/atomic.ts";
import { clusteredShare } from "../../lib/stats/bootstrap.ts";
import { compareArms } from "../../lib/evaluate/compare.ts";
import { distill } from "../../lib/distill/distill.ts";
import { evaluate } from "../../lib/evaluate/evaluate.ts";
import type { Evaluation } from "../../lib/evaluate/evaluate.ts";
import { readMethods } from "../../lib/evaluate/methods.ts";
import { filter } from "../../lib/filter/filter.ts";
import { openLab } from "../../lib/config/lab.ts";
import { overrideConfig } from "../../lib/config/settings.ts";
import type { Lab } from "../../lib/config/lab.ts";
import { readJsonl, writeJsonl } from "../../lib/store/jsonl.ts";
import { measureJudge } from "../../lib/judge/measure.ts";
import { openJudge } from "../../lib/judge/server.ts";
import { workspacePaths } from "../../lib/config/paths.ts";
import { prepare } from "../../lib/prepare/prepare.ts";
import { Question } from "../../lib/records.ts";
import type { Estimate, EvalDetail } from "../../lib/records.ts";
import { splitQuestions } from "../../lib/prepare/split.ts";
import { passAtK } from "../../lib/stats/stats.ts";
import { mapPool } from "../../lib/serving/pool.ts";
import { trainGrpo, trainSft } from "../../lib/train/train.ts";
import { benchQuestions } from "../bench/world-questions.ts";
import { parsed } from "../command-line.ts";

const QUESTIONS = 1000;
const BENCH_SEED = 2026;

const { values: options } = parsed({
  options: {
    models: { type: "boolean" },
    training: { type: "boolean" },
    seeds: { type: "string", default: "3" },
    jobs: { type: "string", default: "1" },
  },
});
const root = join(workspacePaths().reports, "bench_tiny");
const result: Record<string, unknown> = { created: new Date().toISOString(), questions: QUESTIONS };

const show = (x: Estimate | null) =>
  x ? `${x.value.toFixed(3)} [${x.low.toFixed(3)}, ${x.high.toFixed(3)}]` : "–";
const signed = (x: { delta: number; low: number; high: number } | null) =>
  x ? `${x.delta >= 0 ? "+" : ""}${x.delta.toFixed(3)} [${x.low.toFixed(3)}, ${x.high.toFixed(3)}]` : "–";

function labOf(workspace: string, overrides: Record<string, unknown>): Lab {
  mkdirSync(workspace, { recursive: true });
  const sampled = { "evaluate.sampledQuestions": QUESTIONS }; // the default run samples fewer
  return openLab({ ...sampled, ...overrides }, { FTMODEL_WORKSPACE: workspace });
}

/** The bench's questions in place of the workspace's own test: without a manifest, no file of the filter. */
function useBenchQuestions(lab: Lab): void {
  writeJsonl(lab.paths.test, benchQuestions(QUESTIONS, BENCH_SEED));
}

function passAt4(details: readonly EvalDetail[]): Estimate | null {
  const byQuestion = Map.groupBy(
    details.filter((d) => d.mode === "sampled"),
    (d) => d.id,
  );
  return clusteredShare(
    [...byQuestion.values()].map((some) => [passAtK(some.length, some.filter((d) => d.lenient).length, 4)]),
  );
}

function evaluateBase(): Promise<Evaluation> {
  const lab = labOf(join(root, "base"), {
    "evaluate.samples": 4,
    "evaluate.temperature": 0.9,
    "evaluate.useJudge": false,
  });
  useBenchQuestions(lab);
  return evaluate(lab, { arm: "base" });
}

async function benchModels(): Promise<void> {
  const asBase = await evaluateBase();
  const teacherLab = labOf(join(root, "teacher"), {
    "evaluate.samples": 1,
    "evaluate.temperature": 0.6,
    "evaluate.useJudge": false,
  });
  useBenchQuestions(teacherLab);
  const asTeacher = await evaluate(teacherLab, { model: teacherLab.config.models.teacher, name: "teacher" });
  const sampled = asTeacher.details.filter((d) => d.mode === "sampled");
  const teacher = {
    format: clusteredShare(sampled.map((d) => [Number(d.format)])),
    accuracy: clusteredShare(sampled.map((d) => [Number(d.strict)])),
  };
  const judgeLab = labOf(join(root, "judge"), {});
  const server = await openJudge(judgeLab);
  const { card } = await measureJudge(judgeLab, server, { count: 600 }).finally(() => server.close?.());
  console.log(`\nTiny models, n = ${QUESTIONS} (Judge: ${card.n} texts), 95 % intervals`);
  console.log(
    `Base      format ${show(asBase.report.format)}   lenient greedy ` +
      `${show(asBase.report.accuracyLenient)}   pass@4 at T 0.9 ${show(passAt4(asBase.details))}`,
  );
  console.log(`Teacher   format ${show(teacher.format)}   strict at T 0.6 ${show(teacher.accuracy)}`);
  console.log(
    `Judge     unreadable ${show(card.unreadable)}   kappa ${show(card.kappa)}   false positives ` +
      `${show(card.falsePositiveRate)}`,
  );
  for (const [fault, { n, recall }] of Object.entries(card.byFault))
    console.log(`          recall of ${fault.padEnd(22)} ${show(recall)}  n = ${n}`);
  Object.assign(result, {
    base: { ...asBase.report, passAt4: passAt4(asBase.details) },
    teacher,
    judge: card,
  });
}

interface SeedDetails {
  sft_gold: EvalDetail[];
  sft: EvalDetail[];
  sft_grpo: EvalDetail[];
}

/** Stages 1 to 5 with the profile's settings and this seed, then the bench's questions for each policy. */
async function benchSeed(seed: number): Promise<SeedDetails> {
  const lab = labOf(join(root, `seed_${seed}`), { seed, "evaluate.useJudge": false });
  await prepare(lab);
  const questions = readJsonl(lab.paths.raw, Question);
  await distill(lab, splitQuestions(questions, { testShare: lab.config.prepare.testShare, seed }).train);
  const { sft } = await filter(lab);
  useBenchQuestions(lab);
  const seconds = async <T>(work: Promise<T>): Promise<[T, string]> => {
    const started = Date.now();
    return [await work, `${((Date.now() - started) / 1000).toFixed(0)} s`];
  };
  await trainSft({ ...lab, config: overrideConfig(lab.config, { "sft.goldOnly": true }) });
  const asGold = await evaluate(lab, { arm: "sft_gold" });
  const [, sftSeconds] = await seconds(trainSft(lab));
  const asSft = await evaluate(lab, { arm: "sft" });
  const [, grpoSeconds] = await seconds(trainGrpo(lab));
  const asGrpo = await evaluate(lab, { arm: "sft_grpo" });
  console.log(
    `seed ${seed}: SFT on ${sft.length} rows ${sftSeconds}, GRPO ${lab.config.grpo.maxSteps} ` +
      `steps ${grpoSeconds} (a finished run returns at once)`,
  );
  return { sft_gold: asGold.details, sft: asSft.details, sft_grpo: asGrpo.details };
}

async function benchTraining(seeds: number): Promise<void> {
  const base = await evaluateBase();
  const numbers = Array.from({ length: seeds }, (_, i) => i + 1);
  const all = await mapPool(numbers, { concurrency: Number(options.jobs) }, benchSeed);
  const pooled = (arm: keyof SeedDetails) => all.flatMap((one) => one[arm]);
  const mean = (
    details: readonly EvalDetail[],
    mode: EvalDetail["mode"],
    of: "format" | "strict" | "lenient",
  ) =>
    clusteredShare(
      [
        ...Map.groupBy(
          details.filter((d) => d.mode === mode),
          (d) => d.id,
        ).values(),
      ].map((some) => some.map((d) => Number(d[of]))),
    );
  console.log(
    `\nSFT and GRPO, ${seeds} seeds pooled, n = ${QUESTIONS} questions a seed, 95 % intervals over questions`,
  );
  const rows = (["sft_gold", "sft", "sft_grpo"] as const).map((arm) => {
    const details = pooled(arm);
    return {
      arm,
      format: mean(details, "greedy", "format"),
      greedy: mean(details, "greedy", "strict"),
      sampled: mean(details, "sampled", "strict"),
      lenient: mean(details, "greedy", "lenient"),
    };
  });
  const names = { sft_gold: "SFT, golds alone", sft: "SFT", sft_grpo: "SFT + GRPO" };
  for (const row of rows)
    console.log(
      `${names[row.arm].padEnd(16)} format ${show(row.format)}   greedy ${show(row.greedy)}   ` +
        `sampled ${show(row.sampled)}   lenient ${show(row.lenient)}`,
    );
  const baseAsStrict = base.details.map((d) => ({ ...d, strict: d.lenient }));
  const pairs = {
    "SFT − Base (lenient), greedy": compareArms(
      Array(seeds).fill(baseAsStrict).flat(),
      pooled("sft"),
      "accuracy",
    ),
    "SFT − golds alone (lenient), greedy": compareArms(pooled("sft_gold"), pooled("sft"), "accuracyLenient"),
    "GRPO − SFT, greedy": compareArms(pooled("sft"), pooled("sft_grpo"), "accuracy"),
    "GRPO − SFT, sampled": compareArms(pooled("sft"), pooled("sft_grpo"), "accuracySampled"),
  };
  for (const [name, pair] of Object.entries(pairs)) console.log(`${name.padEnd(36)} ${signed(pair)}`);
  const answered = [
    { name: "base", details: Array(seeds).fill(base.details).flat() as EvalDetail[] },
    ...(["sft", "sft_grpo"] as const).map((name) => ({ name, details: pooled(name) })),
  ];
  const methods = (["greedy", "sampled"] as const).map((mode) => readMethods(answered, { mode }));
  for (const { mode, rows, changes, reading } of methods) {
    console.log(`\nMethod or sum? Shares of the ${mode} answers`);
    console.table(rows);
    console.table(changes);
    console.log(reading);
  }
  Object.assign(result, { seeds, training: rows, pairs, methods });
}

if (!options.training) await benchModels();
if (!options.models) await benchTraining(Number(options.seeds));
writeFileAtomic(join(root, "bench_tiny.json"), `${JSON.stringify(result, null, 2)}\n`);
console.log(`\n${join(root, "bench_tiny.json")}`);
