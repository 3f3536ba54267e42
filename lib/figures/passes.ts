/** Stage 5: what the passes over the same questions show, for rewards that are compared. */
import type { SamplesEvent } from "../run/events.ts";
import type { Underway } from "../run/progress.ts";
import { passMeans } from "../train/passes.ts";
import { SERIES } from "../view/arms.ts";
import { label } from "../view/labels.ts";
import { formatCount } from "../view/numbers.ts";
import { notYet, progressOf } from "./curves.ts";
import { errorBars } from "./bars.ts";
import { type Figure, makeFigure } from "./theme.ts";

/** Not the arms': these runs are experiments beside them. */
const COLOURS = [SERIES[2], SERIES[1], SERIES[4], SERIES[6]];

/** As `{ ...run, measure }`: of a whole run the figure says how far it is. */
export interface PassLine extends Partial<Underway> {
  /** Text of the legend. */
  label: string;
  samples: readonly Pick<SamplesEvent, "step" | "samples">[];
  /** What is drawn: a part of the reward by its name, "reward" or "tokens". */
  measure: string;
  /** Another judge of answers that stand in the figure already: dashed, in the colour of that line. */
  again?: boolean;
}

export interface PassOptions {
  title: string;
  /** Axis title with its unit. */
  yTitle: string;
  /** A share from 0 to 1, drawn in %. */
  share?: boolean;
}

/** The mean of a measure pass by pass, one line a run, with 95 % intervals that resample questions. */
export function passCurve(lines: readonly PassLine[], { title, yTitle, share = false }: PassOptions): Figure {
  const drawn = lines
    .map((line) => ({ ...line, means: passMeans(line.samples, line.measure) }))
    .filter(({ means }) => means.length > 0);
  if (drawn.length === 0) return notYet(title, lines, "No pass over the questions yet.");
  const scale = share ? 100 : 1;
  const runs = [...new Set(lines.map(({ samples }) => samples))];
  const data = drawn.map(({ means, samples, again = false, ...line }, i) => {
    const color = COLOURS[runs.indexOf(samples) % COLOURS.length]!;
    const scaled = means.map(({ mean }) => ({
      value: scale * mean.value,
      low: scale * mean.low,
      high: scale * mean.high,
    }));
    return {
      type: "scatter",
      mode: "lines+markers",
      name: label(line.label, 60),
      // Side by side, so that no interval hides another.
      x: means.map(({ pass }) => pass + 0.05 * (i - (drawn.length - 1) / 2)),
      y: scaled.map(({ value }) => value),
      error_y: errorBars(scaled, { color, thickness: 1.2 }),
      line: { color, width: 3, ...(again && { dash: "dash" }) },
      marker: { color, size: 9, symbol: again ? "circle-open" : "circle", line: { color, width: 2 } },
      customdata: means.map(({ pass, answers }) => [pass, answers]),
      hovertemplate:
        `pass %{customdata[0]}: %{y:.1f}${share ? " %" : ""}, n = ` +
        "%{customdata[1]}<extra>%{fullData.name}</extra>",
    };
  });
  const { questions, answers } = drawn[0]!.means[0]!;
  // Lines of one run tell it once.
  const going = [...new Set(lines.flatMap((line) => progressOf(line) ?? []))];
  return makeFigure({
    title,
    subtitle: [
      `n = ${formatCount(questions)} questions, ${formatCount(answers)} answers a pass`,
      ...(going.length > 0 ? going : ["bars: 95 %, questions resampled"]),
    ].join(" · "),
    data,
    x: { title: { text: "pass over the same questions" }, dtick: 1 },
    y: { title: { text: yTitle }, ...(share && { range: [0, 105] }) },
  });
}
