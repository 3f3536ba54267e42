/**
 * What training changed, the method or the sum: counts by arm, moves from arm to arm, and what they say.
 * Pure.
 */
import { differenceVerdict } from "./comparison-text.ts";
import { compareShares } from "./compare.ts";
import type { Comparison } from "./compare.ts";
import { METHOD_OUTCOMES, methodOf } from "./method.ts";
import type { MethodOutcome, MethodReading } from "./method.ts";
import type { EvalDetail } from "../records.ts";
import type { BootstrapOptions } from "../stats/bootstrap.ts";
import { styleOf } from "../view/arms.ts";
import { formatCount, formatPoints } from "../view/numbers.ts";

/**
 * Answers by outcome; they sum to `n`. `wrongSums`: those with a sum that does not hold, whatever came of it.
 */
export type MethodCounts = Record<MethodOutcome, number> & { n: number; wrongSums: number };

/** From each outcome before to each outcome after: the answers to the same questions. */
export type MethodMoves = Record<MethodOutcome, Record<MethodOutcome, number>>;

const FAULTS = ["misconception", "wrongSums", "copy_slip", "no_method"] as const;
type Fault = (typeof FAULTS)[number];
/** Answers by the right method, whatever became of their sums. */
const BY_RIGHT_METHOD: readonly MethodOutcome[] = ["right_method", "sum_slip", "copy_slip"];

export interface MethodStep {
  a: string;
  b: string;
  /** Questions of the world that both arms answered. */
  n: number;
  /** Share of answers after minus share before. */
  change: Record<Fault | "rightMethods", Omit<Comparison, "metric">>;
  moves: MethodMoves;
}

export interface MethodsRead {
  mode: EvalDetail["mode"];
  arms: { name: string; counts: MethodCounts }[];
  /** Each arm against the one before it. */
  steps: MethodStep[];
  /** For a table: shares, a row for each arm of which most answers show a method. */
  rows: Record<string, string | number>[];
  /** For a table: a row for each step, what it changes in points with intervals, the answers that moved. */
  changes: Record<string, string | number>[];
  /** Markdown, a sentence for each step: what it repairs and what it adds. */
  reading: string;
}

export interface ReadMethodsOptions extends BootstrapOptions {
  /** Default "greedy". */
  mode?: EvalDetail["mode"];
  /** Pairs of arms to compare, by name. Default: each arm with the next. */
  steps?: readonly (readonly [before: string, after: string])[];
}

/**
 * Reads the method of every answer to a generated question and compares the arms.
 *
 * Questions of other sources are left out. Answers of several training seeds may be put together: they are
 * then paired in their order within a question, and intervals are over questions. Arms without an answer to a
 * generated question are left out; none gives empty lists, and a sentence that says so.
 *
 * @example const read = readMethods([{ name: "base", details: base }, { name: "sft", details: sft }]);
 */
export function readMethods(
  arms: readonly { name: string; details: readonly EvalDetail[] }[],
  { mode = "greedy", steps, ...bootstrap }: ReadMethodsOptions = {},
): MethodsRead {
  const read = arms
    .map(({ name, details }) => ({ name, answers: readAnswers(details, mode) }))
    .filter(({ answers }) => answers.size > 0);
  const wanted = steps ?? read.slice(1).map(({ name }, i) => [read[i]!.name, name] as const);
  const answersOf = (name: string) => read.find((arm) => arm.name === name)?.answers;
  const compared = wanted.flatMap(([a, b]) => {
    const [before, after] = [answersOf(a), answersOf(b)];
    const step = before && after && compareMethods(before, after, bootstrap);
    return step ? [{ a, b, ...step }] : [];
  });
  const counted = read.map(({ name, answers }) => ({ name, counts: countMethods([...answers.values()]) }));
  return {
    mode,
    arms: counted,
    steps: compared,
    rows: counted
      .filter(({ counts }) => isReadable(counts))
      .map(({ name, counts }, i) => methodRow(styleOf(name, i).label, counts)),
    changes: compared.map(changeRow),
    reading:
      counted.length === 0
        ? "No question of the generated world was asked: of others the method cannot be read."
        : [...describeReach(counted, mode), ...compared.map(describeMethods)].join(" "),
  };
}

type Answers = ReadonlyMap<EvalDetail, MethodReading>;

function readAnswers(details: readonly EvalDetail[], mode: EvalDetail["mode"]): Answers {
  const read = new Map<EvalDetail, MethodReading>();
  for (const detail of details) {
    const method = detail.mode === mode ? methodOf(detail) : null;
    if (method) read.set(detail, method);
  }
  return read;
}

/** Counts by outcome. */
function countMethods(readings: readonly MethodReading[]): MethodCounts {
  const of = (outcome: MethodOutcome) => readings.filter((reading) => reading.outcome === outcome).length;
  return {
    ...(Object.fromEntries(METHOD_OUTCOMES.map((outcome) => [outcome, of(outcome)])) as Record<
      MethodOutcome,
      number
    >),
    n: readings.length,
    wrongSums: readings.filter(({ wrongSum }) => wrongSum !== null).length,
  };
}

