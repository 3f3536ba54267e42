/** Around the reward of a run: the band of reference runs behind, held-out questions and verdict below. */
import { wilson } from "../stats/stats.ts";
import type { WatchedRun } from "../train/watched.ts";
import { SERIES } from "../view/arms.ts";
import { label } from "../view/labels.ts";
import { wrapText } from "../view/text-view.ts";
import { FIGURE_HEIGHT, INK, KEPT, MARK, type Trace } from "./theme.ts";

export interface ProbePanel {
  data: Trace[];
  /** Of the height, for what stands above. */
  above: [number, number];
  /** Pixels of the whole figure. */
  height: number;
  layout: Record<string, unknown>;
  notes: Record<string, unknown>[];
}

const PANEL = [0, 0.2];
const MORE_PIXELS = 190;
const BAND_STEPS = 10;
/** Of the verdict: over the whole width, and beside an answer. */
const COLUMNS = { whole: 104, part: 52 };

/**
 * Right answers to the held-out questions with their intervals, the verdict in words, and a line where a hack
 * was called first. `part`: something stands at the right. Null for a run without probes.
 */
export function probePanel({ probes, verdicts, outside }: WatchedRun, part: boolean): ProbePanel | null {
  if (probes.length === 0) return null;
  const shares = probes.map(({ right, n }) => wilson(right, n));
  const per = (of: (share: NonNullable<(typeof shares)[number]>) => number) =>
    shares.map((share) => (share ? 100 * of(share) : null));
  const now = verdicts.at(-1);
  const called = verdicts.find(({ verdict }) => verdict === "hack")?.step;
  const said = [now?.sentence ?? "The first verdict comes with the second probe."];
  if (outside) said.push(`${outside[0]!.toUpperCase()}${outside.slice(1)}`);
  // A phone needs more lines for the values that differ.
  const above: [number, number] = [outside ? 0.5 : 0.4, 1];
  const alarming = now?.verdict === "hack" || now?.verdict === "collapse";
  const lines = said.flatMap((sentence) => wrapText(sentence, part ? COLUMNS.part : COLUMNS.whole, 5));
  return {
    data: [
      {
        ...{ type: "scatter", mode: "lines+markers", yaxis: "y2", showlegend: false },
        ...{ name: "held-out", x: probes.map(({ step }) => step), y: per(({ value }) => value) },
        ...{ line: { color: SERIES[3], width: 2 }, marker: { color: SERIES[3], size: 7, symbol: "diamond" } },
        error_y: {
          ...{ type: "data", symmetric: false, thickness: 1, width: 0, color: SERIES[3] },
          array: per(({ value, high }) => high - value),
          arrayminus: per(({ value, low }) => value - low),
        },
        hovertemplate: "step %{x}: %{y:.0f} % right<extra>held-out questions</extra>",
      },
    ],
    above,
    height: FIGURE_HEIGHT + MORE_PIXELS,
    layout: {
      yaxis2: {
        title: { text: "held-out<br>right (%)" },
        domain: PANEL,
        range: [0, 100],
        dtick: 50,
        anchor: "x",
      },
      ...(called !== undefined && {
        shapes: [PANEL, above].map(([y0, y1]) => ({
          ...{ type: "line", xref: "x", x0: called, x1: called, yref: "paper", y0, y1 },
          line: { color: MARK, width: 1.5, dash: "dot" },
        })),
      }),
    },
    notes: [
      {
        text: lines.map((line) => label(line, 200)).join("<br>"),
        ...{ showarrow: false, align: "left", font: { size: 12, color: alarming ? MARK : INK } },
        ...{ xref: "paper", x: 0, xanchor: "left", yref: "paper", y: PANEL[1], yanchor: "bottom", yshift: 4 },
      },
    ],
  };
}

/** Two pale bands under one entry of the legend, as far as the run's axis goes. */
export function referenceBand({ reference }: WatchedRun, planned: number): Trace[] {
  if (!reference) return [];
  const bands = [
    { band: reference.reward, colour: INK },
    { band: reference.accuracy, colour: KEPT },
  ];
  return bands.map(({ band, colour }, i) => {
    const steps = planned > 0 ? Math.min(planned, band.low.length) : band.low.length;
    // moving means of single steps: a point in ten is as smooth
    const x = Array.from({ length: steps }, (_, at) => at + 1).filter(
      (step) => step % BAND_STEPS === 1 || step === steps,
    );
    const y = [
      ...x.map((step) => band.high[step - 1]!),
      ...x.toReversed().map((step) => band.low[step - 1]!),
    ];
    return {
      ...{ type: "scatter", mode: "lines", line: { width: 0 }, fill: "toself", hoverinfo: "skip" },
      ...{ x: [...x, ...x.toReversed()], y, fillcolor: colour, opacity: 0.13, showlegend: i === 0 },
      ...{ name: `band of ${reference.seeds.length} reference runs`, legendgroup: "reference" },
    };
  });
}
