/**
 * What all figures share: colours, fonts, axes, and the figure that explains why there is nothing to draw.
 */
import { SERIES } from "../view/arms.ts";
import { label } from "../view/labels.ts";

/** A Plotly trace: `type` and its attributes. */
export interface Trace {
  type: string;
  [attribute: string]: unknown;
}

/** Plain Plotly JSON. `show()` draws it; nothing here needs a browser. */
export interface Figure {
  data: Trace[];
  layout: Record<string, unknown>;
}

export const KEPT = "#009E73";
export const DROPPED = "#D3D6DB";
/** Lines that mark a limit, a threshold, zero. */
export const MARK = "#D55E00";
export const INK = "#24292F";
export const FAINT = "#6E7781";
const GRID = "#E7EAEE";

/** Latin first, then the CJK faces of Linux, macOS and Windows: axis labels hold Chinese. */
export const FONT_STACK =
  "Inter, 'Helvetica Neue', Helvetica, Arial, 'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', " +
  "'Microsoft YaHei', sans-serif";

export const MONO_STACK = "Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace";

export const FIGURE_WIDTH = 800;
export const FIGURE_HEIGHT = 450;

const AXIS = {
  gridcolor: GRID,
  linecolor: "#AFB8C1",
  zeroline: false,
  ticks: "outside",
  ticklen: 4,
  tickcolor: "#AFB8C1",
  automargin: true,
  title: { standoff: 10, font: { size: 13 } },
};
const TEMPLATE = {
  layout: {
    font: { family: FONT_STACK, size: 13, color: INK },
    colorway: SERIES,
    paper_bgcolor: "#FFFFFF",
    plot_bgcolor: "#FFFFFF",
    hoverlabel: { align: "left" },
    xaxis: AXIS,
    yaxis: AXIS,
  },
};

export interface FigureParts {
  title: string;
  /** Says n, and whatever a reader must know before the bars mean something. */
  subtitle: string;
  data: Trace[];
  x?: Record<string, unknown>;
  y?: Record<string, unknown>;
  /** Where the legend stands; "top" holds about five entries. Default "top". */
  legend?: "top" | "right" | "none";
  /** Pixels. Default 450. */
  height?: number;
  layout?: Record<string, unknown>;
}

/** A figure in the common dress: title and subtitle at the left, legend above the data, never on it. */
export function makeFigure(parts: FigureParts): Figure {
  const { legend = "top", height = FIGURE_HEIGHT } = parts;
  const place =
    legend === "right"
      ? { traceorder: "normal", x: 1.02, xanchor: "left", y: 1, yanchor: "top" }
      : { orientation: "h", traceorder: "normal", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom" };
  return {
    data: parts.data,
    layout: {
      template: TEMPLATE,
      height,
      title: titleOf(parts.title, parts.subtitle),
      showlegend: legend !== "none",
      ...(legend !== "none" && { legend: place }),
      margin: { l: 64, r: 24, t: legend === "top" ? 76 + 20 * legendLines(parts.data) : 72, b: 56 },
      ...(parts.x && { xaxis: parts.x }),
      ...(parts.y && { yaxis: parts.y }),
      ...parts.layout,
    },
  };
}

/**
 * The axis of optimizer steps: whole numbers, in a run of a few steps, too. It reaches to `planned`, the last
 * step of the run, from the beginning on; 0 where that is not known.
 */
export function stepAxis(data: readonly Trace[], planned = 0): Record<string, unknown> {
  const drawn = data.map(({ x }) => (Array.isArray(x) ? Number(x.at(-1)) : 0));
  const last = Math.max(planned, ...drawn);
  return {
    title: { text: "optimizer step" },
    ...(last <= 10 && { dtick: 1 }),
    ...(planned > 0 && { range: [0, 1.01 * last] }),
  };
}

/**
 * Lines of a legend on a printed page, 600 pixels wide: it grows upwards, and the subtitle must not lie under
 * it. A letter takes about 7 pixels, the key 45; entries that do not fit into one line stand in columns of
 * one width.
 */
function legendLines(data: readonly Trace[]): number {
  const names = new Set(
    data.filter((trace) => trace.showlegend !== false).map((trace) => String(trace.name ?? "")),
  );
  const widths = [...names].map((name) => 45 + 7 * name.length);
  if (widths.reduce((sum, width) => sum + width, 0) <= 600) return 1;
  return Math.ceil(widths.length / Math.max(1, Math.floor(600 / Math.max(...widths))));
}

/**
 * Plotly's own `title.subtitle` is younger than some viewers: a second line in the title works in all of
 * them.
 */
export function titleOf(title: string, subtitle: string): Record<string, unknown> {
  const text =
    `<b>${label(title, 80)}</b><br><span ` +
    `style="font-size:12px;color:${FAINT}">${label(subtitle, 130)}</span>`;
  return {
    text,
    x: 0,
    xref: "paper",
    xanchor: "left",
    y: 1,
    yref: "container",
    yanchor: "top",
    pad: { t: 24 },
    font: { size: 16 },
  };
}

/** The figure of no data: axes hidden, one sentence that says why and what to do. */
export function emptyFigure(title: string, why: string, subtitle = "n = 0"): Figure {
  return makeFigure({
    title,
    subtitle,
    data: [],
    legend: "none",
    x: { visible: false },
    y: { visible: false },
    layout: {
      annotations: [
        note(why, { x: 0.5, y: 0.5, xref: "paper", yref: "paper", font: { size: 15, color: FAINT } }),
      ],
    },
  });
}

/** As `emptyFigure`, for one that stays empty: no taller than what it says. */
export function lineFigure(title: string, why: string): Figure {
  const figure = emptyFigure(title, why);
  return { ...figure, layout: { ...figure.layout, height: 130, margin: { l: 64, r: 24, t: 72, b: 8 } } };
}

/** An annotation without an arrow. `text` is plain text. */
export function note(text: string, at: Record<string, unknown>): Record<string, unknown> {
  return { text: label(text, 200), showarrow: false, font: { size: 12, color: FAINT }, ...at };
}
