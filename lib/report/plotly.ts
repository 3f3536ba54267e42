/** plotly.js inside a page, once: 10 MB packed to 2.6, unpacked by the browser, no network. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { PLOTLY_PATH, PLOTLY_VERSION } from "../show/png.ts";

/**
 * Runs in the page: waits until widgets can be used, for nobody types into a page that is busy; unpacks
 * plotly.js, draws every figure in the place of its picture, and marks the page as drawn.
 */
const DRAW = `(async () => {
  while (document.querySelector("[data-widget='starting']")) await new Promise((later) => setTimeout(later, 20));
  const packed = Uint8Array.from(atob(document.getElementById("plotly-js").textContent), (c) => c.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(unpacked).text();
  document.head.append(script);
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] };
  for (const place of document.querySelectorAll("figure.plot")) {
    const { data, layout } = JSON.parse(place.querySelector("script").textContent);
    const plot = document.createElement("div");
    place.append(plot);
    await Plotly.newPlot(plot, data, layout, config);
    for (const still of place.querySelectorAll(".still")) still.remove();
  }
  document.documentElement.dataset.figures = "drawn";
})();`;

interface Packed {
  script: string;
  hashes: string[];
}
let packed: Packed | null = null;

/** The elements that draw a page's figures, and the hashes of the two scripts that may run there. */
export function plotlyScripts(): Packed {
  if (packed) return packed;
  const plotly = readFileSync(PLOTLY_PATH);
  const base64 = gzipSync(plotly, { level: 9 }).toString("base64");
  const banner =
    `<!-- plotly.js v${PLOTLY_VERSION}, Copyright 2012-2026 Plotly, Inc., MIT license ` +
    "(https://github.com/plotly/plotly.js), gzip + base64 -->";
  packed = {
    script:
      `${banner}\n<script id="plotly-js" ` +
      `type="application/octet-stream">${base64}</script>\n<script>${DRAW}</script>`,
    hashes: [DRAW, plotly].map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`),
  };
  return packed;
}
