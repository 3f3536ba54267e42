/**
 * The only place that knows tslab: figures, tables and texts into the notebook; outside a kernel, as text to
 * the terminal.
 */
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { explainedConfig } from "../config/explain.ts";
import { workspacePaths } from "../config/paths.ts";
import { recordSettings, SETTINGS_MIME } from "../config/settings-record.ts";
import { FIGURE_HEIGHT, type Figure, note } from "../figures/theme.ts";
import { figurePng } from "./png.ts";
import { table, type Column, type TableOptions, type View } from "../view/table.ts";
import { inertHtml, visibleText } from "../view/text-view.ts";
import { notebookBlock } from "../widget/block.ts";
import { isWidget } from "../widget/widget.ts";

/** MIME type → content, as Jupyter's `display_data` wants it: JSON types as objects, pictures in base64. */
export type Bundle = Record<string, unknown>;

export const PLOTLY_MIME = "application/vnd.plotly.v1+json";

type WriteDisplay = (
  message: { data: Bundle; metadata: object; transient: { display_id?: string } },
  update?: boolean,
) => void;

/**
 * Shows a figure, a table or texts under the running cell. A figure goes out once, as Plotly JSON
 * (interactive), PNG (where scripts do not run) and text; a widget as one block of HTML with its script.
 * Outside a kernel the text is printed.
 *
 * @example await show(lossCurve([{ name: "sft", metrics: run.metrics }]));
 */
export async function show(shown: Figure | View): Promise<void> {
  const write = kernelWriter();
  if (!write) return void process.stdout.write(`${plainText(shown)}\n`);
  write({ data: await bundleOf(shown), metadata: {}, transient: {} });
}

/** Shows rows as a table; see `table`. A table of the config also keeps its values for the report. */
export async function showTable(
  rows: readonly object[],
  columns?: readonly (string | Column)[],
  options?: TableOptions,
): Promise<void> {
  const view = table(rows, columns, options);
  const config = explainedConfig(rows);
  const write = kernelWriter();
  if (!config || !write) return show(view);
  const settings = recordSettings(config, workspacePaths().root);
  const data = { ...(await bundleOf(view)), [SETTINGS_MIME]: settings };
  write({ data, metadata: {}, transient: {} });
}

/** Shows markdown of our own. Never pass a model's or a file's text: see `sideBySide` and `sampleList`. */
export async function showMarkdown(markdown: string): Promise<void> {
  const write = kernelWriter();
  if (!write) return void process.stdout.write(`${markdown}\n`);
  const data = { "text/markdown": withMoney(markdown), "text/plain": markdown };
  write({ data, metadata: {}, transient: {} });
}

/** JupyterLab sets "$5 to $6" as a formula, unless a dollar stands escaped in an element of its own. */
export function withMoney(markdown: string): string {
  return markdown.replace(/(?<!\\)\$(?=\d)/g, "<span>\\$$</span>");
}

/**
 * Everything a place may choose from to show this
 * (https://jupyter-client.readthedocs.io/en/stable/messaging.html#display-data). `png: false` leaves the
 * picture out.
 */
export async function bundleOf(shown: Figure | View, options: { png?: boolean } = {}): Promise<Bundle> {
  const text = plainText(shown);
  if (isWidget(shown)) return { "text/html": await notebookBlock(shown), "text/plain": text };
  if (!isFigure(shown)) return { "text/html": shown.html, "text/plain": text };
  const png = options.png === false ? null : await figurePng(shown);
  return {
    [PLOTLY_MIME]: withoutMath(shown),
    ...(png && { "image/png": png.toString("base64") }),
    "text/plain": text,
  };
}

/** In a page with MathJax, as JupyterLab's, plotly.js takes "$5 or $6" for a formula and hides the text. */
function withoutMath(figure: Figure): object {
  return { ...figure, config: { typesetMath: false } };
}

/** A display that is updated in place. */
export interface LiveFigure {
  /**
   * Draws the figure or table, or puts it off until the interval is over; only the newest waits. Costs no
   * picture. A figure carries the time, for it may be looked at when nobody draws it any more.
   */
  update(shown: Figure | View): void;
  /** Draws the last one, a figure with its PNG. Nothing is drawn after it. */
  finish(shown: Figure | View): Promise<void>;
}

/**
 * A figure or table that follows a run, in the cell that called this. `intervalMs` between two drawings,
 * default 2,000. Outside a kernel only `finish` prints.
 */
