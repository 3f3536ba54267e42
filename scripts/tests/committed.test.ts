import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { normaliseNotebook } from "../pipeline/normalise.ts";
import type { Notebook } from "../pipeline/normalise.ts";
import { notebookFiles } from "../pipeline/options.ts";

const NAMES = [
  "01_prepare",
  "02_distill",
  "03_filter",
  "04_sft",
  "05_grpo",
  "06_evaluate",
  "07_deploy",
  "08_ablation",
];

test.skipIf(notebookFiles().length === 0)("the eight notebooks are there, in order", () => {
  expect(notebookFiles().map((file) => basename(file, ".ipynb"))).toEqual(NAMES);
});

describe.each(notebookFiles().map((file) => [basename(file), file]))("%s as committed", (_, file) => {
  const notebook = JSON.parse(readFileSync(file!, "utf8")) as Notebook;
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");

  test("is normalised: nothing volatile, no colours, no stderr, no machine paths", () => {
    expect(notebook).toEqual(normaliseNotebook(structuredClone(notebook)));
  });

  test("was executed: it holds outputs, and every figure its picture for places that run no scripts", () => {
    const outputs = code.flatMap((cell) => cell.outputs ?? []);
    expect(outputs.length).toBeGreaterThan(0);
    for (const { data } of outputs)
      if (data?.["application/vnd.plotly.v1+json"]) expect(Object.keys(data)).toContain("image/png");
  });

  test("stays readable: at most 30 cells, 05, which holds the method too, 70 short ones", () => {
    const sources = code.map((cell) => [cell.source].flat().join(""));
    for (const source of sources) expect(source.split("\n").length).toBeLessThanOrEqual(25);
    const isMethod = basename(file!).startsWith("05");
    expect(notebook.cells.length).toBeLessThanOrEqual(isMethod ? 70 : 30);
    const lengths = sources.map((source) => source.length).sort((a, b) => a - b);
    if (isMethod) expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(500); // the median
  });
});
