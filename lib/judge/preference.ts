/** The rules and the Judge on the same texts: where they disagree, and whom the Judge favours. Pure. */
import { scoreCompletion } from "../answer/index.ts";
import { bootstrapShare, kappaInterval } from "../stats/bootstrap.ts";
import type { BootstrapOptions } from "../stats/bootstrap.ts";
import type { JudgeRow } from "./gate.ts";
import type { Judgement } from "./vote.ts";
import type { Estimate } from "../records.ts";

/** A text the rules call right and the Judge failed, or the other way round. */
export interface Disagreement {
  id: string;
  rule: "right" | "wrong";
  judge: "passed" | "failed";
  /** What the rules and the Judge said. */
  ruleMessage: string;
  judgeMessage: string;
}

export interface RuleComparison {
  /** Texts on which both decided. */
  n: number;
  agreement: Estimate | null;
  kappa: Estimate | null;
  /** Of the wrong answers, the share the Judge passed: what it would let through on its own. */
  wrongPassed: Estimate | null;
  disagreements: Disagreement[];
}

/**
 * Compares the strict rule verdict of each text with the Judge's, asked with the gate off. Texts on which
 * either did not decide are left out. For a check of self-preference compare the `wrongPassed` of texts the
 * Judge's own model wrote with that of another's: by the rules both are equally wrong. Throws RangeError when
 * rows and judgements differ in length.
 */
export function compareWithRules(
  rows: readonly JudgeRow[],
  judgements: readonly Judgement[],
  options: BootstrapOptions = {},
): RuleComparison {
  if (rows.length !== judgements.length)
    throw new RangeError(
      `compareWithRules requires a judgement for every row, got ${judgements.length} for ${rows.length}`,
    );
  const both = rows.flatMap((row, i): Disagreement[] => {
    const { verdict, message } = scoreCompletion(row).strict;
    const { status, message: judgeMessage } = judgements[i]!;
    return (verdict === "right" || verdict === "wrong") && (status === "passed" || status === "failed")
      ? [{ id: row.id, rule: verdict, judge: status, ruleMessage: message, judgeMessage }]
      : [];
  });
  const agree = (d: Disagreement): boolean => (d.rule === "right") === (d.judge === "passed");
  const share = (some: readonly Disagreement[], holds: (d: Disagreement) => boolean): Estimate | null =>
    bootstrapShare(some.map(holds), options);
  return {
    n: both.length,
    agreement: share(both, agree),
    kappa: kappaInterval(
      both.map((d) => [d.rule === "right", d.judge === "passed"] as const),
      options,
    ),
    wrongPassed: share(
      both.filter((d) => d.rule === "wrong"),
      (d) => d.judge === "passed",
    ),
    disagreements: both.filter((d) => !agree(d)),
  };
}
