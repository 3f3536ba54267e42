/** A sample with the wanted share of each type. */
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import { createRandom } from "../stats/random.ts";
import { QUESTION_TYPES } from "../records.ts";
import type { Question, QuestionType } from "../records.ts";
import { largestRemainder } from "./split.ts";

export type Mix = Record<QuestionType, number>;

export interface SampleReport {
  /** Per type: the share asked for, the rows it means, the rows there were, the rows taken. */
  types: Record<QuestionType, { share: number; wanted: number; available: number; taken: number }>;
  /** Rows that a type lacked and others gave instead. */
  filledFromOthers: number;
  /** Rows that are missing because the sources hold no more. */
  missing: number;
}

/** The config's four shares. */
export function mixOf({ prepare }: Pick<Config, "prepare">): Mix {
  return {
    financial_calculation: prepare.mixCalculation,
    financial_reasoning: prepare.mixReasoning,
    financial_concept: prepare.mixConcept,
    financial_analysis: prepare.mixAnalysis,
  };
}

/**
 * Draws `size` questions, each type in its share, in a drawn order.
 *
 * Wanted per type: share × size by largest remainder. What a type lacks is given by the others in proportion
 * to their shares, as far as they reach; fewer questions than `size` are all taken. A question's rank is
 * random(seed, its id): it does not depend on the order of the input, and adding questions reshuffles nobody.
 * Throws LabError when the shares do not sum to 1.
 */
export function sampleStratified<T extends Pick<Question, "id" | "type">>(
  questions: readonly T[],
  { size, mix, seed }: { size: number; mix: Mix; seed: number },
): { kept: T[]; report: SampleReport } {
  const sum = QUESTION_TYPES.reduce((total, type) => total + mix[type], 0);
  if (Math.abs(sum - 1) > 1e-9)
    throw new LabError({ what: "sampleStratified requires shares that sum to 1", found: String(sum) });
  const ranked = inDrawnOrder(questions, seed);
  const byType = new Map(QUESTION_TYPES.map((type) => [type, ranked.filter((q) => q.type === type)]));
  const wanted = largestRemainder(new Map(QUESTION_TYPES.map((type) => [type, mix[type] * size])), size);
  const taken = fillQuotas(wanted, new Map([...byType].map(([type, rows]) => [type, rows.length])), mix);

  const chosen = new Set<T>();
  for (const [type, rows] of byType) for (const row of rows.slice(0, taken.get(type)!)) chosen.add(row);
  const report: SampleReport = {
    types: Object.fromEntries(
      QUESTION_TYPES.map((type) => [
        type,
        {
          share: mix[type],
          wanted: wanted.get(type)!,
          available: byType.get(type)!.length,
          taken: taken.get(type)!,
        },
      ]),
    ) as SampleReport["types"],
    filledFromOthers: QUESTION_TYPES.reduce(
      (total, type) => total + Math.max(0, taken.get(type)! - wanted.get(type)!),
      0,
    ),
    missing: size - chosen.size,
  };
  return { kept: ranked.filter((q) => chosen.has(q)), report };
}

/**
 * All questions, ranked by random(seed, id): interleaves sources and types, so that the first n are a fair
 * sample.
 */
export function inDrawnOrder<T extends { id: string }>(questions: readonly T[], seed: number): T[] {
  return questions
    .map((question) => ({ question, rank: createRandom(`${seed}/sample/${question.id}`).next() }))
    .sort((a, b) => a.rank - b.rank || (a.question.id < b.question.id ? -1 : 1))
    .map(({ question }) => question);
}

/** Quotas cut to what is there; the gap goes to types that still have some, by share, round by round. */
function fillQuotas(
  wanted: ReadonlyMap<QuestionType, number>,
  available: ReadonlyMap<QuestionType, number>,
  mix: Mix,
): Map<QuestionType, number> {
  const taken = new Map(
    QUESTION_TYPES.map((type) => [type, Math.min(wanted.get(type)!, available.get(type)!)]),
  );
  const total = [...wanted.values()].reduce((a, b) => a + b, 0);
  for (;;) {
    const gap = total - [...taken.values()].reduce((a, b) => a + b, 0);
    const open = QUESTION_TYPES.filter((type) => available.get(type)! > taken.get(type)!);
    if (gap <= 0 || open.length === 0) return taken;
    const weight = open.reduce((sum, type) => sum + mix[type], 0);
    const extra = largestRemainder(
      new Map(open.map((type) => [type, weight > 0 ? (gap * mix[type]) / weight : gap / open.length])),
      gap,
    );
    for (const type of open)
      taken.set(type, Math.min(taken.get(type)! + extra.get(type)!, available.get(type)!));
  }
}
