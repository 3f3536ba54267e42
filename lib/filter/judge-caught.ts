/** What the Judge took out of what the rules had passed. Pure. */
import { textOutcome } from "../distill/outcome.ts";
import type { Distilled } from "../records.ts";
import type { ShownText } from "../view/sample-view.ts";
import type { FilterDetail } from "./record.ts";

export interface JudgeCaught {
  /** Texts with a verdict, readable or not. */
  seen: number;
  dropped: number;
  /** Of the dropped ones: right by the rules. Of the others the rules could not decide. */
  right: number;
  /** At most five dropped texts, right ones first. */
  samples: ShownText[];
}

/**
 * What the Judge dropped, with some texts to read; nothing where it was switched off. `texts` are those of
 * the `details`; `gloss` puts a question's English under it.
 */
export function caughtByJudge(
  details: readonly FilterDetail[],
  texts: readonly Distilled[],
  gloss?: (row: { id: string; question: string }) => string | undefined,
): JudgeCaught {
  const byKey = new Map(texts.map((row) => [row.key, row]));
  const dropped = details.filter((row) => row.layer === "judge" && row.reason !== null);
  const [right, open] = [true, false].map((isRight) =>
    dropped.filter(({ key }) => (textOutcome(byKey.get(key)!) === null) === isRight),
  ) as [FilterDetail[], FilterDetail[]];
  const shown = [...right.slice(0, 3), ...open.slice(0, 2)].map((row) => {
    const text = byKey.get(row.key)!;
    return { ...shownText(row, text), ...(gloss && { gloss: gloss(text) }) };
  });
  return {
    seen: details.filter((row) => row.votePoints !== null).length,
    dropped: dropped.length,
    right: right.length,
    samples: shown,
  };
}

function shownText(
  { reason, message, points, scores }: FilterDetail,
  { question, gold_answer, response }: Distilled,
): ShownText {
  const facts = { gold: gold_answer.slice(0, 80), points, ...scores };
  return { title: question.slice(0, 300), text: response, ok: false, reason: reason!, message, facts };
}
