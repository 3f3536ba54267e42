/** Stage 5: where the seconds of a GRPO step go. */
import type { Curve } from "./curves.ts";
import { mean } from "../stats/stats.ts";
import { formatNumber } from "../view/numbers.ts";
import { emptyFigure, type Figure, makeFigure } from "./theme.ts";
import { SERIES, stylesOf } from "../view/arms.ts";

/** The phases that a step event times (scripts/sidecar/phases.py), in their order within a step. */
const PHASES: readonly { key: string; name: string }[] = [
  { key: "sync", name: "policy to the generator" },
  { key: "generate", name: "generate answers" },
  { key: "reward", name: "reward" },
  { key: "score", name: "score under the reference" },
  { key: "update", name: "update the policy" },
];

/**
 * Mean seconds of each phase of a step, stacked, a bar a run. The first step, which starts the machine up, is
 * left out.
 */
export function stepSeconds(runs: readonly Curve[]): Figure {
  const title = "Where the seconds of a step go";
  const timed = runs.filter(({ metrics }) => (metrics["seconds/generate"]?.length ?? 0) > 1);
  if (timed.length === 0) return emptyFigure(title, "No step has been timed yet.");
  const seconds = (run: Curve, key: string): number => {
    const known = (run.metrics[`seconds/${key}`] ?? []).slice(1).filter((value) => value !== null);
    return known.length === 0 ? 0 : mean(known);
  };
  const labels = stylesOf(timed.map(({ name }) => name)).map((style, i) => timed[i]!.label ?? style.label);
  const whole = timed.map((run) => PHASES.reduce((sum, { key }) => sum + seconds(run, key), 0));
  const data = PHASES.map(({ key, name }, i) => {
    const values = timed.map((run) => seconds(run, key));
    return {
      type: "bar",
      orientation: "h",
      name,
      y: labels,
      x: values,
      marker: { color: SERIES[i] },
      // A narrow part has no room for its number.
      text: values.map((value, k) => (value / whole[k]! < 0.06 ? "" : `${formatNumber(value)} s`)),
      textposition: "inside",
      insidetextanchor: "middle",
      hovertemplate: values.map(
        (value, k) =>
          `${formatNumber(value)} s, ${Math.round((100 * value) / whole[k]!)} % of a ` +
          `step<extra>${name}</extra>`,
      ),
    };
  });
  const sizes = timed.map(
    (run, i) =>
      `${timed.length > 1 ? `${labels[i]}: ` : ""}${formatNumber(whole[i]!)} s a step, mean of ` +
      `${run.metrics["seconds/generate"]!.length - 1} steps`,
  );
  return makeFigure({
    title,
    subtitle: sizes.join(" · "),
    data,
    x: { title: { text: "seconds" }, rangemode: "tozero" },
    y: { title: { text: "" }, autorange: "reversed" },
    layout: { barmode: "stack" },
    height: 220 + 40 * timed.length,
  });
}
