/** Answers of models as a reader sees them: one arm beside the other, one click to the rest. */
import type { ArmPair } from "./ablate.ts";
import type { Change } from "./compare.ts";
import { styleOf } from "../view/arms.ts";
import type { EvalDetail } from "../records.ts";
import { sideBySide } from "../view/sample-view.ts";
import type { ShownText } from "../view/sample-view.ts";
import type { View } from "../view/table.ts";

export type ShownAnswer = Pick<EvalDetail, "completion" | "format" | "lenient" | "reason" | "message"> & {
  tokens: number | null;
};

/** An answer under its arm's name, right or wrong as read leniently, with the scorer's reason. */
export function shownAnswer(
  arm: string,
  { completion, format, lenient, reason, message, tokens }: ShownAnswer,
): ShownText {
  return {
    title: styleOf(arm, 0).label,
    text: completion,
    ok: lenient,
    reason,
    message,
    facts: { format: format ? "kept" : "broken", tokens },
  };
}

export interface ChangesOptions {
  /** Of each pair, regressions first. Default 6. */
  max?: number;
}

/**
 * The questions whose verdict changed between the two arms of each pair, folded away: one click opens a pair,
 * with both answers side by side. What is beyond `max` is counted; all of it stands in the details files.
 */
export function changesView(
  pairs: readonly Pick<ArmPair, "a" | "b" | "regressions" | "gains">[],
  questions: readonly { id: string; prompt: string; gold_answer: string }[],
  { max = 6 }: ChangesOptions = {},
): View {
  const byId = new Map(questions.map((question) => [question.id, question]));
  const parts = pairs.map(({ a, b, regressions, gains }) => {
    const head =
      `${styleOf(a, 0).label} → ${styleOf(b, 0).label}: ${regressions.length} ` +
      `${regressions.length === 1 ? "regression" : "regressions"}, ${gains.length} ` +
      `${gains.length === 1 ? "gain" : "gains"}`;
    const chosen = pick(regressions, gains, max);
    const views = chosen.map((change) => {
      const question = byId.get(change.id);
      const asked = question ? `${question.prompt}   (gold: ${question.gold_answer})` : change.id;
      return sideBySide(
        [shownAnswer(a, change.before), shownAnswer(b, change.after)],
        `${change.after.lenient ? "gain" : "regression"}: ${asked}`,
      );
    });
    const left = regressions.length + gains.length - chosen.length;
    const rest = left > 0 ? `${left} more in the details files` : "";
    return {
      html: `<details><summary><b>${head}</b></summary>\n${views.map((view) => view.html).join("\n")}\n${rest === "" ? "" : `<p>${rest}</p>`}</details>`,
      text: [`▸ ${head}`, ...views.map((view) => view.text), rest].filter(Boolean).join("\n"),
    };
  });
  return { html: parts.map((part) => part.html).join("\n"), text: parts.map((part) => part.text).join("\n") };
}

/** Regressions first, but not only: a third of the places is for gains where there are any. */
function pick(regressions: readonly Change[], gains: readonly Change[], max: number): Change[] {
  const lost = regressions.slice(0, Math.max(max - Math.min(gains.length, Math.floor(max / 3)), 0));
  return [...lost, ...gains.slice(0, max - lost.length)];
}
