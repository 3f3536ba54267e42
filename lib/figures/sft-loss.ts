/**
 * Stage 4: the loss of the rows that are trained on, beside that of rows held out, with the epochs marked.
 */
import type { Run } from "../run/run.ts";
import { styleOf } from "../view/arms.ts";
import { linesOf, notYet, pointsOf, progressOf, type Curve } from "./curves.ts";
import { FAINT, type Figure, INK, makeFigure, stepAxis, type Trace } from "./theme.ts";

export type SftRun = Curve & Pick<Run, "config" | "totalSteps">;

/**
 * Training loss of one SFT run, raw and as a moving mean; the held-out loss where it was measured; a dotted
 * line at each end of an epoch but the last. Both losses in nats a token.
 */
export function sftLoss(run: SftRun): Figure {
  const title = "Loss of SFT";
  const points = pointsOf(run, ["loss", "train/loss"]);
  if (points.step.length === 0) return notYet(title, [run], "No step has logged a loss yet.");
  const style = styleOf("sft", 0);
  const trained = linesOf({ ...points, label: "trained rows, moving mean" }, "trained", style);
  for (const [i, trace] of trained.slice(0, -1).entries())
    Object.assign(trace, { name: "trained rows, each step", showlegend: i === 0 });
  const held = pointsOf(run, ["heldOutLoss"]);
  const lowest = Math.min(...held.value.filter((value) => value !== null));
  const data: Trace[] = [
    ...trained,
    ...(held.step.length > 0 ? [heldOutLine(held)] : []),
    ...epochLines(run),
  ];
  return makeFigure({
    title,
    subtitle: [
      progressOf(run) ?? `${points.step.length} steps`,
      held.step.length === 0 ? "nothing held out" : `lowest held-out loss ${lowest.toFixed(4)}`,
    ].join(" · "),
    data,
    x: { ...stepAxis(trained, run.totalSteps), rangemode: "tozero" },
    y: { title: { text: "loss (nats per token)" }, rangemode: "tozero" },
  });
}

const heldOutLine = ({ step, value }: { step: number[]; value: (number | null)[] }): Trace => ({
  ...{ type: "scatter", mode: "lines+markers", name: "held-out rows", x: step, y: value },
  line: { color: INK, width: 2 },
  marker: { color: INK, size: 6 },
  hovertemplate: "step %{x}: %{y:.4g}<extra>held-out rows</extra>",
});

/** One trace, so that its one entry in the legend says what all of them are. */
function epochLines({ config, totalSteps, metrics }: SftRun): Trace[] {
  const { epochs } = config.sft;
  const ends = Array.from(
    { length: Math.max(0, Math.ceil(epochs) - 1) },
    (_, i) => ((i + 1) * totalSteps) / epochs,
  );
  if (ends.length === 0 || totalSteps === 0) return [];
  const top = Math.max(...(metrics.loss ?? []).filter((value) => value !== null));
  return [
    {
      ...{ type: "scatter", mode: "lines", name: "end of an epoch", hoverinfo: "skip" },
      x: ends.flatMap((step) => [step, step, null]),
      y: ends.flatMap(() => [0, top, null]),
      line: { color: FAINT, width: 1.5, dash: "dot" },
    },
  ];
}