export function liveFigure({ intervalMs = 2000 }: { intervalMs?: number } = {}): LiveFigure {
  const write = kernelWriter(); // of this cell: later cells have others
  const transient = { display_id: randomBytes(8).toString("hex") };
  let shown = false;
  let isDrawn = false; // what stands there now, by plotly
  let finished = false;
  let lastMs = -Infinity;
  let waiting: Figure | View | null = null;
  let timer: NodeJS.Timeout | undefined;
  const send = (next: Figure | View, data: Bundle) => {
    // JupyterLab's plotly renderer keeps the first graph it drew; another type in between makes it start
    // anew. As high, so nothing jumps.
    const height = isFigure(next) ? Number(next.layout.height) || FIGURE_HEIGHT : 0;
    if (isDrawn)
      write?.(
        {
          data: { "text/html": `<div style="height:${height}px"></div>`, "text/plain": "" },
          metadata: {},
          transient,
        },
        true,
      );
    write?.({ data, metadata: {}, transient }, shown);
    shown = true;
    isDrawn = PLOTLY_MIME in data;
    lastMs = performance.now();
  };
  const draw = () => {
    timer = undefined;
    if (waiting && !finished) send(waiting, liveBundle(waiting));
    waiting = null;
  };
  return {
    update(next) {
      if (finished) return;
      waiting = next;
      if (timer) return;
      const wait = lastMs + intervalMs - performance.now();
      if (wait <= 0) draw();
      else timer = setTimeout(draw, wait);
    },
    async finish(last) {
      finished = true;
      clearTimeout(timer);
      if (!write) return void process.stdout.write(`${plainText(last)}\n`);
      send(last, await bundleOf(last));
    },
  };
}

/**
 * Without a picture. A figure that has nothing to draw yet is its words, which stand there before a page has
 * loaded what draws.
 */
function liveBundle(shown: Figure | View): Bundle {
  if (!isFigure(shown)) return { "text/html": shown.html, "text/plain": shown.text };
  const figure = dated(shown);
  if (shown.data.length > 0) return { [PLOTLY_MIME]: withoutMath(figure), "text/plain": plainText(shown) };
  const {
    title,
    annotations = [],
    height,
  } = figure.layout as {
    title?: { text?: string };
    annotations?: { text: string }[];
    height?: number;
  };
  const [head, ...words] = [title?.text ?? "", ...annotations.map(({ text }) => text)].map(withoutMarkup);
  return {
    "text/html":
      `<div style="height:${Number(height) || FIGURE_HEIGHT}px"><b>${inertHtml(head!)}</b>` +
      `${words.map((text) => `<p>${inertHtml(text)}</p>`).join("")}</div>`,
    "text/plain": [head, ...words].join("\n"),
  };
}

/**
 * The figure with the time in its lower right corner, where no button covers it. After a restart of the
 * kernel, or when the page was closed meanwhile, it is what is left to look at.
 */
function dated(figure: Figure): Figure {
  const time = new Date().toTimeString().slice(0, 8);
  const { annotations = [] } = figure.layout as { annotations?: object[] };
  const mark = note(`as of ${time} · standing still? Run the cell again`, {
    ...{ xref: "paper", x: 1, xanchor: "right", yref: "paper", y: 0, yanchor: "top" },
    yshift: -34, // beside the title of the axis
  });
  return { ...figure, layout: { ...figure.layout, annotations: [...annotations, mark] } };
}

function isFigure(shown: Figure | View): shown is Figure {
  return "data" in shown;
}

/** A figure's title and subtitle, a view's text. */
function plainText(shown: Figure | View): string {
  if (!isFigure(shown)) return shown.text;
  const { title } = shown.layout as { title?: { text?: string } };
  return `[figure] ${visibleText(withoutMarkup(title?.text ?? ""))}`;
}

/** A text of Plotly's as it is read. */
function withoutMarkup(text: string): string {
  const plain = text.replace(/<br>/g, ": ").replace(/<[^>]*>/g, "");
  return plain.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

/**
 * The running cell's way to write a display, null outside a kernel. The public API sends one MIME type a
 * call; a full bundle needs the function beneath it. Only a loaded tslab is asked: loading one here would
 * start nothing and cost a second.
 */
function kernelWriter(): WriteDisplay | null {
  const { cache } = createRequire(import.meta.url);
  const loaded = Object.keys(cache).find((path) => /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(path));
  const exported = cache[loaded ?? ""]?.exports as { lastWriteDisplayData?: WriteDisplay | null } | undefined;
  return exported?.lastWriteDisplayData ?? null;
}
