/** The few questions that travel through all eight notebooks. */
import type { Config } from "../config/config.ts";
import { goldProblem } from "../answer/index.ts";
import { PROFILES } from "../config/profiles.ts";
import { QUESTION_TYPES } from "../records.ts";
import type { Question } from "../records.ts";
import { splitQuestions } from "../prepare/split.ts";

const isChinese = (q: Question): boolean => /\p{Script=Han}/u.test(q.question);

/**
 * Whom to look for, in this order: a growth rate in English, a margin in Chinese, a yes or no, and one that a
 * person wrote: the reader, or else we.
 */
const WANTED: readonly ((q: Question) => boolean)[] = [
  (q) => q.kind === "growth_rate" && !isChinese(q),
  (q) => q.kind === "gross_margin" && isChinese(q),
  (q) => q.kind === "interest_cover",
  (q) => q.source === "handwritten" && q.type === "financial_analysis",
];

/**
 * The travelling examples: at most four questions of `raw.jsonl` that are trained on in every later stage.
 *
 * Taken from the training side of the split that the filter makes, and only such as rules can check, so that
 * each has a Teacher's text and a reward. One of them is of the reader's own files when there is one such. A
 * place whose kind is not there (other sources) goes to the first
 * question of a type that has none yet, then to the first that is left. Deterministic in `rows`,
 * `config.seed` and `config.prepare.testShare`; fewer questions give fewer travellers, none give none.
 *
 * @param config the lab's; the tiny profile's unless told.
 * @example travellers(readJsonl(lab.paths.raw, Question), lab.config)
 */
export function travellers(
  rows: readonly Question[],
  config: Pick<Config, "prepare" | "seed"> = PROFILES.tiny,
): Question[] {
  const candidates = splitQuestions(rows, {
    testShare: config.prepare.testShare,
    seed: config.seed,
  }).train.filter((row) => goldProblem(row) === null);
  const taken: Question[] = [];
  const take = (fits: (row: Question) => boolean): boolean => {
    const found = candidates.find((row) => !taken.includes(row) && fits(row));
    if (found) taken.push(found);
    return found !== undefined;
  };
  const own = candidates.find((row) => row.own !== undefined);
  for (const wanted of WANTED.slice(0, -1)) take((row) => row !== own && wanted(row));
  take((row) => (own ? row === own : WANTED.at(-1)!(row)));
  for (const type of QUESTION_TYPES)
    if (taken.length < WANTED.length && !taken.some((row) => row.type === type))
      take((row) => row.type === type);
  while (taken.length < WANTED.length && take(() => true));
  return taken;
}
