/**
 * An executed notebook as it is committed: what differs from run to run without saying anything is taken out.
 */
import { homedir } from "node:os";
import { LabError } from "../../lib/errors.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { PLOTLY_MIME } from "../../lib/show/show.ts";
import { readBlock, widgetBlock } from "../../lib/widget/block.ts";

export interface Output {
  output_type: string;
  name?: string;
  text?: string | string[];
  data?: Record<string, unknown>;
  metadata?: unknown;
  execution_count?: number | null;
}

export interface Cell {
  cell_type: string;
  id?: string;
  source: string | string[];
  metadata: Record<string, unknown>;
  outputs?: Output[];
  execution_count?: number | null;
}

export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

const METADATA = {
  kernelspec: { display_name: "TypeScript", language: "typescript", name: "tslab" },
  language_info: { file_extension: ".ts", mimetype: "text/typescript", name: "typescript" },
};
/** Of a widget: model weights would weigh more than all notebooks together. */
const MOST_COMMITTED = 500_000;
const ANSI = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

/**
 * Execution counts null, timings and volatile metadata dropped, ANSI codes and overwritten progress lines
 * gone, one stream output where a cell wrote many, paths relative to the repository and to `workspace`, the
 * folder the run wrote to. Cell metadata keeps `tags` only. A widget comes without its script; of one that
 * holds more than 500 kB stays what stands where no script runs.
 *
 * Throws LabError when an output tells an absolute path of this machine all the same, or stands on stderr.
 */
export function normaliseNotebook(notebook: Notebook, workspace: string = REPO_ROOT): Notebook {
  const roots = [workspace, REPO_ROOT]; // the workspace may lie in the repository
  const cells = notebook.cells.map((cell, index): Cell => {
    const metadata: Record<string, unknown> = cell.metadata.tags ? { tags: cell.metadata.tags } : {};
    if (cell.cell_type !== "code") return { ...cell, metadata, source: lines(joined(cell.source)) };
    const outputs = mergeStreams(cell.outputs ?? []).map((output) => normaliseOutput(output, roots));
    checkOutputs(outputs, `cell ${index + 1}`, roots);
    return { ...cell, metadata, source: lines(joined(cell.source)), execution_count: null, outputs };
  });
  return { cells, metadata: METADATA, nbformat: notebook.nbformat, nbformat_minor: notebook.nbformat_minor };
}

function normaliseOutput(output: Output, roots: readonly string[]): Output {
  if (output.output_type === "stream")
    return { ...output, text: lines(cleanText(joined(output.text ?? ""), roots)) };
  const data = Object.fromEntries(
    Object.entries(output.data ?? {}).map(([type, value]) => [
      type,
      type.startsWith("text/")
        ? lines(cleanText(withoutScript(joined(value as string | string[])), roots))
        : value,
    ]),
  );
  // markdown is its own plain text
  if (String(data["text/plain"]) === String(data["text/markdown"])) delete data["text/plain"];
  return { ...output, data, metadata: {}, ...("execution_count" in output ? { execution_count: null } : {}) };
}

/**
 * A widget without its script and style, which no viewer runs unasked: a run of the cell brings them back,
 * and so does an exported report. Of a heavy one what stands there without scripts is left.
 */
function withoutScript(text: string): string {
  const block = readBlock(text);
  if (block === null) return text;
  return text.length > MOST_COMMITTED
    ? block.staticHtml
    : widgetBlock(block.name, block.staticHtml, block.packed);
}

/** As a terminal shows it: no colours, and of a line that was overwritten only what stayed. */
function cleanText(text: string, roots: readonly string[]): string {
  const shown = text
    .replace(ANSI, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, "").split("\r").at(-1)!);
  return roots.reduce(
    (clean, root) => clean.replaceAll(`${root}/`, "").replaceAll(root, "."),
    shown.join("\n"),
  );
}

function mergeStreams(outputs: Output[]): Output[] {
  const merged: Output[] = [];
  for (const output of outputs) {
    const last = merged.at(-1);
    if (last && output.output_type === "stream" && last.output_type === "stream" && last.name === output.name)
      last.text = joined(last.text ?? "") + joined(output.text ?? "");
    else merged.push({ ...output });
  }
  return merged;
}

function checkOutputs(outputs: Output[], where: string, roots: readonly string[]): void {
  if (outputs.some((output) => output.name === "stderr"))
    throw new LabError({ what: "A notebook to be committed wrote to stderr", where });
  const text = JSON.stringify(outputs);
  const path = [...roots, homedir()].find((folder) => folder.length > 1 && text.includes(`${folder}/`));
  if (path)
    throw new LabError({
      what: "An output tells a path of this machine",
      where,
      expected: "paths relative to the repository",
      found: path,
    });
}

/** No figure shows more. */
const DIGITS = 4;

/**
 * The file's text as Jupyter writes it, but a figure's data on one line: with a line for each number the
 * indentation would be most of the file. Its numbers have four digits, and steps that are counted one by one
 * are told by the first.
 */
export function notebookText(notebook: Notebook): string {
  const figures: string[] = [];
  const short = (_: string, value: unknown): unknown =>
    typeof value === "number" && !Number.isInteger(value)
      ? Number(value.toPrecision(DIGITS))
      : countedSteps(value);
  const place = (key: string, value: unknown): unknown =>
    key === PLOTLY_MIME ? `figure ${figures.push(JSON.stringify(value, short)) - 1} of this notebook` : value;
  const text = JSON.stringify(notebook, place, 1);
  return `${text.replace(/"figure (\d+) of this notebook"/g, (_, i) => figures[Number(i)]!)}\n`;
}

/** Fewer are as short written out. */
const MANY = 10;

/** A line over the whole numbers from `x0` on draws the same without the list of them. */
function countedSteps(value: unknown): unknown {
  const { x, ...trace } = (value ?? {}) as { type?: unknown; x?: unknown };
  if (trace.type !== "scatter" || !Array.isArray(x) || x.length < MANY) return value;
  const counted = Number.isInteger(x[0]) && x.every((step, i) => step === x[0] + i);
  return counted ? { ...trace, x0: x[0], dx: 1 } : value;
}

const joined = (text: string | string[]): string => [text].flat().join("");

/** As nbformat writes multi-line texts: a list of lines, each with its end. */
function lines(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}
