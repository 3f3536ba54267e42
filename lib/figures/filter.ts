/** Stage 3: the funnel. What each layer kept, and why it dropped the rest. */
import type { Bucket, Fate } from "../filter/funnel.ts";
import { type Choice, updateMenu } from "./menu.ts";
import { countBy } from "../stats/stats.ts";
import { formatCount, formatShare } from "../view/numbers.ts";
import { orderTypes } from "./prepare.ts";
import { DROPPED, emptyFigure, type Figure, FAINT, KEPT, makeFigure, note, titleOf } from "./theme.ts";
import { axisLabels, pretty } from "../view/labels.ts";
import { SERIES } from "../view/arms.ts";

/** A layer of the funnel as `funnelOf` and filter_stats.json give it. */
export type FunnelLayer = Bucket & {
  layer: string;
  skipped?: boolean;
  made?: Record<string, number> | undefined;
};

/**
 * The funnel, top to bottom: one bar a layer as wide as what came in, the kept part solid, the dropped part
 * pale with its most frequent reasons beside it. Of a layer that makes its rows what was put together is a
 * part of its own, in a lighter green.
 */
export function funnel(layers: readonly FunnelLayer[], unit = "texts"): Figure {
  const title = "What each layer of the filter kept";
  const start = layers[0]?.in ?? 0;
  if (start === 0) return emptyFigure(title, `No ${unit} have been filtered yet.`);
  const y = axisLabels(layers.map((layer) => layer.layer));
  const end = layers.at(-1)!.out;
  const bar = (name: string, x: number[], color: string, text: string[], textColour: string) => ({
    type: "bar",
    orientation: "h",
    name,
    y,
    x,
    text,
    textposition: "inside",
    insidetextanchor: "start",
    textangle: 0,
    textfont: { color: textColour, size: 13 },
    marker: { color },
    constraintext: "none",
    hovertemplate: `%{y}: %{x:,} ${name}<extra></extra>`,
  });
  const together = layers.map(putTogether);
  const kept = layers.map((layer, i) => layer.out - together[i]!);
  // Where the text of a layer has room: in what came as it stands, or else in what was put together.
  const isWide = (i: number): boolean => together[i] === 0 || kept[i]! > 0.3 * start;
  const dropped = layers.map((layer) => layer.in - layer.out);
  const reasons = layers.map((layer, i) =>
    note(whyDropped(layer), {
      x: 0,
      y: y[i],
      xref: "x",
      yref: "y",
      xanchor: "left",
      yanchor: "top",
      yshift: -17,
      font: { size: 12, color: FAINT },
    }),
  );
  return makeFigure({
    title,
    subtitle:
      `n = ${formatCount(start)} ${unit} in, ${formatCount(end)} left after ${layers.length} ` +
      `${layers.length === 1 ? "layer" : "layers"} (${formatShare(end, start)})`,
    data: [
      bar(
        "kept",
        kept,
        KEPT,
        layers.map((l, i) => (isWide(i) ? keptText(l) : "")),
        "#FFFFFF",
      ),
      ...(together.some((n) => n > 0)
        ? [
            bar(
              "put together",
              together,
              PUT_TOGETHER,
              layers.map((l, i) => (isWide(i) ? "" : keptText(l))),
              "#24292F",
            ),
          ]
        : []),
      bar(
        "dropped",
        dropped,
        DROPPED,
        dropped.map((n) => (n > 0.06 * start ? `−${formatCount(n)}` : "")),
        "#24292F",
      ),
    ],
    x: { title: { text: unit }, range: [0, start * 1.02] },
    y: { autorange: "reversed", title: { text: "" }, tickfont: { size: 14 } },
    height: Math.max(300, 170 + 78 * layers.length),
    layout: { barmode: "stack", bargap: 0.55, annotations: reasons },
  });
}

/** What was put together, between the green of what is kept and the grey of what is dropped. */
const PUT_TOGETHER = "#8FD3BC";

/** Of what goes out of a layer that makes its rows: all that is not as it came in. */
function putTogether({ made = {} }: FunnelLayer): number {
  return Object.entries(made).reduce((sum, [how, n]) => (how === "as_written" ? sum : sum + n), 0);
}

const keptText = ({ in: came, out }: FunnelLayer): string =>
  `<b>${formatCount(out)}</b> kept (${formatShare(out, came)})`;

function whyDropped(layer: FunnelLayer): string {
  if (layer.skipped) return "skipped by the config";
  return [madeText(layer), droppedText(layer)].filter(Boolean).join(" · ");
}

