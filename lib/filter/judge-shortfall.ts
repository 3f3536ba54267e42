/**
 * A Judge that would drop most of what the rules passed: told with numbers before a training set is written.
 * Pure.
 */
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import { isMarked, maxPoints, minPoints, pointsToPass } from "../judge/verdict.ts";
import { countVotes } from "../judge/vote.ts";
import type { Judgement } from "../judge/vote.ts";
import { countBy } from "../stats/stats.ts";

export interface JudgeShortfall {
  /** Texts that the rules passed on. */
  ruled: number;
  /**
   * Of these, the texts that the Judge was asked about: not those that the guard held back, nor those the run
   * had no time for.
   */
  judged: number;
  passed: number;
  /** Why verdicts could not be read: problem → texts. */
  unreadable: Record<string, number>;
  /** Points that count as passed. */
  mark: number;
  /** What each mark would let through, from the lowest to the highest points. */
  marks: { mark: number; texts: number }[];
  /**
   * The highest mark that would let at least half through; null when none would, or when the rubric has no
   * mark to set.
   */
  halfMark: number | null;
}

export type ShortfallSettings = Pick<Config["filter"], "rubric" | "judgePassScore" | "minJudgePass">;

/** With fewer judged texts than this a small share says little. */
const MIN_JUDGED = 20;

/**
 * What a Judge leaves of the texts that the rules passed, when that is less than `minJudgePass` of those it
 * was asked about; else null, as with fewer than 20 such texts. A share of exactly `minJudgePass` is enough.
 * `judgements` one a text; votes are counted as the filter counts them.
 */
export function judgeShortfall(
  judgements: readonly Judgement[],
  settings: ShortfallSettings,
): JudgeShortfall | null {
  const { rubric, judgePassScore, minJudgePass } = settings;
  const asked = judgements.filter(({ status, reason }) => status !== "held_back" && reason !== "deadline");
  const passed = asked.filter(({ status }) => status === "passed").length;
  if (asked.length < MIN_JUDGED || passed >= minJudgePass * asked.length) return null;
  const unread = asked.filter(({ status }) => status === "not_judged");
  const lowest = Math.max(1, minPoints(rubric));
  const marks = Array.from({ length: maxPoints(rubric) - lowest + 1 }, (_, i) => {
    const mark = lowest + i;
    return {
      mark,
      texts: asked.filter(({ votePoints }) => countVotes(votePoints, mark) === "passed").length,
    };
  });
  const half = marks.filter(({ texts }) => 2 * texts >= asked.length).at(-1);
  return {
    ruled: judgements.length,
    judged: asked.length,
    passed,
    unreadable: Object.fromEntries(countBy(unread, ({ reason }) => reason)),
    mark: pointsToPass(rubric, judgePassScore),
    marks,
    halfMark: isMarked(rubric) && half ? half.mark : null,
  };
}

/**
 * The error of a shortfall: the numbers, what each mark would let through, and the settings to choose from.
 */
export function shortfallError(
  shortfall: JudgeShortfall,
  settings: ShortfallSettings,
  model: string,
): LabError {
  const { ruled, judged, passed, unreadable, mark, marks } = shortfall;
  const causes = Object.entries(unreadable).map(([cause, n]) => `${cause} ${n}`);
  const lines = [
    `the rules passed ${ruled} texts, the Judge was asked about ${judged}; ` +
      `at its mark of ${mark} points it passes ${passed} (${percent(passed, judged)})`,
    `verdicts that cannot be read: ${causes.length === 0 ? "none" : causes.join(", ")}`,
    `texts that would pass at each mark: ${marksText(marks)}`,
  ];
  return new LabError({
    what: "The Judge would drop most of what the rules passed; nothing was written",
    where: model,
    expected: `at least ${percent(settings.minJudgePass, 1)} of the judged texts (filter.minJudgePass)`,
    found: lines.join(INDENT),
    todo: [
      ...markToSet(shortfall, settings.rubric),
      "filter.useJudge=false trains on what the rules passed",
      "filter.minJudgePass=0 goes on with what the Judge leaves",
    ].join(INDENT),
  });
}

/** Lines below the first stand under its text. */
const INDENT = "\n            ";

function markToSet(
  { halfMark, unreadable, judged }: JudgeShortfall,
  rubric: ShortfallSettings["rubric"],
): string[] {
  const lost = Object.values(unreadable).reduce((a, b) => a + b, 0);
  if (halfMark === minPoints(rubric))
    return [
      `no mark helps: at ${halfMark} points, the lowest, every readable verdict passes, ` +
        `at ${halfMark + 1} fewer than half`,
    ];
  if (halfMark !== null)
    return [`filter.judgePassScore=${halfMark} is the highest mark that keeps at least half`];
  if (2 * lost > judged)
    return [
      "no mark helps: most verdicts cannot be read; " +
        "serve a Judge that keeps to the JSON schema it is sent (vLLM enforces it)",
    ];
  return isMarked(rubric)
    ? []
    : ["filter.rubric=four-dimensions has a mark that can be set; here all criteria must hold"];
}

/** "4–8 points: 93, 9 points: 40, 10–20 points: 0": marks that let the same number through in one. */
function marksText(marks: JudgeShortfall["marks"]): string {
  const runs: { from: number; to: number; texts: number }[] = [];
  for (const { mark, texts } of marks) {
    const last = runs.at(-1);
    if (last?.texts === texts) last.to = mark;
    else runs.push({ from: mark, to: mark, texts });
  }
  return runs
    .map(({ from, to, texts }) => `${from === to ? from : `${from}–${to}`} points: ${texts}`)
    .join(", ");
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(part === 0 || part === whole ? 0 : 1)} %`;
}
