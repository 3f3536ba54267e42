/**
 * A widget as one block of HTML: what stands there where no script may run, what its script reads (which
 * nothing renders), and in a notebook the script and the style themselves.
 */
import { gzipSync } from "node:zlib";
import { pageScript } from "./page-script.ts";
import { WIDGET_NAMES } from "./widget.ts";
import type { Widget, WidgetName } from "./widget.ts";

const open = (name: WidgetName): string => `<div class="ftmodel-${name}">\n<div class="widget-static">`;
const DATA = '</div>\n<script type="application/octet-stream" class="widget-data">';
const CLOSE = "</script>\n</div>";

/** The block without its script: what a page holds as often as it likes. */
export function widgetBlock(name: WidgetName, staticHtml: string, packed: string): string {
  return open(name) + staticHtml + DATA + packed + CLOSE;
}

/** The whole block for a notebook's cell. */
export async function notebookBlock({ widget, html, packed }: Widget): Promise<string> {
  const { script, style } = await pageScript(widget);
  return `${widgetBlock(widget, html, packed)}\n<style>${style}</style>\n<script>${script}</script>`;
}

/** The parts of a block that a notebook's output holds, if it is one; its script is left behind. */
export function readBlock(html: string): { name: WidgetName; staticHtml: string; packed: string } | null {
  const name = WIDGET_NAMES.find((known) => html.startsWith(open(known)));
  const data = html.lastIndexOf(DATA);
  if (name === undefined || data === -1) return null;
  const from = data + DATA.length;
  const packed = html.slice(from, html.indexOf(CLOSE, from));
  const staticHtml = html.slice(open(name).length, data);
  return /^[\w+/=]+$/.test(packed) ? { name, staticHtml, packed } : null;
}

export function pack(bytes: Uint8Array | string): string {
  return gzipSync(bytes, { level: 9 }).toString("base64");
}
