/** What an evaluation says, in sentences that follow its numbers. Pure. */
import type { ArmJudged } from "../judge/arms.ts";
import { isLeftOpen } from "../records.ts";
import type { Estimate, EvalDetail } from "../records.ts";
import { countBy, wilson } from "../stats/stats.ts";
import { styleOf } from "../view/arms.ts";
import { pretty } from "../view/labels.ts";
import { formatCount, formatEstimate, formatPercent } from "../view/numbers.ts";
import { compareArms } from "./compare.ts";
import { readSteps } from "./comparison-text.ts";
import { proportion } from "./eval-summary.ts";
import { readTries } from "./eval-tries.ts";

/** An arm's answers: the rows of `eval_details_*.jsonl`. */
interface Arm {
  name: string;
  details: readonly EvalDetail[];
}

/** Types with fewer questions say nothing. */
const FEW = 10;
/** Of fewer answers, as of an untrained Base that hits the format now and then, κ says nothing. */
const FEW_JUDGED = 30;

const READ = ["accuracyLenient", "accuracySampledLenient"] as const;

export const readEvaluation = {
  /** What the strict reading does not see, what a prompt changes, and where types part. */
  types(arms: readonly Arm[]): string[] {
    const greedy = arms.map(({ name, details }) => ({ name, rows: ofMode(details, "greedy") }));
    return [...greedy.flatMap(hiddenByTags), ...typesOf(greedy.at(-1))];
  },

  /** From arm to arm, by name, in one table: what each step adds, read leniently, and what that means. */
  steps(
    steps: readonly (readonly [before: string, after: string])[],
    arms: Readonly<Record<string, Pick<Arm, "details">>>,
  ): ReturnType<typeof readSteps> {
    return readSteps(
      steps.flatMap(([a, b]) => {
        const [before, after] = [arms[a], arms[b]];
        if (!before || !after) return [];
        const compared = READ.map((metric) => compareArms(before.details, after.details, metric));
        return [{ a, b, metrics: compared.filter((c) => c !== null) }];
      }),
    );
  },

  /** The same share, more or less sure: rows for a table, and what their widths say. */
  widths({ details }: Arm): { rows: Record<string, unknown>[]; reading: string } {
    const [greedy, sampled] = [ofMode(details, "greedy"), ofMode(details, "sampled")];
    const n = greedy.length;
    const drawn = new Set(sampled.map(({ id }) => id));
    const alike = greedy.filter(({ id }) => drawn.has(id));
    const once = wilson(alike.filter(({ lenient }) => lenient).length, alike.length);
    const right = greedy.filter(({ lenient }) => lenient).length;
    const like = (m: number) => wilson(Math.round((right / n) * m), m);
    const asIf = wilson(sampled.filter(({ lenient }) => lenient).length, sampled.length);
    const whole = proportion(sampled, ({ lenient }) => lenient);
    const oneTry = whole && wilson(Math.round(whole.value * drawn.size), drawn.size);
    const rows = [
      ...[Math.round(n / 10), n, 10 * n].map((m) => ({
        what: m === n ? "greedy, as measured" : "greedy, if the share were the same",
        ...{ questions: m, answers: m, ...widthOf(like(m)) },
      })),
      ...(whole && drawn.size < n
        ? [
            {
              what: "greedy, the questions that were sampled, too",
              ...{ questions: alike.length, answers: alike.length, ...widthOf(once) },
            },
          ]
        : []),
      ...(whole
        ? [
            {
              what: "sampled, as if each answer were a question of its own",
              ...{ questions: sampled.length, answers: sampled.length, ...widthOf(asIf) },
            },
            {
              what: "sampled, whole questions resampled",
              ...{ questions: drawn.size, answers: sampled.length, ...widthOf(whole) },
            },
          ]
        : []),
    ];
    const [now, more] = [like(n)!, like(10 * n)!];
    const ratio = spanOf(now) / spanOf(more);
    const said = [
      `Ten times as many questions make the interval **${ratio.toFixed(1)} times** narrower (√10 is 3.2).`,
    ];
    if (whole && asIf && oneTry) {
      const wider = spanOf(whole) / spanOf(asIf);
      said.push(
        wider > 1.1
          ? "Counting every sampled answer as a question of its own would claim an interval " +
              `**${wider.toFixed(1)} times** too narrow.`
          : "Here the sampled answers to one question differ as much as those to different questions.",
      );
      said.push(
        spanOf(whole) < spanOf(oneTry)
          ? "Several samples a question help a little: one sample each, as often right, would leave " +
              `${points(spanOf(oneTry))} points, these leave ${points(spanOf(whole))}.`
          : "Several samples a question have not made the interval of the same questions narrower.",
      );
    }
    return { rows, reading: said.join(" ") };
  },

  /** Greedy beside sampled, and what several tries bring. */
  tries: readTries,

  /** The commonest reasons, and those that one arm alone has. */
  failures(arms: readonly Arm[]): string {
    const counted = arms.map(({ name, details }) => {
      const missed = ofMode(details, "greedy").filter(({ lenient }) => !lenient);
      const wrong = missed.filter(({ reason }) => !isLeftOpen(reason));
      return {
        name: styleOf(name, 0).label,
        wrong: wrong.length,
        open: missed.length - wrong.length,
        reasons: countBy(wrong, ({ reason }) => reason),
        answers: JSON.stringify(wrong.map(({ id, reason }) => [id, reason]).sort()),
      };
    });
    const said = counted.map(({ name, wrong, open, reasons }) => {
      const left = open === 0 ? "." : `; ${formatCount(open)} that rules cannot decide.`;
      if (wrong === 0) return `${name}: no wrong answer${left}`;
      const top = commonest([...reasons]);
      const share = top.reduce((sum, [, n]) => sum + n, 0) / wrong;
      return (
        `${name}: ${wrong} wrong, ${formatPercent(share)} of them by ` +
        `${top.map(([reason]) => `*${pretty(reason)}*`).join(" or ")}${left}`
      );
    });
    // arms with the same wrong answers, as a Base with and without the prompt it was trained on, are one
    const kinds = [...Map.groupBy(counted, ({ answers }) => answers).values()];
    const own = kinds.map((alike, i) => ({
      names: alike.map((arm) => arm.name),
      reasons: [...alike[0]!.reasons].filter(([reason]) =>
        kinds.every(([other], j) => i === j || !other!.reasons.has(reason)),
      ),
    }));
    const alone = own
      .filter(({ names }) => names.length === 1)
      .flatMap(({ names, reasons }) =>
        reasons.map(([reason, n]) => `*${pretty(reason)}* (${names[0]}: ${n})`),
      );
    const shared = own
      .filter(({ names, reasons }) => names.length > 1 && reasons.length > 0)
      .map(({ names, reasons }) => {
        const each = reasons.map(([reason, n]) => `*${pretty(reason)}* (${n})`).join(", ");
        return `Only in ${names.join(" and ")}, which have the same wrong answers: ${each}.`;
      });
    if (kinds.length < 2) return said.join("\n\n");
    const single =
      alone.length > 0 ? `In one arm alone: ${alone.join(", ")}.` : "No reason belongs to one arm alone.";
    return [...said, [single, ...shared].join(" ")].join("\n\n");
  },

  /** For a table and for `judge`: what `judgeOnArms` brought, a row an arm, with the table's columns. */
  judgeRows(judged: Readonly<Record<string, ArmJudged>>) {
    const verdicts = Object.entries(judged).map(([name, { set: _, ...row }]) => ({
      ...{ name, ...row },
      failed: row.disagreements.filter(({ rule }) => rule === "right").length,
    }));
    const columns = [
      "arm",
      { key: "n", label: "answers that both decided" },
      "agreement",
      { key: "kappa", label: "kappa (chance is 0)" },
      { key: "wrongPassed", label: "wrong, but passed" },
      { key: "failed", label: "right, but failed (answers)" },
    ];
    return { verdicts, columns };
  },

  /** Whether the Judge could stand in for the rules, and of which arm it passes most that is wrong. */
  judge(judged: readonly JudgedArm[]): string {
    if (judged.length === 0) return "The Judge was not asked (`evaluate.useJudge`): nothing to compare.";
    const told = judged.filter(({ n, kappa }) => kappa !== null && n >= FEW_JUDGED);
    if (told.length === 0)
      return `No arm has right and wrong answers in the format, ${FEW_JUDGED} or more: nothing to compare.`;
    const worst = told.reduce((a, b) => (b.kappa!.value < a.kappa!.value ? b : a));
    const lets =
      worst.wrongPassed &&
      `Of the wrong answers of ${styleOf(worst.name, 0).label} it would pass ` +
        `${formatPercent(worst.wrongPassed.value)}.`;
    const verdict =
      worst.kappa!.low > 0.8
        ? "It could stand in for the rules here."
        : "It cannot stand in for the rules: averaged into the score it would only blur it.";
    return [lets, verdict, ...mostPassed(told)].filter(Boolean).join(" ");
  },
};

