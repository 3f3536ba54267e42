import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test, vi } from "vitest";
import { closeBrowser, findChromium } from "./browser.ts";
import { PYTHON, REPO_ROOT } from "../config/paths.ts";
import { SETTINGS_MIME } from "../config/settings-record.ts";
import { bundleOf, liveFigure, PLOTLY_MIME, show, showMarkdown, withMoney } from "./show.ts";
import { table } from "../view/table.ts";
import { EXAMPLES } from "../testing/example-figures.ts";

afterAll(closeBrowser);
const figure = EXAMPLES.funnel![0];

describe("outside a kernel", () => {
  test("what would be shown is printed as text", async () => {
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    await show(figure);
    await show(table([{ a: 1 }]));
    await showMarkdown("**n = 3**");
    const live = liveFigure();
    live.update(figure);
    await live.finish(EXAMPLES.lossCurve![0]);
    const printed = write.mock.calls.map(([text]) => String(text));
    write.mockRestore();
    expect(printed).toEqual([
      expect.stringMatching(/^\[figure\] What each layer of the filter kept: n = 800 texts in, \d+ left/),
      "a\n-\n1\n",
      "**n = 3**\n",
      expect.stringMatching(/^\[figure\] Training loss: lr 1e-3: 50 steps/),
    ]);
  });
});

test.each([
  ["from $5 to $6", "from <span>\\$</span>5 to <span>\\$</span>6"],
  ["narrower ($\\sqrt{10}$ is 3.2)", "narrower ($\\sqrt{10}$ is 3.2)"],
  ["\\$5", "\\$5"],
])("an amount is no formula: %s", (markdown, shown) => expect(withMoney(markdown)).toBe(shown));

describe("a bundle", () => {
  test("holds the figure as an object, not as a string, and nothing that runs", async () => {
    const bundle = await bundleOf(figure, { png: false });
    expect(bundle[PLOTLY_MIME]).toEqual({ ...figure, config: { typesetMath: false } });
    expect(Object.keys(bundle)).toEqual([PLOTLY_MIME, "text/plain"]);
  });

  test("of a table is HTML and text", async () => {
    expect(Object.keys(await bundleOf(table([{ a: 1 }])))).toEqual(["text/html", "text/plain"]);
  });
});

const kernel = join(REPO_ROOT, ".venv", "share", "jupyter", "kernels", "tslab", "kernel.json");
const ready = existsSync(kernel) && existsSync(PYTHON);
if (!ready) console.log(`skipped: no kernel to show figures in (${kernel} is missing: npm start sets it up)`);

describe.skipIf(!ready)("in a real tslab kernel", { timeout: 360_000 }, () => {
  test("a figure is one output of three types, a live one ends as one, no browser is left", async () => {
    mkdirSync(join(REPO_ROOT, "tmp"), { recursive: true });
    // inside the repository, where "ftmodel" is found
    const folder = mkdtempSync(join(REPO_ROOT, "tmp", "show-"));
    try {
      const notebook = await execute(folder, [
        "import { explainConfig, openLab, overrideConfig, questionLengths } from 'ftmodel'; " +
          'import { liveFigure, show, showFrame, showMarkdown, showTable, toFrame } from "ftmodel";',
        `const asked = { type: "financial_concept" as const, source: "own" };
const draw = (lengths: number[], limit: number) =>
  questionLengths(lengths.map((tokens) => ({ ...asked, tokens })), limit);
await show(draw([10, 20, 20, 30], 25));`,
        `const live = liveFigure({ intervalMs: 50 });
for (let n = 1; n <= 8; n++) {
  live.update(draw(Array(n).fill(n), 9));
  await new Promise((done) => setTimeout(done, 30));
}
await live.finish(draw([1, 2, 3], 9));`,
        'await showTable([{ text: "<script>alert(1)</script>" }]); await showMarkdown("**5 %**");',
        "await showFrame(toFrame([{ type: 'a', right: true }, { type: 'a', right: false " +
          "}]).groupby(['type']).agg({ right: 'mean' }));",
        "await showTable(explainConfig(overrideConfig(openLab().config, { seed: 7 }), 'seed'));",
      ]);
      // without a browser, a stream says so
      const outputs = notebook.cells.map((cell) => cell.outputs.flatMap(({ data }) => (data ? [data] : [])));
      const types = outputs.map((cell) => cell.map((data) => Object.keys(data).sort()));
      const figureTypes = [PLOTLY_MIME, ...(findChromium() ? ["image/png"] : []), "text/plain"];
      expect(types.slice(1)).toEqual([
        [figureTypes],
        [figureTypes],
        [
          ["text/html", "text/plain"],
          ["text/markdown", "text/plain"],
        ],
        [["text/html", "text/plain"]],
        [[SETTINGS_MIME, "text/html", "text/plain"]],
      ]);
      expect(outputs[5]![0]![SETTINGS_MIME]).toMatchObject({ changed: [{ name: "seed", value: 7 }] });
      expect(outputs[1]![0]![PLOTLY_MIME]).toMatchObject({ data: [{ type: "bar" }, { type: "bar" }] });
      expect(String(outputs[2]![0]!["text/plain"])).toContain("n = 3 ");
      expect(String(outputs[3]![0]!["text/html"])).not.toContain("<script");
      expect(String(outputs[4]![0]!["text/plain"])).toMatch(/a\s+0\.5/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

interface Notebook {
  cells: { outputs: { data: Record<string, unknown> }[] }[];
}

/**
 * Runs cells in a kernel; fails when a cell fails, writes to stderr, or the kernel leaves a process behind.
 */
async function execute(folder: string, sources: readonly string[]): Promise<Notebook> {
  const cells = sources.map((source, i) => ({
    cell_type: "code",
    id: `c${i}`,
    source,
    metadata: {},
    outputs: [],
    execution_count: null,
  }));
  const notebook = {
    cells,
    metadata: { kernelspec: { name: "tslab", display_name: "TypeScript", language: "typescript" } },
    nbformat: 4,
    nbformat_minor: 5,
  };
  const [source, executed] = [join(folder, "shown.ipynb"), join(folder, "executed.ipynb")];
  writeFileSync(source, JSON.stringify(notebook));
  await promisify(execFile)(PYTHON, [
    join(REPO_ROOT, "scripts", "execute_notebook.py"),
    source,
    "--output",
    executed,
  ]).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${error.stdout}\n${error.stderr}`);
  });
  return JSON.parse(readFileSync(executed, "utf8")) as Notebook;
}
