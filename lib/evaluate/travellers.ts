/** The few questions that travel through all eight notebooks. */
import type { Config } from "../config/config.ts";
import { goldProblem } from "../answer/index.ts";
import { PROFILES } from "../config/profiles.ts";
import { QUESTION_TYPES } from "../records.ts";
import type { Question } from "../records.ts";
import { splitQuestions } from "../prepare/split.ts";
import { glosses } from "../world/gloss.ts";

const isChinese = (q: Question): boolean => /\p{Script=Han}/u.test(q.question);

/** A question that travels; a pinned one says why it was chosen, a Chinese one of ours has its English. */
export interface Traveller extends Question {
  why?: string;
  gloss?: string;
}

/**
 * Chosen by what happens to them in the default run of the tiny models, with `scripts/travellers.ts`; whoever
 * changes what that run trains on, or how, chooses again. `kind` and `gold` tell a question of another draw
 * that bears the same id.
 */
export const PINNED: readonly { id: string; kind: string; gold: string; why: string; gloss?: string }[] = [
  {
    id: "basics_42_204",
    kind: "growth_rate",
    gold: "5%",
    why: "one that SFT repairs",
    gloss: "Huaxing Electronics' revenue rose from 900 to 945 yuan. By what percentage did it grow?",
  },
  {
    id: "basics_42_271",
    kind: "return_on_equity",
    gold: "10%",
    why: "one that GRPO repairs: SFT has it right in a few of eight answers",
  },
  {
    id: "basics_42_769",
    kind: "total_assets",
    gold: "B",
    why: "one that gets worse: the Base has it right",
  },
  {
    id: "basics_42_849",
    kind: "compound_interest",
    gold: "7488元",
    why: "one that stays wrong, though rules can check it",
    gloss:
      "Tiancheng Foods invests 5200 yuan at a yearly rate of 20%, compounded. What are principal and " +
      "interest worth after two years?",
  },
];

/**
 * Whom to look for where the pinned ones are not, in this order: a growth rate in English, a margin in
 * Chinese, a yes or no, and one that a person wrote: the reader, or else we.
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
 * each has a Teacher's text and a reward. First the pinned ones; in other data than the default run's their
 * places go to the kinds of `WANTED`. One is of the reader's own files when there is one such. A place whose
 * kind is not there (other sources) goes to the first question of a type that has none yet, then to the first
 * that is left. Deterministic in `rows`,
 * `config.seed` and `config.prepare.testShare`; fewer questions give fewer travellers, none give none.
 *
 * @param config the lab's; the tiny profile's unless told.
 * @example travellers(readJsonl(lab.paths.raw, Question), lab.config)
 */
export function travellers(
  rows: readonly Question[],
  config: Pick<Config, "prepare" | "seed"> = PROFILES.tiny,
): Traveller[] {
  const candidates = splitQuestions(rows, {
    testShare: config.prepare.testShare,
    seed: config.seed,
  }).train.filter((row) => goldProblem(row) === null);
  const own = candidates.find((row) => row.own !== undefined);
  const places = own ? WANTED.length - 1 : WANTED.length;
  const pinned = PINNED.flatMap(({ id, kind, gold, why, gloss }) => {
    const found = candidates.find((row) => row.id === id && row.kind === kind && row.gold_answer === gold);
    return found ? [{ ...found, why, ...(gloss && { gloss }) }] : [];
  });
  const taken: Traveller[] = pinned.slice(0, places);
  const take = (fits: (row: Question) => boolean): boolean => {
    const found = candidates.find((row) => !taken.some(({ id }) => id === row.id) && fits(row));
    if (found) taken.push(found);
    return found !== undefined;
  };
  for (const wanted of WANTED.slice(0, places))
    if (taken.length < places) take((row) => row !== own && wanted(row));
  if (own) taken.push({ ...own, why: "the first of yours that a rule can check" });
  for (const type of QUESTION_TYPES)
    if (taken.length < WANTED.length && !taken.some((row) => row.type === type))
      take((row) => row.type === type);
  while (taken.length < WANTED.length && take(() => true));
  return taken.every((one) => one.gloss !== undefined || !isChinese(one)) ? taken : withGloss(taken, config);
}

/** In English, those of our own Chinese questions that took a place. */
function withGloss(taken: readonly Traveller[], config: Pick<Config, "prepare" | "seed">): Traveller[] {
  const english = glosses(config);
  return taken.map((one) => {
    const gloss = one.gloss ?? english(one);
    return gloss === undefined ? one : { ...one, gloss };
  });
}
