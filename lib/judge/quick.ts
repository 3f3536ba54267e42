/**
 * The Judge's card in one short call, for a notebook: planted faults, wrong answers, a glance at the layouts.
 */
import { join } from "node:path";
import type { JudgeServer } from "./ask.ts";
import { judgeCard } from "./card.ts";
import type { JudgeCard } from "./card.ts";
import { LAYOUT_NAMES, layoutOf } from "./prompt.ts";
import type { LayoutName } from "./prompt.ts";
import { compareWithRules } from "./preference.ts";
import type { RuleComparison } from "./preference.ts";
import { openJudge } from "./server.ts";
import { MADE_ANSWERS, PLANTED } from "./measure.ts";
import type { LabelledSet } from "./measure.ts";
import { teacherSet } from "./real-texts.ts";
import { SET_COLUMNS, setCard } from "./set-card.ts";
import type { SetCard } from "./set-card.ts";
import { plantedFaults, wrongAnswers } from "./sets.ts";
import type { LabelledText } from "./sets.ts";
import type { Judgement } from "./vote.ts";
import { judge } from "./judge.ts";
import type { JudgeOptions } from "./judge.ts";
import type { Lab } from "../config/lab.ts";
import type { Distilled, Estimate } from "../records.ts";
import { table } from "../view/table.ts";
import type { View } from "../view/table.ts";

export interface QuickCardOptions extends Pick<JudgeOptions, "signal" | "onProgress"> {
  /**
   * Planted faults to judge, half of them clean; and half as many texts with right and wrong answers. Default
   * 200.
   */
  count?: number;
  /**
   * How many of the planted texts to judge again in every other layout; 0 unless told: each costs its
   * verdicts.
   */
  layouts?: number;
  /** This run's own Teacher texts, to judge some of them as the checker labels them. */
  texts?: readonly Distilled[];
  /** Other real texts with labels to judge besides. */
  sets?: readonly LabelledSet[];
  /** The Judge to ask; the config's unless told. */
  judge?: JudgeServer;
}

/**
 * A layout on the same texts as the others, beside what its counterpart measured in Fin-R1 against human
 * labels.
 */
export interface LayoutCard {
  layout: LayoutName;
  n: number;
  errorRate: Estimate | null;
  kappa: Estimate | null;
  finR1Error: number;
}

/** A set of labelled texts and what the Judge said of each. */
export interface JudgedSet {
  name: string;
  rows: { text: LabelledText; judgement: Judgement }[];
}

export interface QuickCard {
  card: JudgeCard;
  /** The Judge without rules before it: what it says of wrong answers. */
  rules: RuleComparison;
  /** Every set with its texts, their labels and verdicts; the planted faults first. */
  judged: JudgedSet[];
  /** The five layouts, where asked for. */
  layouts: LayoutCard[];
  /** The made texts and the sets that were given: where the Judge is better than chance. */
  sets: SetCard[];
  /** The same as a table. */
  setTable: View;
}

/**
 * Judges `count` planted texts, count / 2 with right or wrong answers, and the sets given, with the gate off:
 * what the rules would hold back is the Judge's to find here. Verdicts are kept in reports/judge/votes.jsonl,
 * where `npm run judge-card` keeps its own: a second call asks nothing. With `filter.useJudge` off nothing is
 * asked, and the card is empty. Throws as `judge`. For attacks, and layouts on all texts, see `measureJudge`.
 */
export async function quickJudgeCard(
  lab: Lab,
  { count = 200, layouts = 0, texts = [], sets = [], judge: given, ...options }: QuickCardOptions = {},
): Promise<QuickCard> {
  const { seed } = lab.config;
  if (!lab.config.filter.useJudge)
    return {
      card: judgeCard([]),
      rules: compareWithRules([], []),
      judged: [],
      layouts: [],
      ...shownSets([]),
    };
  const server = given ?? (await openJudge(lab));
  const run = async (
    rows: readonly LabelledText[],
    layout: LayoutName = lab.config.filter.layout,
  ): Promise<Judgement[]> =>
    (
      await judge(lab, server, rows, {
        ...options,
        gate: false,
        settings: { layout },
        store: join(lab.paths.reports, "judge", "votes.jsonl"),
      })
    ).judgements;
  const labels = (rows: readonly LabelledText[], judgements: readonly Judgement[]) =>
    rows.map(({ fault }, i) => ({ fault, judgement: judgements[i]! }));
  try {
    const planted = plantedFaults(count, seed);
    const judgements = await run(planted);
    const answers = wrongAnswers(Math.ceil(count / 2), seed);
    const ofAnswers = await run(answers);
    const judged = [joined(PLANTED, planted, judgements), joined(MADE_ANSWERS, answers, ofAnswers)];
    const real = texts.length > 0 ? [teacherSet(texts, seed), ...sets] : sets;
    for (const { name, texts } of real) judged.push(joined(name, texts, await run(texts)));
    const cards = judged.map(({ name, rows }) =>
      setCard(
        name,
        rows.map(({ text, judgement }) => ({ fault: text.fault, judgement })),
        { seed },
      ),
    );
    const some = planted.slice(0, layouts);
    const compared: LayoutCard[] = [];
    for (const layout of some.length === 0 ? [] : LAYOUT_NAMES) {
      const { n, errorRate, kappa } = judgeCard(labels(some, await run(some, layout)), { seed });
      compared.push({ layout, n, errorRate, kappa, finR1Error: layoutOf(layout).finR1.errorAgainstHumans });
    }
    return {
      card: judgeCard(labels(planted, judgements), { seed }),
      rules: compareWithRules(answers, ofAnswers, { seed }),
      judged,
      layouts: compared,
      ...shownSets(cards),
    };
  } finally {
    if (!given) await server.close?.();
  }
}

const joined = (name: string, texts: readonly LabelledText[], of: readonly Judgement[]): JudgedSet => ({
  name,
  rows: texts.map((text, i) => ({ text, judgement: of[i]! })),
});

const shownSets = (sets: SetCard[]): Pick<QuickCard, "sets" | "setTable"> => ({
  sets,
  setTable: table(sets, SET_COLUMNS, { caption: "The Judge on labelled texts" }),
});
