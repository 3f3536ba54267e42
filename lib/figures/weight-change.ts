/** Stage 7: where the merged model differs from its base. */
import type { WeightChange } from "../deploy/weight-change.ts";
import { formatCount, formatShare } from "../view/numbers.ts";
import { emptyFigure, type Figure, INK, makeFigure } from "./theme.ts";

/** As a token passes them; others come last. */
const ORDER = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

/**
 * Relative size of the change, one cell a layer and part; parts that changed in no layer are left out and
 * counted in the subtitle.
 */
export function weightChangeMap(changes: readonly WeightChange[]): Figure {
  const title = "How much merging changed each weight matrix";
  const inLayers = changes.filter((change) => change.layer !== null);
  const parts = [
    ...new Set(inLayers.filter((change) => change.changed > 0).map((change) => change.part)),
  ].sort((a, b) => placeOf(a) - placeOf(b));
  if (parts.length === 0)
    return emptyFigure(
      title,
      "No weight differs from the base: nothing was merged, or the adapter changes nothing.",
    );
  const layers = [...new Set(inLayers.map((change) => change.layer!))].sort((a, b) => a - b);
  const at = new Map(inLayers.map((change) => [`${change.layer}/${change.part}`, change.relative]));
  const z = layers
    .map((layer) => parts.map((part) => at.get(`${layer}/${part}`) ?? null))
    .map((row) => row.map((relative) => (relative === null ? null : 100 * relative)));
  const total = changes.reduce((sum, change) => sum + change.weights, 0);
  const touched = changes.filter((change) => change.changed > 0);
  const weights = touched.reduce((sum, change) => sum + change.weights, 0);
  return makeFigure({
    title,
    subtitle:
      `n = ${formatCount(total)} weights · ${touched.length} of ${changes.length} tensors ` +
      `(${formatShare(weights, total)} of the weights) changed, the others are equal in value`,
    data: [
      {
        type: "heatmap",
        x: parts,
        y: layers.map((layer) => `layer ${layer}`),
        z,
        text: z.map((row) => row.map((value) => (value === null ? "" : `${value.toFixed(1)} %`))),
        texttemplate: layers.length <= 16 ? "%{text}" : "",
        hovertemplate: "%{y}, %{x}: %{z:.2f} %<extra></extra>",
        colorscale: [
          [0, "#F7FBFF"],
          [1, "#74B3DA"], // light enough for the numbers on it
        ],
        textfont: { color: INK },
        zmin: 0,
        zmax: Math.max(...z.flat().map((value) => value ?? 0)),
        colorbar: {
          title: { text: "change, % of the norm", side: "right", font: { size: 12 } },
          thickness: 14,
          outlinewidth: 0,
        },
      },
    ],
    legend: "none",
    x: { title: { text: "weight matrix" }, type: "category" },
    y: { title: { text: "" }, type: "category", autorange: "reversed" },
    height: Math.max(320, 160 + 34 * Math.min(layers.length, 30)),
  });
}

function placeOf(part: string): number {
  const place = ORDER.indexOf(part);
  return place < 0 ? ORDER.length : place;
}
