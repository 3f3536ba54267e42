/** What an evaluation says, in sentences that follow its numbers. Pure. */
import type { Estimate, EvalDetail } from "../records.ts";
import { countBy, wilson } from "../stats/stats.ts";
import { styleOf } from "../view/arms.ts";
import { pretty } from "../view/labels.ts";
import { formatEstimate } from "../view/numbers.ts";
import { passAtKOf, proportion } from "./eval-summary.ts";

/** An arm's answers: the rows of `eval_details_*.jsonl`. */
interface Arm {
  name: string;
  details: readonly EvalDetail[];
}

/** Types with fewer questions say nothing. */
const FEW = 10;

export const readEvaluation = {
  /** What the strict reading does not see, what a prompt changes, and where types part. */
  types(arms: readonly Arm[]): string[] {
    const greedy = arms.map(({ name, details }) => ({ name, rows: ofMode(details, "greedy") }));
    return [...greedy.flatMap(hiddenByTags), ...typesOf(greedy.at(-1))];
  },

  /** The same share, more or less sure: rows for a table, and what their widths say. */
  widths({ details }: Arm): { rows: Record<string, unknown>[]; reading: string } {
    const [greedy, sampled] = [ofMode(details, "greedy"), ofMode(details, "sampled")];
    const n = greedy.length;
    const right = greedy.filter(({ lenient }) => lenient).length;
    const like = (m: number) => wilson(Math.round((right / n) * m), m);
    const asIf = wilson(sampled.filter(({ lenient }) => lenient).length, sampled.length);
    const whole = proportion(sampled, ({ lenient }) => lenient);
    const rows = [
      ...[Math.round(n / 10), n, 10 * n].map((m) => ({
        what: m === n ? "greedy, as measured" : "greedy, if the share were the same",
        ...{ questions: m, answers: m, ...widthOf(like(m)) },
      })),
      ...(whole
        ? [
            {
              what: "sampled, as if each answer were a question of its own",
              ...{ questions: sampled.length, answers: sampled.length, ...widthOf(asIf) },
            },
            {
              what: "sampled, whole questions resampled",
              ...{ questions: n, answers: sampled.length, ...widthOf(whole) },
            },
          ]
        : []),
    ];
    const [now, more] = [like(n)!, like(10 * n)!];
    const ratio = spanOf(now) / spanOf(more);
    const said = [
      `Ten times as many questions make the interval **${ratio.toFixed(1)} times** narrower (√10 is 3.2).`,
    ];
    if (whole && asIf) {
      const wider = spanOf(whole) / spanOf(asIf);
      said.push(
        wider > 1.1
          ? "Counting every sampled answer as a question of its own would claim an interval " +
              `**${wider.toFixed(1)} times** too narrow.`
          : "Here the sampled answers to one question differ as much as those to different questions.",
      );
      said.push(
        spanOf(whole) < spanOf(now)
          ? `Several samples a question help a little: ${points(spanOf(now))} points become ` +
              `${points(spanOf(whole))}.`
          : "Several samples a question have not made the interval narrower.",
      );
    }
    return { rows, reading: said.join(" ") };
  },

  /** Greedy beside sampled, and what several tries bring. */
  tries(arms: readonly Arm[]): { rows: Record<string, unknown>[]; reading: string } {
    const rows = arms.map(({ name, details }) => {
      const of = (mode: EvalDetail["mode"]) => proportion(ofMode(details, mode), ({ lenient }) => lenient);
      const [greedy, sampled] = [of("greedy"), of("sampled")];
      const lost = greedy && sampled ? 100 * (greedy.value - sampled.value) : null;
      return { arm: styleOf(name, 0).label, greedy, sampled, "lost by sampling (points)": lost };
    });
    const rises = arms.flatMap(({ name, details }) => {
      const sampled = ofMode(details, "sampled");
      const k = Math.min(...countBy(sampled, ({ id }) => id).values());
      if (sampled.length === 0 || k < 2) return [];
      const at = (tries: number) => passAtKOf(details, tries, "lenient")!.value;
      return [{ name: styleOf(name, 0).label, k, first: at(1), before: at(k - 1), last: at(k) }];
    });
    const [low, high] = [rises[0], rises.at(-1)];
    if (!low || !high) return { rows, reading: "Nothing was sampled, so there is no pass@k." };
    const gap = (a: number, b: number) => 100 * (b - a);
    const [atOne, atAll] = [gap(low.first, high.first), gap(low.last, high.last)];
    const said = [
      ...rises.map(
        ({ name, k, first, last }) =>
          `${name} goes from ${percent(first)} in one try to ${percent(last)} in ${k}`,
      ),
    ].join("; ");
    const closer =
      atAll < 0.7 * atOne
        ? "Training shows **most in the first try**: several tries close a good part of the gap."
        : atAll > 1.3 * atOne
          ? "Training shows **more with several tries**: it brought answers that the start has not at all."
          : "Training shows about as much in one try as in several.";
    const still = rises.some(({ before, last }) => last - before > 0.01)
      ? " The lines still rise at their right end, so the end is where asking stopped, not a ceiling."
      : " The lines are flat at their right end: more tries would bring little.";
    return {
      rows,
      reading:
        `${said}. ${high.name} is ${signed(atOne)} points from ${low.name} with one try and ` +
        `${signed(atAll)} with ${low.k}. ${closer}${sharpening(rises)}${still}`,
    };
  },

  /** The commonest reasons, and those that one arm alone has. */
  failures(arms: readonly Arm[]): string {
    const counted = arms.map(({ name, details }) => {
      const wrong = ofMode(details, "greedy").filter(({ lenient }) => !lenient);
      return {
        name: styleOf(name, 0).label,
        wrong: wrong.length,
        reasons: countBy(wrong, ({ reason }) => reason),
      };
    });
    const said = counted.map(({ name, wrong, reasons }) => {
      if (wrong === 0) return `${name}: no wrong answer.`;
      const top = [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 2);
      const share = top.reduce((sum, [, n]) => sum + n, 0) / wrong;
      return (
        `${name}: ${wrong} wrong, ${percent(share)} of them by ` +
        `${top.map(([reason]) => `*${pretty(reason)}*`).join(" or ")}.`
      );
    });
    const alone = counted.flatMap(({ name, reasons }, i) =>
      [...reasons.keys()]
        .filter((reason) => counted.every((other, j) => i === j || !other.reasons.has(reason)))
        .map((reason) => `*${pretty(reason)}* (${name}, ${reasons.get(reason)})`),
    );
    return [
      ...said,
      alone.length > 0 ? `In one arm alone: ${alone.join(", ")}.` : "No reason belongs to one arm alone.",
    ].join("\n\n");
  },

  /** Whether the Judge could stand in for the rules. */
  judge(
    judged: readonly { name: string; n: number; kappa: Estimate | null; wrongPassed: Estimate | null }[],
  ): string {
    const told = judged.filter(({ kappa }) => kappa !== null);
    if (told.length === 0)
      return "No arm has both right and wrong answers in the format: nothing to compare.";
    const worst = told.reduce((a, b) => (b.kappa!.value < a.kappa!.value ? b : a));
    const best = told.reduce((a, b) => (b.kappa!.value > a.kappa!.value ? b : a));
    const lets =
      worst.wrongPassed &&
      `Of the wrong answers of ${styleOf(worst.name, 0).label} it would pass ` +
        `${percent(worst.wrongPassed.value)}.`;
    const harder =
      worst.name === best.name
        ? ""
        : areSeparate(worst.kappa!, best.kappa!)
          ? ` It judges ${styleOf(worst.name, 0).label} **worse** than ` +
            `${styleOf(best.name, 0).label}: the intervals of κ do not meet.`
          : ` κ is lowest for ${styleOf(worst.name, 0).label} (${formatEstimate(worst.kappa!)}) ` +
            `and highest for ${styleOf(best.name, 0).label} (${formatEstimate(best.kappa!)}); the ` +
            "intervals overlap, so that its answers are harder to judge is a **hint, not a " +
            "finding**.";
    const verdict =
      worst.kappa!.low > 0.8
        ? "It could stand in for the rules here."
        : "It cannot stand in for the rules: averaged into the score it would only blur it.";
    return [lets, verdict].filter(Boolean).join(" ") + harder;
  },
};

