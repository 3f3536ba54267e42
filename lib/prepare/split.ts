/** Training and test questions, parted before anything is filtered. */
import { canonicalKey } from "../question/canonical.ts";
import { LabError } from "../errors.ts";
import { createRandom } from "../stats/random.ts";
import type { Question } from "../records.ts";

export interface SplitOptions {
  /** Share of each type that goes to the test, 0 < share < 1. */
  testShare: number;
  seed: number;
}

/**
 * Splits by question, stratified by type, near-copies on one side.
 *
 * Each group of near-copies is drawn once: its rank is random(seed, its canonical text), so the side of a
 * question depends on the seed, the share and its type's other questions, not on ids or the order of the
 * input. Per type the test gets round(share × n) questions, rounding so that the whole test has round(share ×
 * N), and at least one where there are two questions or more; a group larger than what is left of its type's
 * share goes to the training side. Both parts keep the input's order. No questions give two empty parts.
 * Throws LabError when the share is not between 0 and 1.
 */
export function splitQuestions<T extends Pick<Question, "question" | "type">>(
  questions: readonly T[],
  { testShare, seed }: SplitOptions,
): { train: T[]; test: T[] } {
  if (!(testShare > 0 && testShare < 1))
    throw new LabError({ what: "splitQuestions requires 0 < testShare < 1", found: String(testShare) });
  const groups = new Map<string, T[]>();
  for (const question of questions) {
    const key = canonicalKey(question.question);
    const group = groups.get(key);
    if (group) group.push(question);
    else groups.set(key, [question]);
  }
  const ranked = [...groups].map(([key, rows]) => ({
    key,
    rows,
    rank: createRandom(`${seed}/split/${key}`).next(),
  }));
  ranked.sort((a, b) => a.rank - b.rank || (a.key < b.key ? -1 : 1));

  const left = testQuotas(questions, testShare);
  const test = new Set<T>();
  for (const { rows } of ranked) {
    const type = rows[0]!.type;
    const room = left.get(type)!;
    if (rows.length > room) continue;
    left.set(type, room - rows.length);
    for (const row of rows) test.add(row);
  }
  if (test.size === 0 && ranked.length > 1) for (const row of ranked[0]!.rows) test.add(row);
  return { train: questions.filter((q) => !test.has(q)), test: questions.filter((q) => test.has(q)) };
}

/** round(share × n) for each type by largest remainder, summing to round(share × N). */
function testQuotas(questions: readonly Pick<Question, "type">[], share: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { type } of questions) counts.set(type, (counts.get(type) ?? 0) + 1);
  return largestRemainder(
    new Map([...counts].map(([type, n]) => [type, n * share])),
    Math.round(questions.length * share),
  );
}

/**
 * Whole numbers that sum to `total`, each the floor or the ceiling of its wanted value (ties: by name).
 * `wanted` sums to about `total`.
 */
export function largestRemainder<K extends string>(
  wanted: ReadonlyMap<K, number>,
  total: number,
): Map<K, number> {
  const quotas = new Map([...wanted].map(([key, value]) => [key, Math.floor(value + 1e-9)]));
  let missing = total - [...quotas.values()].reduce((a, b) => a + b, 0);
  const byRemainder = [...wanted].sort(
    (a, b) => b[1] - Math.floor(b[1] + 1e-9) - (a[1] - Math.floor(a[1] + 1e-9)) || (a[0] < b[0] ? -1 : 1),
  );
  for (const [key] of byRemainder) {
    if (missing-- <= 0) break;
    quotas.set(key, quotas.get(key)! + 1);
  }
  return quotas;
}
