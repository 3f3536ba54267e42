/** The Judge on the arms' answers, whose verdict the rules know: would it have said the same? */
import { join } from "node:path";
import type { Lab } from "../config/lab.ts";
import type { EvalDetail, RlRow } from "../records.ts";
import { styleOf } from "../view/arms.ts";
import type { JudgeServer } from "./ask.ts";
import { compareWithRules } from "./preference.ts";
import type { RuleComparison } from "./preference.ts";
import { armTexts } from "./real-texts.ts";
import { openJudge } from "./server.ts";
import { setCard } from "./set-card.ts";
import type { SetCard } from "./set-card.ts";
import { judge } from "./judge.ts";
import type { JudgeOptions } from "./judge.ts";

/** One arm's answers as the rules and the Judge see them. */
export interface ArmJudged extends RuleComparison {
  /** As tables name it. */
  arm: string;
  /** The same answers as a set with labels. */
  set: SetCard;
}

/**
 * Shows the Judge every answer of `armTexts`, right or wrong: with the rules' gate off, since it is the gate
 * that is measured.
 *
 * Verdicts are kept with those of the evaluation, so only what the gate had held back is asked. `arms` holds
 * each arm's details, `questions` those of test.jsonl; the result has the arms' order. Throws as `judge`.
 */
export async function judgeOnArms<A extends string>(
  lab: Lab,
  arms: Readonly<Record<A, readonly EvalDetail[]>>,
  questions: readonly RlRow[],
  { judge: given, ...options }: Pick<JudgeOptions, "signal" | "onProgress"> & { judge?: JudgeServer } = {},
): Promise<Record<A, ArmJudged>> {
  const names = Object.keys(arms) as A[];
  const texts = names.map((arm) => armTexts(arm, arms[arm], questions));
  const server = given ?? (await openJudge(lab));
  try {
    const store = join(lab.paths.runs, "judge", "votes.jsonl");
    const { judgements } = await judge(lab, server, texts.flat(), { ...options, gate: false, store });
    const byId = new Map(judgements.map((judgement) => [judgement.id, judgement]));
    const { seed } = lab.config;
    const compared = names.map((arm, i): [A, ArmJudged] => {
      const labelled = texts[i]!.map((text) => ({ fault: text.fault, judgement: byId.get(text.id)! }));
      const set = setCard(answersOf(arm), labelled, { seed });
      return [
        arm,
        {
          arm: styleOf(arm, 0).label,
          ...compareWithRules(
            texts[i]!,
            labelled.map((row) => row.judgement),
            { seed },
          ),
          set,
        },
      ];
    });
    return Object.fromEntries(compared) as Record<A, ArmJudged>;
  } finally {
    if (!given) await server.close?.();
  }
}

/** What the set of an arm's answers is called. */
export function answersOf(arm: string): string {
  return `the answers of ${styleOf(arm, 0).label}`;
}