function compareMethods(
  a: Answers,
  b: Answers,
  options: BootstrapOptions,
): Omit<MethodStep, "a" | "b"> | null {
  const readingOf = (detail: EvalDetail) => a.get(detail) ?? b.get(detail)!;
  const has = (what: Fault | "rightMethods") => (detail: EvalDetail) => {
    const { outcome, wrongSum } = readingOf(detail);
    if (what === "rightMethods") return BY_RIGHT_METHOD.includes(outcome);
    return what === "wrongSums" ? wrongSum !== null : outcome === what;
  };
  const [before, after] = [[...a.keys()], [...b.keys()]];
  const change = (["rightMethods", ...FAULTS] as const).map(
    (what) => [what, compareShares(before, after, has(what), options)] as const,
  );
  const n = change[0]?.[1]?.n ?? 0;
  if (n === 0) return null;
  return { n, change: Object.fromEntries(change) as MethodStep["change"], moves: movesOf(a, b) };
}

/** Answers are paired within a question, in their order. */
function movesOf(a: Answers, b: Answers): MethodMoves {
  const none = () =>
    Object.fromEntries(METHOD_OUTCOMES.map((outcome) => [outcome, 0])) as Record<MethodOutcome, number>;
  const moves = Object.fromEntries(METHOD_OUTCOMES.map((outcome) => [outcome, none()])) as MethodMoves;
  const waiting = new Map<string, MethodOutcome[]>();
  for (const [{ id }, { outcome }] of a) waiting.set(id, [...(waiting.get(id) ?? []), outcome]);
  for (const [{ id }, { outcome }] of b) {
    const before = waiting.get(id)?.shift();
    if (before) moves[before][outcome]++;
  }
  return moves;
}

function methodRow(arm: string, counts: MethodCounts): Record<string, string | number> {
  return {
    arm,
    n: counts.n,
    "right method and value": counts.right_method / counts.n,
    "wrong sum": counts.sum_slip / counts.n,
    "wrong copy": counts.copy_slip / counts.n,
    misconception: counts.misconception / counts.n,
    "no method": counts.no_method / counts.n,
    "any wrong sum": counts.wrongSums / counts.n,
  };
}

const isReadable = ({ no_method, n }: MethodCounts): boolean => 2 * no_method <= n;

/** A warning where the reading does not reach: no steps, or steps in words of the model's own. */
function describeReach(arms: readonly { name: string; counts: MethodCounts }[], mode: string): string[] {
  const unread = arms.filter(({ counts }) => !isReadable(counts));
  if (unread.length === 0) return [];
  const names = unread.map(({ name }, i) => styleOf(name, i).label).join(", ");
  return [
    `Of most ${mode} answers of ${names} no method can be read: they show no steps, or steps in words of ` +
      "their own. The table leaves them out; what follows holds for the others.",
  ];
}

const FAULT_NAMES: Record<Fault, string> = {
  misconception: "named misconceptions",
  wrongSums: "sums that do not hold",
  copy_slip: "numbers or letters copied wrongly",
  no_method: "steps without a method",
};

/** One step in numbers: what changed, in points with intervals, then the answers that moved. */
function changeRow({ a, b, n, change, moves }: MethodStep): Record<string, string | number> {
  return {
    step: nameOf({ a, b }),
    questions: n,
    "right methods": pointsOf(change.rightMethods),
    misconceptions: pointsOf(change.misconception),
    "any wrong sum": pointsOf(change.wrongSums),
    "wrong copies": pointsOf(change.copy_slip),
    "no method": pointsOf(change.no_method),
    "put right, most often": moved((outcome) => moves[outcome].right_method),
    "lost, most often": moved((outcome) => moves.right_method[outcome]),
  };
}

const pointsOf = ({ delta, low, high }: Omit<Comparison, "metric">): string =>
  `${formatPoints(delta)} [${formatPoints(low)}, ${formatPoints(high)}]`;

/**
 * One step in a sentence: what it repairs and what it adds. What these questions do not decide
 * (`differenceVerdict`) is neither. Misconceptions that go are repaired only if right methods come for them.
 */
export function describeMethods({ a, b, change }: Pick<MethodStep, "a" | "b" | "change">): string {
  const list = (verdict: string) =>
    FAULTS.filter((fault) => differenceVerdict(change[fault]) === verdict)
      .map((fault) => FAULT_NAMES[fault])
      .join(", ")
      .replace(/, (?=[^,]*$)/, " and ");
  const [repaired, added] = [list("worse"), list("better")]; // fewer faults are a repair
  const right = differenceVerdict(change.rightMethods);
  const says =
    differenceVerdict(change.misconception) === "worse" && right !== "better"
      ? `shows fewer ${repaired}, ` +
        (right === "worse"
          ? `but fewer right methods, too (${pointsOf(change.rightMethods)} points): that is no repair`
          : "and whether right methods took their place these questions do not decide") +
        (added ? `. It adds ${added}` : "")
      : repaired && added
        ? `repairs ${repaired}, and adds ${added}`
        : repaired
          ? `repairs ${repaired} and adds no fault that these questions could show`
          : added
            ? `repairs nothing that these questions could show, and adds ${added}`
            : "neither repairs nor adds a fault that these questions could show";
  return `**${nameOf({ a, b })}** ${says}.`;
}

const nameOf = ({ a, b }: Pick<MethodStep, "a" | "b">): string =>
  `${styleOf(a, 0).label} → ${styleOf(b, 1).label}`;

const WRONG = {
  misconception: "misconception",
  sum_slip: "wrong sum",
  copy_slip: "wrong copy",
  no_method: "no method",
} as const;

/** "120 (misconception 98)": the answers that moved, and the fault that most of them had or have. */
function moved(of: (outcome: keyof typeof WRONG) => number): string {
  const counts = Object.keys(WRONG).map((outcome) => of(outcome as keyof typeof WRONG));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return "none";
  const most = Math.max(...counts);
  return `${formatCount(total)} (${Object.values(WRONG)[counts.indexOf(most)]} ${formatCount(most)})`;
}
