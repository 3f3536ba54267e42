/** What the colours mean. */
import { el } from "../../widget/page/dom.ts";
import { formatNumber } from "../../view/numbers.ts";
import type { InsideData } from "../data.ts";
import { MEASURE_TEXTS, clipsNext, tokensOf } from "../measures.ts";
import type { Measure } from "../measures.ts";

export function legend(measure: Measure, data: InsideData): HTMLElement[] {
  const ends = endsOf(measure, data);
  const bar = (low: string, high: string) =>
    el(
      "span",
      { class: "inside-scale" },
      low,
      el("span", { class: low === "0" ? "inside-bar inside-one" : "inside-bar" }),
      high,
    );
  return [
    ...(ends === null
      ? [
          el(
            "span",
            { class: "inside-scale" },
            el("span", { class: "inside-sample" }, "token"),
            clippedCount(data),
          ),
        ]
      : [bar(...ends)]),
    el("span", {}, MEASURE_TEXTS[measure].means),
  ];
}

/** What stands at the ends of the bar; null where tokens are marked or not. */
function endsOf(measure: Measure, { totals: { full }, clip }: InsideData): [string, string] | null {
  if (measure === "clipped") return null;
  if (measure === "share") return ["0", `${formatNumber(100 * full.share)} %`];
  if (measure === "ratio") return [formatNumber(clip[0]), formatNumber(clip[1])];
  const end = formatNumber(full[measure]);
  return [`−${end}`, `+${end}`];
}

function clippedCount({ questions, clip }: InsideData): string {
  const tokens = questions.flatMap(({ answers }) =>
    answers.flatMap((answer) => tokensOf(answer).flatMap(({ numbers }) => numbers ?? [])),
  );
  return `${tokens.filter((token) => clipsNext(token, clip)).length} of ${tokens.length} tokens`;
}
