/** The Judge on answers whose verdict the rules know: would it have said the same? */
import { join } from "node:path";
import { judge } from "./judge.ts";
import type { JudgeServer } from "./judge-ask.ts";
import { compareWithRules } from "./judge-preference.ts";
import type { RuleComparison } from "./judge-preference.ts";
import { openJudge } from "./judge-server.ts";
import type { Lab } from "../config/lab.ts";
import type { EvalDetail, RlRow } from "../records.ts";

/**
 * Shows the Judge every greedy answer that keeps the format, right or wrong: with the rules' gate off, since it is the gate that is measured.
 *
 * Answers without the format are left out: a Judge has never seen such texts. Verdicts are kept with those of the evaluation, so only what the gate had held
 * back is asked. One comparison an arm, with the arm's own order. Throws as `judge`.
 */
export async function judgeAgainstRules<A extends string>(lab: Lab, arms: Readonly<Record<A, readonly EvalDetail[]>>, questions: readonly RlRow[], { judge: given }: { judge?: JudgeServer } = {}): Promise<Record<A, RuleComparison>> {
  const byId = new Map(questions.map((row) => [row.id, row]));
  const names = Object.keys(arms) as A[];
  const rows = names.flatMap((arm) =>
    arms[arm].flatMap((detail) => {
      const row = byId.get(detail.id);
      return row && detail.mode === "greedy" && detail.format ? [{ arm, id: `${arm}/${row.id}`, question: row.prompt, gold: row.gold_answer, completion: detail.completion }] : [];
    }),
  );
  const server = given ?? (await openJudge(lab));
  try {
    const { judgements } = await judge(lab, server, rows, { gate: false, store: join(lab.paths.runs, "judge", "votes.jsonl") });
    const of = (arm: A) => rows.flatMap((row, i) => (row.arm === arm ? [i] : []));
    return Object.fromEntries(names.map((arm) => [arm, compareWithRules(of(arm).map((i) => rows[i]!), of(arm).map((i) => judgements[i]!), { seed: lab.config.seed })])) as Record<A, RuleComparison>;
  } finally {
    if (!given) await server.close?.();
  }
}
