/** What a line on real models came to, as a picture: each arm's share right, and the differences. Pure. */
import { basename } from "node:path";
import { differenceVerdict } from "../../lib/evaluate/comparison-text.ts";
import { VERDICT_COLOURS } from "../../lib/figures/deltas.ts";
import { DROPPED, emptyFigure, makeFigure } from "../../lib/figures/theme.ts";
import type { Figure, Trace } from "../../lib/figures/theme.ts";
import type { ArmName } from "../../lib/records.ts";
import { styleOf } from "../../lib/view/arms.ts";
import { label } from "../../lib/view/labels.ts";
import { formatCount, formatPoints } from "../../lib/view/numbers.ts";
import { MEASURES } from "./real-table.ts";
import type { RealResult } from "./real-table.ts";

/** What is drawn: the result as `real.json` keeps it, with the folders or hub ids of its models. */
export type Drawn = Pick<RealResult, "n" | "seeds" | "arms" | "pairs" | "bySeed"> & {
  models: { base: string; teacher: string };
};

/** Pixels of a pair's row, whose name may take two lines, and of what stands above and below all rows. */
const ROW = 40;
const AROUND = 150;
/** So far below its arm's mark, in rows, that a seed's dot is seen. */
const BELOW = 0.24;
/** A difference of a tenth is seen as one, where all are small. */
const LEAST_POINTS = 5;
const WHISKER = { type: "data", symmetric: false, thickness: 1.6, width: 5, color: "#57606A" };

/**
 * Left: share right, greedy and read leniently, of each arm, seeds together, in percent; a small dot for each
 * seed. Right: the paired differences b − a in percentage points, coloured by `differenceVerdict`, greedy and
 * lenient unless the pair says otherwise. Whiskers are 95 % intervals.
 */
export function realFigure({ n, seeds, arms, pairs, bySeed, models }: Drawn): Figure {
  const title = `${basename(models.base)}, taught by ${basename(models.teacher)}`;
  if (arms.length === 0 || n === 0) return emptyFigure(title, "No arm has been evaluated yet.");
  const dots = seeds.length > 1 ? eachSeed(arms, bySeed) : []; // of one seed they are the marks
  const rows = Math.max(arms.length, pairs.length);
  const ends = [-LEAST_POINTS, LEAST_POINTS, ...pairs.flatMap(({ low, high }) => [100 * low, 100 * high])];
  const pad = 0.1 * (Math.max(...ends) - Math.min(...ends));
  const highs = arms.map(({ accuracyLenient }) => 100 * accuracyLenient.high);
  const most = Math.max(1, ...highs, ...dots.map(({ x }) => x));
  const names = arms.map(({ name }, i) => styleOf(name, i).label);
  return makeFigure({
    title,
    subtitle: [
      `n = ${formatCount(n)} test questions`,
      seeds.length > 1 ? `seeds ${seeds.join(", ")} together, small dots: each` : `seed ${seeds.join()}`,
      "whiskers: 95 % intervals",
    ].join(" · "),
    data: [shares(arms), seedDots(dots), ...(pairs.length > 0 ? [differences(pairs)] : [])],
    legend: "none",
    x: {
      domain: [0, pairs.length > 0 ? 0.33 : 1],
      title: { text: "right, greedy, read leniently (%)" },
      range: [-0.06 * most, 1.06 * most], // a mark at 0 does not touch its arm's name
    },
    y: axisOf(names),
    height: AROUND + ROW * rows,
    layout: {
      ...(pairs.length > 0 && {
        xaxis2: {
          domain: [0.65, 1],
          anchor: "y2",
          title: { text: "difference (percentage points)" },
          range: [Math.min(...ends) - pad, Math.max(...ends) + pad],
          zeroline: true,
          zerolinecolor: DROPPED,
          zerolinewidth: 3,
        },
        yaxis2: { ...axisOf(pairs.map(pairName)), anchor: "x2" },
      }),
    },
  });
}

function shares(arms: Drawn["arms"]): Trace {
  const styles = arms.map(({ name }, i) => styleOf(name, i));
  const values = arms.map(({ accuracyLenient }) => accuracyLenient);
  return {
    type: "scatter",
    mode: "markers+text",
    x: values.map(({ value }) => 100 * value),
    y: arms.map((_, i) => i),
    text: values.map(({ value }) => (100 * value).toFixed(1)),
    textposition: "top center",
    textfont: { size: 11 },
    cliponaxis: false,
    marker: {
      color: styles.map(({ colour }) => colour),
      symbol: styles.map(({ symbol }) => symbol),
      size: 11,
    },
    error_x: {
      ...WHISKER,
      array: values.map(({ value, high }) => 100 * (high - value)),
      arrayminus: values.map(({ value, low }) => 100 * (value - low)),
    },
  };
}

interface Dot {
  /** Percent. */
  x: number;
  /** Rows. */
  y: number;
  colour: string;
}

function eachSeed(arms: Drawn["arms"], bySeed: Drawn["bySeed"]): Dot[] {
  return arms.flatMap(({ name }, i) =>
    Object.values(bySeed).flatMap((shareOf) => {
      const share = shareOf[name as ArmName];
      return share === undefined ? [] : [{ x: 100 * share, y: i + BELOW, colour: styleOf(name, i).colour }];
    }),
  );
}

function seedDots(dots: readonly Dot[]): Trace {
  return {
    type: "scatter",
    mode: "markers",
    x: dots.map(({ x }) => x),
    y: dots.map(({ y }) => y),
    marker: { color: dots.map(({ colour }) => colour), size: 6, line: { color: WHISKER.color, width: 0.7 } },
  };
}

function differences(pairs: Drawn["pairs"]): Trace {
  return {
    type: "scatter",
    mode: "markers+text",
    xaxis: "x2",
    yaxis: "y2",
    x: pairs.map(({ delta }) => 100 * delta),
    y: pairs.map((_, i) => i),
    text: pairs.map(({ delta }) => formatPoints(delta)),
    textposition: "top center",
    textfont: { size: 11 },
    cliponaxis: false,
    marker: {
      color: pairs.map((pair) => VERDICT_COLOURS[differenceVerdict(pair)]),
      symbol: "diamond",
      size: 11,
    },
    error_x: {
      ...WHISKER,
      array: pairs.map(({ delta, high }) => 100 * (high - delta)),
      arrayminus: pairs.map(({ delta, low }) => 100 * (delta - low)),
    },
  };
}

/** Rows from the top, over the whole height. */
function axisOf(names: readonly string[]): Record<string, unknown> {
  return {
    range: [names.length - 0.4, -0.6],
    tickvals: names.map((_, i) => i),
    ticktext: names,
    tickfont: { size: 12 },
    showgrid: false,
    title: { text: "" },
  };
}

/** "Base → SFT", and under it the measure where it is not the left panel's. */
function pairName({ a, b, metric }: Drawn["pairs"][number]): string {
  const name = `${styleOf(a, 0).label} → ${styleOf(b, 1).label}`;
  return metric === "accuracyLenient" ? name : `${name}<br>${label(MEASURES[metric] ?? metric)}`;
}
