import { expect, test } from "vitest";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { widgetBlock } from "../../lib/widget/block.ts";
import { normaliseNotebook, notebookText } from "./normalise.ts";
import type { Output } from "./normalise.ts";

const notebook = (outputs: Output[]) => ({
  cells: [
    {
      cell_type: "code",
      id: "a",
      source: "x;\ny",
      metadata: { execution: { "iopub.status.busy": "2026" }, tags: ["keep"], collapsed: true },
      execution_count: 7,
      outputs,
    },
  ],
  metadata: { kernelspec: { name: "other" }, widgets: {} },
  nbformat: 4,
  nbformat_minor: 5,
});
const stream = (text: string, name = "stdout"): Output => ({ output_type: "stream", name, text });

test("counts, timings and volatile metadata are dropped, tags and ids stay", () => {
  const { cells, metadata } = normaliseNotebook(notebook([]));
  expect(cells).toEqual([
    {
      cell_type: "code",
      id: "a",
      source: ["x;\n", "y"],
      metadata: { tags: ["keep"] },
      execution_count: null,
      outputs: [],
    },
  ]);
  expect(metadata.kernelspec).toEqual({ display_name: "TypeScript", language: "typescript", name: "tslab" });
});

test("streams become one, without colours and overwritten progress", () => {
  const { cells } = normaliseNotebook(
    notebook([stream("\u001b[32m10 %\r50 %\r"), stream("100 %\u001b[0m\nend\r\n")]),
  );
  expect(cells[0]!.outputs).toEqual([{ output_type: "stream", name: "stdout", text: ["100 %\n", "end\n"] }]);
});

test("paths of the repository become relative, in HTML too", () => {
  const { cells } = normaliseNotebook(
    notebook([
      {
        output_type: "display_data",
        data: { "text/html": `<b>${REPO_ROOT}/reports/x</b>`, "image/png": "AAAA" },
        metadata: { z: 1 },
      },
    ]),
  );
  expect(cells[0]!.outputs).toEqual([
    {
      output_type: "display_data",
      data: { "text/html": ["<b>reports/x</b>"], "image/png": "AAAA" },
      metadata: {},
    },
  ]);
});

test("stderr, and machine paths in places that are not text, are refused", () => {
  expect(() => normaliseNotebook(notebook([stream("warning", "stderr")]))).toThrow(/stderr.*cell 1/);
  const figure = { "application/vnd.plotly.v1+json": { data: [{ text: `${REPO_ROOT}/data` }] } };
  expect(() => normaliseNotebook(notebook([{ output_type: "display_data", data: figure }]))).toThrow(
    /path of this machine/,
  );
});

test("normalising twice changes nothing", () => {
  const once = normaliseNotebook(
    notebook([
      stream("a\r b\n"),
      { output_type: "execute_result", execution_count: 3, data: { "text/plain": "1\n2" } },
    ]),
  );
  expect(normaliseNotebook(structuredClone(once))).toEqual(once);
});

test("a run in a workspace of its own tells no path of it either", () => {
  const { cells } = normaliseNotebook(
    notebook([stream("served /data/mine/ckpts/merged_model from /data/mine")]),
    "/data/mine",
  );
  expect(cells[0]!.outputs![0]!.text).toEqual(["served ckpts/merged_model from ."]);
  const figure = { "application/vnd.plotly.v1+json": { data: [], layout: { title: "/data/mine/x" } } };
  expect(() =>
    normaliseNotebook(notebook([{ output_type: "display_data", data: figure }]), "/data/mine"),
  ).toThrow(/path of this machine/);
});

test("of a widget with a model's weights its sentence is kept, of a small one all but its script", () => {
  const committed = (packed: string) => {
    const html = `${widgetBlock("chat", "<p>Here one can talk.</p>", packed)}\n<script>1</script>`;
    const output = { output_type: "display_data", data: { "text/html": html }, metadata: {} };
    return [normaliseNotebook(notebook([output])).cells[0]!.outputs![0]!.data!["text/html"]].flat().join("");
  };
  expect(committed("AAAA".repeat(200_000))).toBe("<p>Here one can talk.</p>");
  expect(committed("AAAA")).toBe(widgetBlock("chat", "<p>Here one can talk.</p>", "AAAA"));
});

test("markdown is committed once, without a plain copy of itself", () => {
  const data = { "text/markdown": "**1** of 2", "text/plain": "**1** of 2" };
  const output = { output_type: "display_data", data, metadata: {} };
  expect(Object.keys(normaliseNotebook(notebook([output])).cells[0]!.outputs![0]!.data!)).toEqual([
    "text/markdown",
  ]);
});

const fileOf = (trace: object) =>
  notebookText(
    notebook([
      {
        output_type: "display_data",
        data: { "application/vnd.plotly.v1+json": { data: [trace] } },
        metadata: {},
      },
    ]),
  );

test("a figure's numbers have four digits in the file", () =>
  expect(fileOf({ y: [1 / 3, 123456, 2e-9 / 3] })).toContain('"y":[0.3333,123456,6.667e-10]'));

test("steps that are counted one by one are told by the first, others as they are", () => {
  const y = Array.from({ length: 12 }, () => 1);
  const steps = y.map((_, i) => i + 3);
  expect(fileOf({ type: "scatter", x: steps, y })).toContain(`"y":${JSON.stringify(y)},"x0":3,"dx":1`);
  for (const x of [
    steps.toSpliced(5, 1),
    steps.slice(0, 4),
    steps.map((step) => step + 0.5),
    steps.map(String),
  ])
    expect(fileOf({ type: "scatter", x, y })).toContain(`"x":${JSON.stringify(x)}`);
  expect(fileOf({ type: "bar", x: steps, y })).toContain(`"x":${JSON.stringify(steps)}`);
});

test("a figure's data is one line of the file, which holds the same", () => {
  const figure = { data: [{ x: [1, 2, 3], name: 'a "quoted" name' }] };
  const executed = normaliseNotebook(
    notebook([
      { output_type: "display_data", data: { "application/vnd.plotly.v1+json": figure }, metadata: {} },
    ]),
  );
  const text = notebookText(executed);
  expect(JSON.parse(text)).toEqual(executed);
  expect(text.split("\n").filter((line) => line.includes(JSON.stringify(figure)))).toHaveLength(1);
});
