/** Stages 6 and 8: how the methods of answers move from arm to arm. */
import type { MethodOutcome } from "../evaluate/method.ts";
import type { MethodsRead } from "../evaluate/methods.ts";
import { styleOf } from "../view/arms.ts";
import { formatCount, formatShare } from "../view/numbers.ts";
import { lineFigure, type Figure, KEPT, makeFigure } from "./theme.ts";

/** From the top of each column down. Hues that no arm has; light and dark enough to be told apart in grey. */
const OUTCOMES: Record<MethodOutcome, { label: string; colour: string }> = {
  right_method: { label: "right", colour: KEPT },
  misconception: { label: "misconception", colour: "#7B3294" },
  sum_slip: { label: "wrong sum", colour: "#E69F00" },
  copy_slip: { label: "wrong copy", colour: "#F0E442" },
  no_method: { label: "no method", colour: "#AFB8C1" },
};
const ORDER = Object.keys(OUTCOMES) as MethodOutcome[];
/** Plotly takes no node at the very edge. */
const EDGE = 0.002;
/** Between two bands of a column, in parts of the figure's height: room for the words of a thin one. */
const GAP = 0.045;

/**
 * The same questions from arm to arm: a column an arm, a band for every way an answer can come about, and
 * between two columns the answers that stay in their band or change it (a Sankey diagram).
 *
 * `read` as `readMethods` gives it; its steps must lead from each arm to the next. Counts are those of
 * questions that both arms of a step answered.
 */
export function methodFlow({ arms, steps, mode }: MethodsRead): Figure {
  const title = "What changes: the method or the sum?";
  const chain = arms.slice(1).flatMap(({ name }, i) => {
    const step = steps.find(({ a, b }) => a === arms[i]!.name && b === name);
    return step ? [step] : [];
  });
  if (chain.length === 0 || chain.length < arms.length - 1)
    return lineFigure(title, "Two arms that answered questions of the generated world are needed.");
  const columns = arms.map(({ name, counts }, column) => {
    let top = 0;
    return ORDER.flatMap((outcome) => {
      const share = counts[outcome] / counts.n;
      if (share === 0) return [];
      const height = (1 - GAP * (ORDER.length - 1)) * share;
      const node = { outcome, name, column, count: counts[outcome], n: counts.n, y: top + height / 2 };
      top += height + GAP;
      return [node];
    });
  });
  const nodes = columns.flat();
  const at = (column: number, outcome: MethodOutcome) =>
    nodes.findIndex((node) => node.column === column && node.outcome === outcome);
  const links = chain.flatMap(({ moves }, column) =>
    ORDER.flatMap((from) =>
      ORDER.filter((to) => moves[from][to] > 0).map((to) => ({
        source: at(column, from),
        target: at(column + 1, to),
        value: moves[from][to],
        from,
        to,
      })),
    ),
  );
  const last = arms.length - 1;
  const each = Math.round(arms[0]!.counts.n / chain[0]!.n);
  const times = each > 1 ? ` × ${each} answers` : "";
  return makeFigure({
    title,
    subtitle:
      `n = ${formatCount(chain[0]!.n)} generated questions${times} · ${mode} · width: number ` + `of answers`,
    legend: "none",
    height: 470,
    data: [
      {
        type: "sankey",
        arrangement: "fixed",
        node: {
          label: nodes.map(({ outcome, count, n }) => `${OUTCOMES[outcome].label} ${formatShare(count, n)}`),
          color: nodes.map(({ outcome }) => OUTCOMES[outcome].colour),
          x: nodes.map(({ column }) => EDGE + (column / last) * (1 - 2 * EDGE)),
          y: nodes.map(({ y }) => Math.min(1 - EDGE, Math.max(EDGE, y))),
          pad: 16,
          thickness: 18,
          line: { width: 0 },
          customdata: nodes.map(
            ({ name, count, n }) => `${styleOf(name, 0).label}: ${count} of ${n} answers`,
          ),
          hovertemplate: "%{label}<br>%{customdata}<extra></extra>",
        },
        link: {
          source: links.map(({ source }) => source),
          target: links.map(({ target }) => target),
          value: links.map(({ value }) => value),
          color: links.map(({ from, to }) => faint(OUTCOMES[from].colour, from === to ? 0.22 : 0.5)),
          customdata: links.map(({ from, to }) => `${OUTCOMES[from].label} → ${OUTCOMES[to].label}`),
          hovertemplate: "%{customdata}: %{value} answers<extra></extra>",
        },
        domain: { x: [0, 1], y: [0.02, 0.98] },
      },
    ],
    layout: {
      annotations: arms.map(({ name }, i) => ({
        text: `<b>${styleOf(name, i).label}</b>`,
        x: i / last,
        xanchor: i === 0 ? "left" : i === last ? "right" : "center",
        y: 1,
        yanchor: "bottom",
        xref: "paper",
        yref: "paper",
        showarrow: false,
        font: { size: 13, color: styleOf(name, i).colour },
      })),
      margin: { l: 24, r: 24, t: 92, b: 24 },
    },
  });
}

function faint(colour: string, alpha: number): string {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${r},${g},${b},${alpha})`;
}
