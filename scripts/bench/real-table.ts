/** What a line on real models came to: its arms, the differences between them, and its seconds. Pure. */
import type { FilterStats } from "../../lib/filter/filter-record.ts";
import { compareArms } from "../../lib/evaluate/compare.ts";
import type { Metric } from "../../lib/evaluate/compare.ts";
import { summarizeArm } from "../../lib/evaluate/eval-summary.ts";
import { ARM_NAMES } from "../../lib/records.ts";
import type { Arm, ArmName, EvalDetail } from "../../lib/records.ts";
import type { Line, StageTime } from "./real-line.ts";

/** Each difference that the line is judged by: b − a. */
const PAIRS: readonly { a: ArmName; b: ArmName; metric: Metric }[] = [
  { a: "base", b: "base_prompted", metric: "accuracyLenient" },
  { a: "base_prompted", b: "base_majority", metric: "accuracyLenient" },
  { a: "base_prompted", b: "sft", metric: "accuracyLenient" },
  { a: "base_prompted", b: "sft_grpo", metric: "accuracyLenient" },
  { a: "base_majority", b: "sft_grpo", metric: "accuracyLenient" },
  { a: "base_prompted", b: "grpo_only", metric: "accuracyLenient" },
  { a: "sft", b: "sft_grpo", metric: "accuracy" },
  { a: "sft", b: "sft_grpo", metric: "accuracySampled" },
];

export interface RealResult {
  /** Texts asked of the Teacher for training questions, those that can be trained on, and rows of sft.jsonl. */
  asked: number;
  usable: number;
  rightByRules: number;
  trainingRows: number;
  n: number;
  copies: number;
  seeds: number[];
  /** All seeds' answers together. */
  arms: Arm[];
  pairs: { a: ArmName; b: ArmName; metric: Metric; n: number; delta: number; low: number; high: number; p: number }[];
  /** Seed → arm → share right, greedy and lenient: how far seeds are apart. */
  bySeed: Record<string, Partial<Record<ArmName, number>>>;
  stages: StageTime[];
  /** Sum of the stages of the first seed and of what all seeds share. */
  lineSeconds: number;
}

/** Everything that the bench prints and keeps. An arm that no seed has is left out, and so is a pair with it. */
export function realResult({ stages, stats, details, n, copies }: Line): RealResult {
  const seeds = [...details.keys()];
  const pooled = (arm: ArmName): EvalDetail[] => seeds.flatMap((seed) => details.get(seed)![arm] ?? []);
  const present = ARM_NAMES.filter((arm) => pooled(arm).length > 0);
  const pairs = PAIRS.flatMap(({ a, b, metric }) => {
    const found = present.includes(a) && present.includes(b) ? compareArms(pooled(a), pooled(b), metric) : null;
    return found ? [{ a, b, metric, n: found.n, delta: found.delta, low: found.low, high: found.high, p: found.p }] : [];
  });
  const greedyShare = (rows: readonly EvalDetail[]): number => {
    const greedy = rows.filter((row) => row.mode === "greedy");
    return greedy.filter((row) => row.lenient).length / greedy.length;
  };
  return {
    ...counts(stats),
    ...{ n, copies, seeds },
    arms: present.map((arm) => summarizeArm(arm, pooled(arm))),
    pairs,
    bySeed: Object.fromEntries(seeds.map((seed) => [seed, sharesOf(details.get(seed)!, greedyShare)])),
    stages,
    lineSeconds: stages.filter(({ seed }) => seed === null || seed === seeds[0]).reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

function sharesOf(arms: Partial<Record<ArmName, EvalDetail[]>>, share: (rows: readonly EvalDetail[]) => number): Partial<Record<ArmName, number>> {
  return Object.fromEntries(Object.entries(arms).map(([arm, rows]) => [arm, share(rows)]));
}

function counts({ layers, rows }: FilterStats): Pick<RealResult, "asked" | "usable" | "rightByRules" | "trainingRows"> {
  const out = (layer: string): number => layers.find((row) => row.layer === layer)!.out;
  return { asked: out("split"), usable: out("format"), rightByRules: out("answer"), trainingRows: rows.sft };
}

/** The tables as rows for `table`: arms, differences, seconds. */
export function realTables(result: RealResult): { caption: string; rows: Record<string, unknown>[] }[] {
  const { asked, usable, rightByRules, trainingRows, n, copies, seeds, arms, pairs, stages, lineSeconds } = result;
  return [
    { caption: "From the Teacher to training rows", rows: [{ asked, usable, "usable share": usable / asked, "right by the rules": rightByRules, "training rows": trainingRows }] },
    {
      caption: `Arms: ${n} test questions (${copies} that stand in the training file left out), seeds ${seeds.join(", ")} together, 95 % intervals`,
      rows: arms.map(({ name, format, accuracy, accuracyLenient, accuracySampled, tokensPerAnswer }) => ({ arm: name, format, "greedy, strict": accuracy, "greedy, lenient": accuracyLenient, sampled: accuracySampled, "tokens an answer": tokensPerAnswer })),
    },
    { caption: "Differences, paired by question, 95 % intervals", rows: pairs.map(({ a, b, metric, n, delta, low, high, p }) => ({ from: a, to: b, measure: metric, n, difference: { value: delta, low, high }, p })) },
    { caption: `Seconds; ${Math.round(lineSeconds)} for the whole line of one seed`, rows: stages.map(({ stage, seed, seconds }) => ({ stage, seed: seed ?? "all", seconds })) },
  ];
}
