/**
 * Takes the measure of a Judge: planted faults, wrong answers, attacks, and the layouts against each other.
 */
import type { z } from "zod";
import type { JudgeServer } from "./ask.ts";
import { cardLines, figureText, judgeCard } from "./card.ts";
import type { JudgeCard } from "./card.ts";
import { readJsonl } from "../store/jsonl.ts";
import { compareWithRules } from "./preference.ts";
import type { RuleComparison } from "./preference.ts";
import { layoutOf } from "./prompt.ts";
import type { LayoutName, RubricName } from "./prompt.ts";
import { attackTexts, LabelledText, plantedFaults, wrongAnswers } from "./sets.ts";
import { judge } from "./judge.ts";
import { setCard } from "./set-card.ts";
import type { SetCard } from "./set-card.ts";
import type { JudgeOptions, JudgeRun } from "./judge.ts";
import type { Lab } from "../config/lab.ts";

export interface MeasureOptions extends Pick<JudgeOptions, "store" | "signal" | "onProgress"> {
  /** Labelled texts; planted faults of the generated world unless given. */
  labelled?: readonly LabelledText[];
  /** How many planted faults to make; 600 unless told. */
  count?: number;
  rubric?: RubricName;
  layout?: LayoutName;
  /** Other layouts to compare on the same texts. Each costs as much as the first. */
  layouts?: readonly LayoutName[];
  /** Real texts with labels to judge besides: the Teacher's, the arms'. */
  sets?: readonly LabelledSet[];
  seed?: number;
}

/** Texts with labels, and what they are called. */
export interface LabelledSet {
  name: string;
  texts: readonly LabelledText[];
}

export interface JudgeMeasure {
  created: string;
  model: string;
  rubric: RubricName;
  layout: LayoutName;
  prompt: string;
  card: JudgeCard;
  /**
   * Where the rules decide, right or wrong: does the Judge say the same? On the user's own texts, or on made
   * ones with right and wrong answers.
   */
  rules: RuleComparison;
  /** Attacks that passed, with the rules before the Judge and without. */
  attacks: {
    n: number;
    passedWithRules: number;
    shownWithRules: number;
    passedWithoutRules: number;
    byAttack: Record<string, { n: number; passedWithoutRules: number }>;
  };
  layouts: { layout: LayoutName; card: JudgeCard; finR1: { name: string; errorAgainstHumans: number } }[];
  /**
   * The labelled texts, made answers, and the sets that were given: where the Judge is better than chance.
   */
  sets: SetCard[];
}

/**
 * Reads a labelled file of the user's own: JSON lines of id, question, gold, completion, fault (null: clean).
 */
export function readLabelled(path: string): LabelledText[] {
  return readJsonl(
    path,
    LabelledText as z.ZodType<LabelledText>,
    "Each line needs id, question, gold, completion and fault (null for a clean text).",
  );
}

/**
 * Measures a Judge. With the defaults about 600 planted texts, 200 with right or wrong answers and 200
 * attacks are judged; every further layout judges the planted texts again. Verdicts are kept as in `judge`,
 * so an interrupted measure resumes.
 */
export async function measureJudge(
  lab: Lab,
  server: JudgeServer,
  options: MeasureOptions = {},
): Promise<JudgeMeasure> {
  const {
    count = 600,
    seed = lab.config.seed,
    rubric = lab.config.filter.rubric,
    layout = lab.config.filter.layout,
    layouts = [],
    sets = [],
  } = options;
  const rest = { store: options.store, signal: options.signal, onProgress: options.onProgress };
  const run = (rows: readonly LabelledText[], over: JudgeOptions): Promise<JudgeRun> =>
    judge(lab, server, rows, { ...defined(rest), ...over, settings: { rubric, layout, ...over.settings } });
  const cardOf = (rows: readonly LabelledText[], { judgements }: JudgeRun): JudgeCard =>
    judgeCard(
      rows.map((row, i) => ({ fault: row.fault, judgement: judgements[i]! })),
      { seed },
    );

  const labelled = options.labelled ?? plantedFaults(count, seed);
  // The labels are about the reasoning: what the guard would hold back is the Judge's to find here.
  const first = await run(labelled, { gate: false });
  const compared: JudgeMeasure["layouts"] = [];
  for (const other of layouts) {
    const card =
      other === layout
        ? cardOf(labelled, first)
        : cardOf(labelled, await run(labelled, { gate: false, settings: { layout: other } }));
    compared.push({ layout: other, card, finR1: layoutOf(other).finR1 });
  }
  const setOf = async ({ name, texts }: LabelledSet): Promise<JudgedSet> => {
    const { judgements } = await run(texts, { gate: false });
    const labels = texts.map(({ fault }, i) => ({ fault, judgement: judgements[i]! }));
    return { set: setCard(name, labels, { seed }), rules: compareWithRules(texts, judgements, { seed }) };
  };
  const own = await setOf({ name: options.labelled ? "your labelled texts" : PLANTED, texts: labelled });
  const answers = options.labelled ? [] : wrongAnswers(Math.ceil(count / 3), seed);
  const made = options.labelled ? null : await setOf({ name: MADE_ANSWERS, texts: answers });
  const given: JudgedSet[] = [];
  for (const set of sets) given.push(await setOf(set));
  return {
    created: new Date().toISOString(),
    model: server.model,
    rubric,
    layout,
    prompt: first.prompt,
    card: cardOf(labelled, first),
    rules: (made ?? own).rules,
    attacks: await attack(labelled, run),
    layouts: compared,
    sets: [own, ...(made ? [made] : []), ...given].map(({ set }) => set),
  };
}