interface JudgedArm {
  name: string;
  n: number;
  kappa: Estimate | null;
  wrongPassed: Estimate | null;
  agreement?: Estimate | null;
}

/**
 * Of which arm's wrong answers the Judge passes most. κ cannot say that: it falls by itself where fewer
 * answers are wrong.
 */
function mostPassed(arms: readonly JudgedArm[]): string[] {
  const told = arms.filter(({ wrongPassed }) => wrongPassed !== null);
  const [least, ...others] = [...told].sort((a, b) => a.wrongPassed!.value - b.wrongPassed!.value);
  const most = others.at(-1);
  if (!least || !most) return [];
  const [one, other] = [most, least].map(
    ({ name, wrongPassed }) => `${styleOf(name, 0).label} (${formatEstimate(wrongPassed!)})`,
  );
  if (!areSeparate(most.wrongPassed!, least.wrongPassed!))
    return [
      `It passes more wrong answers of ${one} than of ${other}, but the intervals overlap: ` +
        "a **hint, not a finding**.",
    ];
  const [a, b] = [most.agreement, least.agreement];
  const hidden =
    a && b && !areSeparate(a, b)
      ? ` Agreement does not show it (${formatEstimate(a)} and ${formatEstimate(b)}): where few answers ` +
        "are wrong, a Judge that passes nearly all of them agrees often."
      : "";
  return [`It passes **more** wrong answers of ${one} than of ${other}.${hidden}`];
}

