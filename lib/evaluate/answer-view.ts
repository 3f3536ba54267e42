/** An answer of a model as a reader sees it. */
import { isLeftOpen } from "../records.ts";
import { styleOf } from "../view/arms.ts";
import type { EvalDetail } from "../records.ts";
import type { ShownText } from "../view/sample-view.ts";

export type ShownAnswer = Pick<EvalDetail, "completion" | "format" | "lenient" | "reason" | "message"> & {
  tokens: number | null;
};

/** An answer under its arm's name, right, wrong or left open as read leniently, with the scorer's reason. */
export function shownAnswer(
  arm: string,
  { completion, format, lenient, reason, message, tokens }: ShownAnswer,
): ShownText {
  return {
    title: styleOf(arm, 0).label,
    text: completion,
    ok: lenient ? true : isLeftOpen(reason) ? null : false,
    reason,
    message,
    facts: { format: format ? "kept" : "broken", tokens },
  };
}
