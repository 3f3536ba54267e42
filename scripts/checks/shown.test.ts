import { expect, test } from "vitest";
import { nonsenseIn, shownIn } from "./shown.ts";

const cell = (...outputs: object[]) => ({ cell_type: "code", source: ["const a = undefined;"], outputs });
const data = (bundle: object) => ({ output_type: "display_data", data: bundle });
const figure = (plotly: object) => data({ "application/vnd.plotly.v1+json": plotly });

test.each([
  ["a sentence", data({ "text/markdown": "**NaN** times as much" })],
  ["a table", data({ "text/plain": ["kind       n\n", "undefined  3\n"] })],
  ["a figure's title", figure({ layout: { title: { text: "n = NaN" } } })],
  ["a figure's axis", figure({ data: [{ x: ["calculation", "undefined"] }] })],
  ["printed text", { output_type: "stream", name: "stdout", text: "seen: [object Object]" }],
])("%s that holds nonsense is named by its cell", (_, output) => {
  const notebook = { cells: [{ cell_type: "markdown", source: "NaN" }, cell(output)] };
  const [first, ...more] = nonsenseIn(shownIn("01.ipynb", notebook));
  expect(first).toMatch(/^01\.ipynb, cell 2: … .*(NaN|undefined|\[object Object\]).* …$/);
  expect(more).toEqual([]);
});

test("code, and texts that read well, are no nonsense", () => {
  const fine = data({ "text/plain": "–", "text/markdown": "not judged" });
  const lines = figure({ data: [{ y: [1, null], name: "SFT" }] });
  expect(nonsenseIn(shownIn("01.ipynb", { cells: [cell(fine, lines), cell()] }))).toEqual([]);
});