function madeText({ made }: FunnelLayer): string {
  const ways = Object.entries(made ?? {})
    .filter(([how, n]) => n > 0 && how !== "as_written")
    .sort((a, b) => b[1] - a[1]);
  if (!made || ways.length === 0) return "";
  const sum = ways.reduce((all, [, n]) => all + n, 0);
  const rules = ways.map(([how, n]) => `${how.replace(/_/g, " ")} ${formatCount(n)}`).join(", ");
  return `as written ${formatCount(made.as_written ?? 0)} · put together ${formatCount(sum)} (${rules})`;
}

function droppedText(layer: FunnelLayer): string {
  const reasons = Object.entries(layer.reasons)
    .filter(([, n]) => n > 0)
    .sort((a, b) => b[1] - a[1]);
  if (reasons.length === 0) return layer.in === layer.out ? "nothing dropped" : "";
  const shown = reasons.length <= 4 ? 4 : 3; // "1 other reason" would take the room of its name
  const named = reasons
    .slice(0, shown)
    .map(([reason, n]) => `${reason.replace(/_/g, " ")} ${formatCount(n)}`);
  const rest = reasons.slice(shown).reduce((sum, [, n]) => sum + n, 0);
  if (rest > 0) named.push(`${reasons.length - shown} other reasons ${formatCount(rest)}`);
  return `dropped: ${named.join(" · ")}`;
}

/**
 * Why rows were dropped: one bar a reason, one colour a layer, with a menu that slices by type and by source.
 * Only dropped rows are drawn; the subtitle counts against all rows of the slice.
 */
export function funnelByReason(rows: readonly Fate[]): Figure {
  const title = "Why rows were dropped";
  if (rows.length === 0) return emptyFigure(title, "No rows have been filtered yet.");
  const dropped = rows.filter((row) => row.reason !== null);
  if (dropped.length === 0) return emptyFigure(title, `All ${formatCount(rows.length)} rows were kept.`);
  const layers = [...countBy(dropped, (row) => row.layer).keys()];
  const reasons = [...countBy(dropped, (row) => row.reason!).keys()];
  const counts = (slice: readonly Fate[]) =>
    layers.map((layer) => {
      const byReason = countBy(
        slice.filter((row) => row.reason !== null && row.layer === layer),
        (row) => row.reason!,
      );
      return reasons.map((reason) => byReason.get(reason) ?? 0);
    });
  const slices: [string, readonly Fate[]][] = [
    ["all rows", rows],
    ...orderTypes(rows.map((row) => row.type)).map((type): [string, Fate[]] => [
      `type: ${pretty(type)}`,
      rows.filter((row) => row.type === type),
    ]),
    ...[...countBy(rows, (row) => row.source).keys()].map((source): [string, Fate[]] => [
      `source: ${source}`,
      rows.filter((row) => row.source === source),
    ]),
  ];
  const texts = (x: number[][]) => x.map((values) => values.map((n) => (n > 0 ? formatCount(n) : "")));
  const words = (name: string, slice: readonly Fate[]) => {
    const lost = slice.filter((row) => row.reason !== null).length;
    return (
      `n = ${formatCount(slice.length)} rows (${name}), ${formatCount(lost)} dropped ` +
      `(${formatShare(lost, slice.length)})`
    );
  };
  const choices = slices.map(([name, slice]): Choice => {
    const x = counts(slice);
    return {
      label: name,
      traces: { x, text: texts(x) },
      layout: { "title.text": titleOf(title, words(name, slice)).text, "xaxis.autorange": true },
    };
  });
  const first = counts(rows);
  return makeFigure({
    title,
    subtitle: words("all rows", rows),
    data: layers.map((layer, i) => ({
      type: "bar",
      orientation: "h",
      name: pretty(layer),
      y: axisLabels(reasons),
      x: first[i],
      text: texts(first)[i],
      textposition: "auto",
      textangle: 0,
      marker: { color: SERIES[i % SERIES.length] },
      hovertemplate: "%{y}: %{x:,}<extra>%{fullData.name}</extra>",
    })),
    x: { title: { text: "rows dropped" }, rangemode: "tozero" },
    y: { autorange: "reversed", title: { text: "" } },
    height: Math.max(340, 170 + 30 * reasons.length),
    layout: { barmode: "stack", updatemenus: [updateMenu(choices)] },
  });
}
