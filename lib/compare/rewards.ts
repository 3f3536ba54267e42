/**
 * `compareRewards`: several rewards practised on the same questions at the same time, and what each has
 * taught. Shows as it goes.
 */
import { rewardWeights } from "../config/config.ts";
import type { Lab } from "../config/lab.ts";
import { askHeldOut, heldOutQuestions } from "../evaluate/held-out.ts";
import { passCurve } from "../figures/passes.ts";
import type { PassLine, PassOptions } from "../figures/passes.ts";
import type { Figure } from "../figures/theme.ts";
import type { RlRow } from "../records.ts";
import type { Reward } from "../reward/reward.ts";
import { liveFigure } from "../show/show.ts";
import type { Run } from "../run/run.ts";
import { practise } from "../train/practise.ts";
import type { GrpoOptions } from "../train/train.ts";
import { gradedRows, isChinese, lastAnswers, lastPaid, trialReading, trialRows } from "./reward-trials.ts";
import type { ShownText } from "../view/sample-view.ts";

export interface RewardTrials {
  runs: Run[];
  /** A run a row: right answers and tokens, first pass and last, with intervals. */
  rows: Record<string, unknown>[];
  /** What may be said of it, in markdown. */
  reading: string;
  /** A measure pass by pass: "tokens", "reward", or a part of the reward. */
  curve(measure: string, options: PassOptions): Figure;
  /** The answers that the last reward pays best in its last pass, to the question that it pays best. */
  best: { question: string; texts: ShownText[] };
  /** Test questions, a run a row: right answers and the paired difference to the first reward. */
  graded: Record<string, unknown>[];
  /** Of the last pass: paid in full by `paidPart` and wrong by the checker, one of each kind of question. */
  wronglyPaid: ShownText[];
}

export interface RewardTrialOptions extends Pick<GrpoOptions, "signal" | "command"> {
  /** Each question is asked once a pass. Default 4. */
  passes?: number;
  /** So many test questions are asked of each run in the end. Default 0. */
  heldOut?: number;
  /** The part of the last reward, 0 or 1, that stands for its own idea of a right answer. */
  paidPart?: string;
}

const RIGHT: PassOptions = {
  title: "Right answers, by the checker",
  yTitle: "share of answers (%)",
  share: true,
};

/**
 * Trains from the SFT model on `questions` with each of `rewards`, all at the same time, and publishes
 * nothing. Draws the share of right answers pass by pass as it comes; with `paidPart` the last reward's own
 * share of paid answers stands beside it. A reward whose run is there already is read, not trained. Rewards
 * keep the checker's accuracy as a part that need not train, so that right answers can be counted. Throws as
 * `practise`.
 *
 * @example await compareRewards(lab, traps, { "tokens / 200": brief, "tokens / 5": terse })
 */
export async function compareRewards(
  lab: Lab,
  questions: readonly RlRow[],
  rewards: Readonly<Record<string, Reward>>,
  { passes = 4, heldOut = 0, paidPart, ...options }: RewardTrialOptions = {},
): Promise<RewardTrials> {
  const names = Object.keys(rewards);
  const now: Run[] = [];
  const live = liveFigure();
  const draw = (): Figure => {
    const there = now.filter(Boolean);
    const paid = paidPart === undefined ? undefined : now[names.length - 1];
    const right = there.filter((run) => run !== paid).map((run) => lineOf(run, "accuracy"));
    if (!paid || paidPart === undefined) return passCurve(right, RIGHT);
    const lines: PassLine[] = [
      ...right.map((line) => ({ ...line, label: `${line.label}: right` })),
      { ...lineOf(paid, paidPart), label: `${paid.label}: paid` },
      { ...lineOf(paid, "accuracy"), label: "the same answers: right", again: true },
    ];
    return passCurve(lines, { ...RIGHT, title: "What was paid, and what was right by the checker" });
  };
  const runs: Run[] = await Promise.all(
    names.map(async (label, i) => {
      const onProgress = (run: Run): void => {
        now[i] = run;
        live.update(draw());
      };
      const run = await practise(lab, questions, passes, {
        ...options,
        ...{ reward: rewards[label]!, label, onProgress },
      });
      now[i] = run;
      return run;
    }),
  );
  await live.finish(draw());
  const asked = heldOut > 0 ? heldOutQuestions(lab, heldOut) : [];
  const answers = asked.length > 0 ? await askHeldOut(lab, runs, asked, {}) : [];
  const last = runs.at(-1)!;
  const weights = rewardWeights(lab.config);
  const paid = runs.map((run) => lastPaid(run, questions, rewards[names.at(-1)!]!, weights));
  return {
    runs,
    rows: trialRows(runs, paidPart === undefined ? null : { part: paidPart, paid }),
    reading: trialReading(runs, paidPart),
    curve: (measure, shown) =>
      passCurve(
        runs.map((run) => lineOf(run, measure)),
        shown,
      ),
    graded: gradedRows(names, answers),
    best: lastAnswers(last, questions),
    wronglyPaid: paidPart === undefined ? [] : wronglyPaidOf(paid.at(-1)!, paidPart, questions),
  };
}

const lineOf = (run: Run, measure: string): PassLine => ({ ...run, measure });

function wronglyPaidOf(
  paid: ReturnType<typeof lastPaid>,
  part: string,
  questions: readonly RlRow[],
): ShownText[] {
  const kinds = new Map(questions.map(({ id, kind }) => [id, kind ?? id]));
  const cheats = paid.filter(({ row, parts }) => parts[part] === 1 && row.score.accuracy === 0);
  cheats.sort((a, b) => Number(isChinese(a.row.question)) - Number(isChinese(b.row.question)));
  const ofKind = Map.groupBy(cheats, ({ row }) => kinds.get(row.id) ?? row.id);
  return [...ofKind.values()].map(([first]) => {
    const { question, completion, gold, tokens, score } = first!.row;
    return {
      title: question,
      text: completion,
      ok: false,
      message: score.strict.message,
      facts: { gold, tokens },
    };
  });
}
