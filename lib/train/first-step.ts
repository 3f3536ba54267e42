/** What a step of GRPO finds in the answers of a policy. Pure. */
import { scoreCompletion } from "../answer/index.ts";
import type { RlRow } from "../records.ts";
import type { Run } from "../run/run.ts";
import { mean } from "../stats/stats.ts";
import { groupsOf } from "./groups.ts";

/** Shares are of all answers. */
export interface FirstStep {
  policy: string;
  questions: number;
  answers: number;
  format: number;
  /** Right inside the answer block, where the reward looks. */
  strict: number;
  /** Right wherever in the text the answer stands. */
  lenient: number;
  reward: number;
  /** Questions whose answers were paid differently. */
  telling: number;
}

/** Sums up the one step of `trainOneStep(lab, rows)`. */
export function firstStep(run: Pick<Run, "label" | "samples">, rows: readonly RlRow[]): FirstStep {
  const groups = groupsOf(run.samples);
  const answers = groups.flatMap((group) => group.answers);
  const asked = new Map(rows.map((row) => [row.id, row]));
  const scores = answers.map(({ id, completion }) => {
    const { prompt: question, gold_answer: gold } = asked.get(id)!;
    return scoreCompletion({ question, gold, completion });
  });
  const share = (holds: (score: (typeof scores)[number]) => boolean): number =>
    mean(scores.map((score) => (holds(score) ? 1 : 0)));
  return {
    policy: run.label,
    questions: groups.length,
    answers: answers.length,
    format: share(({ format }) => format),
    strict: share(({ strict }) => strict.verdict === "right"),
    lenient: share(({ lenient }) => lenient.verdict === "right"),
    reward: mean(answers.map(({ reward }) => reward)),
    telling: groups.filter((group) => group.answers.some(({ advantage }) => advantage !== 0)).length,
  };
}
