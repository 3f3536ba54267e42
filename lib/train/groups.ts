/** The completions of a GRPO run, put together by question: what was compared with what. Pure. */
import type { SamplesEvent } from "../run/events.ts";
import type { ShownText } from "../view/sample-view.ts";

export type SampledAnswer = SamplesEvent["samples"][number];

/** The answers of one step to one question. */
export interface AnswerGroup {
  step: number;
  /** The question's id. */
  id: string;
  answers: SampledAnswer[];
}

/** All groups of a run's samples, in the order of steps and, within a step, of its questions. */
export function groupsOf(steps: readonly Pick<SamplesEvent, "step" | "samples">[]): AnswerGroup[] {
  return steps.flatMap(({ step, samples }) => {
    const groups = new Map<number, AnswerGroup>();
    for (const answer of samples) {
      const group = groups.get(answer.group) ?? { step, id: answer.id, answers: [] };
      groups.set(answer.group, group);
      group.answers.push(answer);
    }
    return [...groups.values()];
  });
}

/**
 * A group to read: equal completions once, with how often they were drawn, their reward and their advantage;
 * the best paid first. `ok` is the accuracy; null where it was not judged.
 */
export function groupTexts({ answers }: Pick<AnswerGroup, "answers">): ShownText[] {
  return [...Map.groupBy(answers, (answer) => answer.completion).values()]
    .map((same) => ({ first: same[0]!, times: same.length }))
    .sort((a, b) => b.first.reward - a.first.reward || b.times - a.times)
    .map(({ first, times }) => ({
      title: `drawn ${times} of ${answers.length} times`,
      text: first.completion,
      ok: first.rewards.accuracy === undefined ? null : first.rewards.accuracy === 1,
      facts: { reward: round(first.reward), advantage: round(first.advantage), tokens: first.tokens },
    }));
}

const round = (value: number): number => Math.round(100 * value) / 100;
