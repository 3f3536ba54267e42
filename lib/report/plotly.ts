/** plotly.js inside a page, once: 10 MB packed to 2.6, unpacked by the browser, no network. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { PLOTLY_PATH, PLOTLY_VERSION } from "../show/png.ts";
import { DRAW } from "./draw.ts";

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
