/** What executed notebooks show, and what a reader would stumble over there: words of broken outputs. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const NONSENSE = /.{0,40}(?:\bNaN\b|\bundefined\b|\bInfinity\b|\[object \w+\]).{0,40}/;
const PLOTLY = "application/vnd.plotly.v1+json";

const Text = z.union([z.string(), z.array(z.string())]).transform((text) => [text].flat().join(""));
const Output = z.object({ text: Text.optional(), data: z.record(z.string(), z.unknown()).optional() });
const Notebook = z.object({ cells: z.array(z.object({ outputs: z.array(Output).optional() })) });

export interface Shown {
  /** The notebook's file name. */
  notebook: string;
  /** Counted from 1. */
  cell: number;
  /** Of one output: printed text, plain text, markdown and every text of a figure. */
  texts: string[];
}

/** Every output of the executed notebooks of a folder, in order. */
export function shownBelow(folder: string): Shown[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".ipynb"))
    .sort();
  return names.flatMap((name) => shownIn(name, JSON.parse(readFileSync(join(folder, name), "utf8"))));
}

/** Every output of a notebook's JSON. */
export function shownIn(notebook: string, json: unknown): Shown[] {
  return Notebook.parse(json).cells.flatMap(({ outputs = [] }, i) =>
    outputs.map(({ text = "", data = {} }) => {
      const written = ["text/plain", "text/markdown"].map((type) => Text.parse(data[type] ?? ""));
      return { notebook, cell: i + 1, texts: [text, ...written, ...textsIn(data[PLOTLY])] };
    }),
  );
}

/** A line for each output with nonsense in it: where it stands, and the words around it. */
export function nonsenseIn(shown: readonly Shown[]): string[] {
  return shown.flatMap(({ notebook, cell, texts }) => {
    const found = texts.map((text) => NONSENSE.exec(text)?.[0]).find(Boolean);
    return found === undefined ? [] : [`${notebook}, cell ${cell}: … ${found.replace(/\s+/g, " ").trim()} …`];
  });
}

/** Every text of a figure: titles, axis labels, legends, hovers. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