function hiddenByTags({ name, rows }: { name: string; rows: readonly EvalDetail[] }): string[] {
  if (rows.length === 0) return [];
  const share = (reading: "strict" | "lenient") => rows.filter((row) => row[reading]).length / rows.length;
  const [lenient, strict] = [share("lenient"), share("strict")];
  const hidden = 100 * (lenient - strict);
  const arm = `**${styleOf(name, 0).label}**`;
  if (hidden > 5)
    return [
      `${arm} is right in ${percent(lenient)} read leniently and in ${percent(strict)} read strictly: ` +
        `${hidden.toFixed(0)} points are tags, not knowledge.`,
    ];
  if (Math.abs(hidden) < 0.5) return [`${arm}: both readings agree.`];
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
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(0)}`;
const widthOf = (e: Estimate | null) => ({ share: e, "width (points)": e && 100 * spanOf(e) });

interface Rise {
  name: string;
  k: number;
  first: number;
  last: number;
}

/** What GRPO did to SFT's answers: made likelier what several tries had found, found more, or neither. */
function sharpening(rises: readonly Rise[]): string {
  const of = (arm: string) => rises.find(({ name }) => name === styleOf(arm, 0).label);
  const [before, after] = [of("sft"), of("sft_grpo")];
  if (!before || !after) return "";
  const [one, all] = [100 * (after.first - before.first), 100 * (after.last - before.last)];
  const head = ` GRPO moves SFT by ${signed(one)} with one try and ${signed(all)} with ${after.k}: `;
  if (one <= 1) return `${head}**not sharper**, the first try is no surer than before.`;
  return all <= 1
    ? `${head}it **sharpens**, one try now does what took several, and nothing new is found.`
    : `${head}the first try is surer, and **more is found** than SFT finds in as many tries.`;
}
