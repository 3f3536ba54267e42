/** The Judge's card in one short call, for a notebook: planted faults and wrong answers, no attacks, one layout. */
import { join } from "node:path";
import type { JudgeServer } from "./judge-ask.ts";
import { judgeCard } from "./judge-card.ts";
import type { JudgeCard } from "./judge-card.ts";
import { compareWithRules } from "./judge-preference.ts";
import type { RuleComparison } from "./judge-preference.ts";
import { openJudge } from "./judge-server.ts";
import { plantedFaults, wrongAnswers } from "./judge-sets.ts";
import type { LabelledText } from "./judge-sets.ts";
import type { Judgement } from "./judge-vote.ts";
import { judge } from "./judge.ts";
import type { JudgeOptions } from "./judge.ts";
import type { Lab } from "./lab.ts";

export interface QuickCardOptions extends Pick<JudgeOptions, "signal" | "onProgress"> {
  /** Planted faults to judge, half of them clean; and half as many texts with right and wrong answers. Default 200. */
  count?: number;
  /** The Judge to ask; the config's unless told. */
  judge?: JudgeServer;
}

export interface QuickCard {
  card: JudgeCard;
  /** The Judge without rules before it: what it says of wrong answers. */
  rules: RuleComparison;
  /** The planted texts with their labels and verdicts. */
  judged: { text: LabelledText; judgement: Judgement }[];
}

/**
 * Judges `count` planted texts and count / 2 with right or wrong answers, with the gate off: what the rules would hold back is the
 * Judge's to find here. Verdicts are kept in reports/judge/votes.jsonl, where `npm run judge-card` keeps its own: a second call asks nothing.
 * Throws as `judge`. For attacks and layouts see `measureJudge`.
 */
export async function quickJudgeCard(lab: Lab, { count = 200, judge: given, ...options }: QuickCardOptions = {}): Promise<QuickCard> {
  const { seed } = lab.config;
  const server = given ?? (await openJudge(lab));
  const run = async (rows: readonly LabelledText[]): Promise<Judgement[]> => (await judge(lab, server, rows, { ...options, gate: false, store: join(lab.paths.reports, "judge", "votes.jsonl") })).judgements;
  try {
    const planted = plantedFaults(count, seed);
    const judgements = await run(planted);
    const answers = wrongAnswers(Math.ceil(count / 2), seed);
    const rules = compareWithRules(answers, await run(answers), { seed });
    return {
      card: judgeCard(planted.map(({ fault }, i) => ({ fault, judgement: judgements[i]! })), { seed }),
      rules,
      judged: planted.map((text, i) => ({ text, judgement: judgements[i]! })),
    };
  } finally {
    if (!given) await server.close?.();
  }
}