/** The two commonest; the first alone where the second is only one of several that are as rare. */
function commonest(reasons: readonly [reason: string, n: number][]): [reason: string, n: number][] {
  const [first, second, third] = [...reasons].sort((a, b) => b[1] - a[1]);
  const isOneOfMany = first && second && third && first[1] > second[1] && second[1] === third[1];
  return [first, isOneOfMany ? undefined : second].filter((one) => one !== undefined);
}

function hiddenByTags({ name, rows }: { name: string; rows: readonly EvalDetail[] }): string[] {
  if (rows.length === 0) return [];
  const share = (reading: "strict" | "lenient") => rows.filter((row) => row[reading]).length / rows.length;
  const [lenient, strict] = [share("lenient"), share("strict")];
  const hidden = 100 * (lenient - strict);
  const arm = `**${styleOf(name, 0).label}**`;
  if (hidden > 5)
    return [
      `${arm} is right in ${formatPercent(lenient)} read leniently and in ${formatPercent(strict)} read ` +
        `strictly: the ${hidden.toFixed(0)} points between are missing tags, not missing knowledge.`,
    ];
  const apart = rows.filter((row) => row.lenient !== row.strict).length;
  if (apart === 0) return [`${arm}: both readings agree.`];
  if (Math.abs(hidden) < 0.5)
    return [`${arm}: the readings differ at ${apart} of ${formatCount(rows.length)} answers.`];
  return [`${arm}: the readings differ by ${Math.abs(hidden).toFixed(0)} of 100 answers.`];
}

function typesOf(arm: { name: string; rows: readonly EvalDetail[] } | undefined): string[] {
  const byType = [...Map.groupBy(arm?.rows ?? [], ({ type }) => type)]
    .map(([type, rows]) => ({ type, n: rows.length, share: proportion(rows, ({ lenient }) => lenient)! }))
    .filter(({ n }) => n >= FEW)
    .sort((a, b) => a.share.value - b.share.value);
  const [hardest, easiest] = [byType[0], byType.at(-1)];
  if (!arm || !hardest || !easiest || hardest === easiest) return [];
  const apart = areSeparate(hardest.share, easiest.share)
    ? "the intervals do not meet, so one number for the model hides a real difference"
    : "the intervals overlap, so this may be chance";
  return [
    `Of the types with at least ${FEW} questions, ${styleOf(arm.name, 0).label} finds ` +
      `*${pretty(hardest.type)}* hardest ` +
      `(${formatEstimate(hardest.share)}) and *${pretty(easiest.type)}* easiest ` +
      `(${formatEstimate(easiest.share)}): ${apart}.`,
  ];
}

const areSeparate = (a: Estimate, b: Estimate): boolean => a.low > b.high || b.low > a.high;
const ofMode = (details: readonly EvalDetail[], mode: EvalDetail["mode"]): EvalDetail[] =>
  details.filter((row) => row.mode === mode);
const spanOf = ({ low, high }: Estimate): number => high - low;
const points = (share: number): string => (100 * share).toFixed(1);
const widthOf = (e: Estimate | null) => ({ share: e, "width (points)": e && 100 * spanOf(e) });
