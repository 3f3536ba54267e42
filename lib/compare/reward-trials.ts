/** What several rewards have taught on the same questions, in rows and sentences. Pure. */
import { compareArms } from "../evaluate/compare.ts";
import { differenceVerdict } from "../evaluate/comparison-text.ts";
import { summarizeArm } from "../evaluate/eval-summary.ts";
import type { Estimate, EvalDetail, RlRow } from "../records.ts";
import { paidWrongly, payAgain } from "../reward/pay-again.ts";
import type { PaidAgain } from "../reward/pay-again.ts";
import type { Reward, RewardWeights } from "../reward/reward.ts";
import type { Run } from "../run/run.ts";
import { groupTexts } from "../train/groups.ts";
import type { AnswerGroup } from "../train/groups.ts";
import { lastPassDifference, passChange, passMeans, passesOf } from "../train/passes.ts";
import type { ShownText } from "../view/sample-view.ts";
import { formatCount, formatPoints } from "../view/numbers.ts";

type Trial = Pick<Run, "label" | "samples">;

/** What `reward` pays for the answers of a run's last pass. */
export function lastPaid(
  { samples }: Pick<Run, "samples">,
  questions: readonly RlRow[],
  reward: Reward,
  weights: RewardWeights,
): PaidAgain[] {
  const last = passesOf(samples).at(-1) ?? [];
  return payAgain([{ samples: last.flatMap(({ answers }) => answers) }], questions, reward, weights);
}

/** A run a row; with `also`, the share of its last answers that the part pays and the checker does not. */
export function trialRows(
  runs: readonly Trial[],
  also: { part: string; paid: readonly PaidAgain[][] } | null,
): Record<string, unknown>[] {
  return runs.map(({ label, samples }, i) => {
    const right = passMeans(samples, "accuracy");
    return {
      reward: label,
      "answers a pass": right[0]?.answers ?? 0,
      "right, first pass": right[0]?.mean ?? null,
      "right, last pass": right.at(-1)?.mean ?? null,
      change: passChange(samples, "accuracy"),
      "change in tokens": passChange(samples, "tokens"),
      ...(also && { "last pass: wrong, yet paid": paidWrongly(also.paid[i]!, also.part) }),
    };
  });
}

/** Test questions as each run answers them: right, format, and the paired difference to the first one. */
export function gradedRows(
  labels: readonly string[],
  answers: readonly (readonly EvalDetail[])[],
): Record<string, unknown>[] {
  return answers.map((details, i) => {
    const arm = summarizeArm(labels[i]!, details);
    const against = i === 0 ? null : compareArms(answers[0]!, details, "accuracy");
    return {
      reward: labels[i],
      n: details.length,
      format: arm.format,
      "right, strict": arm.accuracy,
      "against the first (points)":
        against &&
        `${formatPoints(against.delta)} [${formatPoints(against.low)}, ${formatPoints(against.high)}]`,
      verdict: against && differenceVerdict(against),
    };
  });
}

/** What each reward did to right answers and their length; with `paidPart`, whether the last is hacked. */
export function trialReading(runs: readonly Trial[], paidPart?: string): string {
  const said = runs.map(({ label, samples }) => {
    const [right, tokens] = [passChange(samples, "accuracy"), passChange(samples, "tokens")];
    if (!right || !tokens) return `- **${label}**: fewer than two passes, nothing to compare.`;
    return (
      `- **${label}**: right answers ${points(right)}, ${direction(right, "more", "fewer")}; length ` +
      `${signed(tokens.value)} tokens [${signed(tokens.low)}, ${signed(tokens.high)}], ` +
      `${direction(tokens, "longer", "shorter")}.`
    );
  });
  const hacked = paidPart === undefined ? [] : [hackReading(runs.at(-1)!, paidPart)];
  return [...said, ...hacked, ...besideReading(runs)].join("\n");
}

/** The last run beside the first: the same questions, the same pass, another reward. */
function besideReading(runs: readonly Trial[]): string[] {
  const [first, last] = [runs[0], runs.at(-1)];
  if (!first || !last || first === last) return [];
  const beside = lastPassDifference(first.samples, last.samples, "accuracy");
  if (!beside) return [];
  const estimate = { ...beside, value: beside.delta };
  const says = { better: "**more**", worse: "**fewer**", undecided: "not decided" }[
    differenceVerdict(beside)
  ];
  return [
    `- In the last pass, question by question, *${last.label}* has ${points(estimate)} right answers ` +
      `against *${first.label}*: ${says}.`,
  ];
}

function hackReading({ label, samples }: Trial, part: string): string {
  const [paid, right] = [passChange(samples, part), passChange(samples, "accuracy")];
  if (!paid || !right) return "";
  const apart = passChange(withGap(samples, part), GAP);
  const says =
    paid.value >= 0 && right.high < 0
      ? "The reward is **hacked**: right answers are lost, and its own curve does not show it."
      : apart && apart.low > 0
        ? `Training has **widened the gap**, by ${points(apart)}: the reward's own curve hides that.`
        : apart && apart.value > 0.02
          ? `Whether training has widened the gap, by ${points(apart)}, these questions do **not decide**.`
          : "They move **together**: training on it did not drive them apart.";
  return `- ${label}: what it pays moves by ${points(paid)}, what is right by ${points(right)}. ${says}`;
}

const GAP = "paid, not right";

/** The answers with what they were paid by `part` beyond what the checker would pay. */
function withGap(steps: Trial["samples"], part: string): Trial["samples"] {
  return steps.map((step) => ({
    ...step,
    samples: step.samples.map((answer) => {
      const { [part]: paid, accuracy } = answer.rewards;
      if (typeof paid !== "number" || typeof accuracy !== "number") return answer;
      return { ...answer, rewards: { ...answer.rewards, [GAP]: paid - accuracy } };
    }),
  }));
}

/** The best paid group of the last pass, its texts to read. */
export function lastAnswers(
  { samples }: Pick<Run, "samples">,
  questions: readonly RlRow[],
): { question: string; texts: ShownText[] } {
  const top = ({ answers }: AnswerGroup) => Math.max(...answers.map(({ reward }) => reward));
  const [group] = [...(passesOf(samples).at(-1) ?? [])].sort((a, b) => top(b) - top(a));
  const asked = questions.find(({ id }) => id === group?.id);
  return { question: asked?.prompt ?? "", texts: group ? groupTexts(group).slice(0, 3) : [] };
}

/** Whether a reader of English alone is lost. */
export const isChinese = (text: string): boolean => /\p{Script=Han}/u.test(text);

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;

const points = ({ value, low, high }: Estimate): string =>
  `**${signed(100 * value)} points** [${signed(100 * low)}, ${signed(100 * high)}]`;

function direction({ low, high }: Estimate, up: string, down: string): string {
  return low > 0 ? up : high < 0 ? down : "not decided";
}

/** How often two ways to pay agree, as a sentence. */
export function agreementReading(counts: {
  answers: number;
  both: number;
  rewardOnly: number;
  checkerOnly: number;
}): string {
  const apart = counts.rewardOnly + counts.checkerOnly;
  const share = counts.answers === 0 ? 0 : apart / counts.answers;
  const says =
    share === 0
      ? "They never part here, so a run on such answers could not tell them apart."
      : share < 0.05
        ? "They part rarely: a short run on such questions would show nothing."
        : "They part often enough for a run to notice.";
  return (
    `Of ${formatCount(counts.answers)} answers the two pay ${formatCount(apart)} differently ` +
    `(${(100 * share).toFixed(1)} %), ${formatCount(counts.rewardOnly)} of them in the careless rule's ` +
    `favour. ${says}`
  );
}
