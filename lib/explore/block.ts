/**
 * An explorer as one block of HTML: a plain table for where no script may run, the rows as packed JSON that
 * nothing renders, and in a notebook the script and style that make a table of them to work with.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import type { ExploreData } from "./data.ts";
import type { Explorer } from "./explore.ts";
import { explorePage } from "./page-script.ts";

const OPEN = '<div class="ftmodel-explore">\n<div class="ftx-static">';
const DATA = '</div>\n<script type="application/octet-stream" class="ftx-data">';
const CLOSE = "</script>\n</div>";

/** The block without its script: what a page holds as often as it likes. */
export function exploreBlock(staticHtml: string, packed: string): string {
  return OPEN + staticHtml + DATA + packed + CLOSE;
}

/** The whole block for a notebook's cell. */
export async function notebookBlock({ html, explorer }: Explorer): Promise<string> {
  const { script, style } = await explorePage();
  return `${exploreBlock(html, pack(explorer))}\n<style>${style}</style>\n<script>${script}</script>`;
}

/** The two parts of a block that a notebook's output holds, if it is one; its script is left behind. */
export function readBlock(html: string): { staticHtml: string; packed: string } | null {
  const data = html.lastIndexOf(DATA);
  if (!html.startsWith(OPEN) || data === -1) return null;
  const from = data + DATA.length;
  const packed = html.slice(from, html.indexOf(CLOSE, from));
  return /^[\w+/=]+$/.test(packed) ? { staticHtml: html.slice(OPEN.length, data), packed } : null;
}

/** JSON, gzip, base64: a sixth of its size, and nothing in it that a page could take for markup. */
export function pack(data: ExploreData): string {
  return gzipSync(JSON.stringify(data), { level: 9 }).toString("base64");
}

export function unpack(packed: string): ExploreData {
  return JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString("utf8")) as ExploreData;
}