/** The sets that are made: texts of the generated world. */
export const PLANTED = "planted faults";
export const MADE_ANSWERS = "generated answers, half of them wrong";

interface JudgedSet {
  set: SetCard;
  rules: RuleComparison;
}

type Run = (rows: readonly LabelledText[], over: JudgeOptions) => Promise<JudgeRun>;

/** The attacks on the first five clean texts, with the rules before the Judge and without. */
async function attack(labelled: readonly LabelledText[], run: Run): Promise<JudgeMeasure["attacks"]> {
  const rows = attackTexts(
    labelled
      .filter((row) => row.fault === null)
      .slice(0, 5)
      .map((row) => ({ ...row, clean: row.completion })),
  );
  const guarded = (await run(rows, { gate: true })).judgements;
  const open = (await run(rows, { gate: false })).judgements;
  const byAttack: JudgeMeasure["attacks"]["byAttack"] = {};
  rows.forEach((row, i) => {
    const entry = (byAttack[row.fault!] ??= { n: 0, passedWithoutRules: 0 });
    entry.n++;
    if (open[i]!.status === "passed") entry.passedWithoutRules++;
  });
  const passed = (judgements: typeof open): number => judgements.filter((j) => j.status === "passed").length;
  return {
    n: rows.length,
    passedWithRules: passed(guarded),
    shownWithRules: guarded.filter((j) => j.status !== "held_back").length,
    passedWithoutRules: passed(open),
    byAttack,
  };
}

/** The measure as text, one figure a line by name. */
export function measureLines(m: JudgeMeasure): string[] {
  return [
    `judge ${m.model}`,
    `prompt ${m.prompt}`,
    ...cardLines(m.card),
    `rule_agreement ${figureText(m.rules.agreement)} n=${m.rules.n}`,
    `rule_kappa ${figureText(m.rules.kappa)} n=${m.rules.n}`,
    `wrong_answers_passed ${figureText(m.rules.wrongPassed)}`,
    `attacks ${m.attacks.n}`,
    `attacks_passed_with_rules ${m.attacks.passedWithRules}`,
    `attacks_shown_with_rules ${m.attacks.shownWithRules}`,
    `attacks_passed_without_rules ${m.attacks.passedWithoutRules}`,
    ...Object.entries(m.attacks.byAttack).map(
      ([attack, { n, passedWithoutRules }]) =>
        `passed_without_rules_${named(attack)} ${passedWithoutRules} n=${n}`,
    ),
    ...m.sets.flatMap(setLines),
    ...m.layouts.flatMap(({ layout, card, finR1 }) => [
      `layout_${layout}_error_rate ${figureText(card.errorRate)} n=${card.judged}`,
      `layout_${layout}_kappa ${figureText(card.kappa)} n=${card.judged}`,
      `layout_${layout}_fin_r1_error ${finR1.errorAgainstHumans.toFixed(3)}`,
    ]),
  ];
}

function setLines({ name, n, kappa, auc, goodPassed, badPassed, unreadable }: SetCard): string[] {
  const on = `set_${name.replace(/[^\p{L}\p{N}]+/gu, "_")}`;
  return [
    `${on}_texts ${n}`,
    `${on}_kappa ${figureText(kappa)}`,
    `${on}_auc ${figureText(auc)}`,
    `${on}_good_passed ${figureText(goodPassed)}`,
    `${on}_bad_passed ${figureText(badPassed)}`,
    `${on}_unreadable ${figureText(unreadable)}`,
  ];
}

const named = (name: string): string => name.replace(/\s+/g, "_");

function defined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}
