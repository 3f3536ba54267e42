/** What all figures share: colours, fonts, axes, and the figure that explains why there is nothing to draw. */
import type { ArmName } from "../records.ts";
import { visibleText } from "../show/text-view.ts";

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

/** One colour and one marker an arm, in all notebooks. Okabe–Ito hues, far apart for every kind of colour blindness (see the test). */
export const ARM_STYLES: Record<ArmName, { label: string; colour: string; symbol: string }> = {
  base: { label: "Base", colour: "#595959", symbol: "circle" },
  sft: { label: "SFT", colour: "#0072B2", symbol: "square" },
  sft_grpo: { label: "SFT + GRPO", colour: "#D55E00", symbol: "diamond" },
  grpo_only: { label: "GRPO only", colour: "#CC79A7", symbol: "triangle-up" },
};

/** For series that are not arms. Okabe–Ito (https://jfly.uni-koeln.de/color/), yellow darkened to be read on white. */
export const SERIES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A7B00", "#595959"] as const;

export const KEPT = "#009E73";
export const DROPPED = "#D3D6DB";
/** Lines that mark a limit, a threshold, zero. */
export const MARK = "#D55E00";
export const INK = "#24292F";
export const FAINT = "#6E7781";
const GRID = "#E7EAEE";

/** Latin first, then the CJK faces of Linux, macOS and Windows: axis labels hold Chinese. */
export const FONT_STACK =
  "Inter, 'Helvetica Neue', Helvetica, Arial, 'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

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
      ? { x: 1.02, xanchor: "left", y: 1, yanchor: "top" }
      : { orientation: "h", traceorder: "normal", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom" };
  return {
    data: parts.data,
    layout: {
      template: TEMPLATE,
      height,
      title: titleOf(parts.title, parts.subtitle),
      showlegend: legend !== "none",
      ...(legend !== "none" && { legend: place }),
      margin: { l: 64, r: 24, t: legend === "top" ? 96 : 72, b: 56 },
      ...(parts.x && { xaxis: parts.x }),
      ...(parts.y && { yaxis: parts.y }),
      ...parts.layout,
    },
  };
}

/** Plotly's own `title.subtitle` is younger than some viewers: a second line in the title works in all of them. */
export function titleOf(title: string, subtitle: string): Record<string, unknown> {
  const text = `<b>${label(title, 80)}</b><br><span style="font-size:12px;color:${FAINT}">${label(subtitle, 130)}</span>`;
  return { text, x: 0, xref: "paper", xanchor: "left", y: 1, yref: "container", yanchor: "top", pad: { t: 24 }, font: { size: 16 } };
}

/** The figure of no data: axes hidden, one sentence that says why and what to do. */
export function emptyFigure(title: string, why: string): Figure {
  return makeFigure({
    title,
    subtitle: "n = 0",
    data: [],
    legend: "none",
    x: { visible: false },
    y: { visible: false },
    layout: { annotations: [note(why, { x: 0.5, y: 0.5, xref: "paper", yref: "paper", font: { size: 15, color: FAINT } })] },
  });
}

/** An annotation without an arrow. `text` is plain text. */
export function note(text: string, at: Record<string, unknown>): Record<string, unknown> {
  return { text: label(text, 200), showarrow: false, font: { size: 12, color: FAINT }, ...at };
}

/** Plain text as Plotly may show it: its pseudo-HTML neutralised, control characters made visible, cut to `max` characters. */
export function label(text: string, max = 40): string {
  const shown = visibleText(text).replace(/\s+/g, " ").trim();
  const characters = [...shown];
  const cut = characters.length > max ? characters.slice(0, max - 1).join("") + "…" : shown;
  return cut.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** "financial_calculation" → "calculation", "too_long" → "too long". */
export function pretty(name: string, max = 40): string {
  return label(name.replace(/^financial_/, "").replace(/_/g, " "), max);
}

/** Labels for an axis, one a name: names that would read alike after the cut get a number. Plotly draws equal categories as one bar. */
export function axisLabels(names: readonly string[], max = 40): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const text = pretty(name, max);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    return times === 1 ? text : `${text} (${times})`;
  });
}

export function isArm(name: string): name is ArmName {
  return Object.hasOwn(ARM_STYLES, name);
}

/** Colour, label and marker of an arm; another name gets a colour of the series by its position. */
export function styleOf(name: string, index: number): { label: string; colour: string; symbol: string } {
  if (isArm(name)) return ARM_STYLES[name];
  return { label: label(name), colour: SERIES[index % SERIES.length]!, symbol: "circle" };
}

/** One style each for runs drawn over each other: the first of an arm has the arm's, a second one of the same arm the next free colour. */
export function stylesOf(names: readonly string[]): { label: string; colour: string; symbol: string }[] {
  const taken = new Set(names.filter(isArm).map((name) => ARM_STYLES[name].colour));
  const seen = new Set<string>();
  return names.map((name) => {
    if (isArm(name) && !seen.has(name)) {
      seen.add(name);
      return ARM_STYLES[name];
    }
    const colour = SERIES.find((candidate) => !taken.has(candidate)) ?? SERIES[0];
    taken.add(colour);
    return { ...styleOf(name, 0), colour };
  });
}
