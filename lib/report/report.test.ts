import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { closeBrowser, findChromium, type Page, withBrowser } from "../show/browser.ts";
import { LabError } from "../errors.ts";
import { workspacePaths } from "../config/paths.ts";
import { exportReports } from "./report.ts";
import { sideBySide } from "../view/sample-view.ts";
import { table } from "../view/table.ts";
import { bundleOf } from "../show/show.ts";
import { summary } from "../testing/example-evaluation.ts";
import { EXAMPLES } from "../testing/example-figures.ts";

const workspace = mkdtempSync(join(tmpdir(), "report-"));
const paths = workspacePaths(workspace);
const notebooks = join(paths.reports, "notebooks");
const created = new Date("2026-11-22T10:00:00Z");
afterAll(async () => {
  await closeBrowser();
  rmSync(workspace, { recursive: true });
});

const HOSTILE =
  "</script><script>globalThis.owned = 1</script><img src=x onerror='globalThis.owned = 2'>\u202E\u001B[31m";

async function writeNotebook(name: string, more: object[] = []): Promise<void> {
  const display = (data: object) => ({ output_type: "display_data", data, metadata: {} });
  const figure = {
    ...EXAMPLES.funnel![0],
    data: [
      ...EXAMPLES.funnel![0].data,
      { type: "bar", name: HOSTILE, x: [1], y: ["judge"], orientation: "h" },
    ],
  };
  const cells = [
    {
      cell_type: "markdown",
      source: [
        "# What does the filter keep?\n",
        "\n",
        `From $\\bar r$ to <script>globalThis.owned = 3</script>`,
      ],
    },
    {
      cell_type: "code",
      source: "await show(funnel(layers));",
      execution_count: 1,
      outputs: [display(await bundleOf(figure, { png: false }))],
    },
    {
      cell_type: "code",
      source: "await show(deltas(rows));",
      execution_count: 2,
      outputs: [display(await bundleOf(EXAMPLES.deltas![0], { png: false }))],
    },
    {
      cell_type: "code",
      source: "await show(answers);",
      execution_count: 3,
      outputs: [
        display(await bundleOf(sideBySide([{ title: "Base", text: HOSTILE }]))),
        display({ "text/html": HOSTILE }),
        ...more,
      ],
    },
  ];
  mkdirSync(notebooks, { recursive: true });
  writeFileSync(
    join(notebooks, `${name}.ipynb`),
    JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }),
  );
}

beforeEach(() => rmSync(paths.reports, { recursive: true, force: true }));

describe("reports", () => {
  test("without an executed notebook say what to run", async () => {
    await expect(exportReports({ paths }, { pdf: false })).rejects.toThrow(/npm start/);
  });

  test("hold plotly.js once, no address to load from, and keep model text as text", async () => {
    await writeNotebook("03_filter");
    const { pages, index } = await exportReports({ paths }, { pdf: false, created });
    const html = readFileSync(pages[0]!.html, "utf8");
    expect(html.match(/plotly\.js v\d/g)!.length).toBe(1);
    expect(html.match(/<script/g)!.length).toBe(4); // plotly.js, what draws, two figures' JSON
    expect(html).not.toMatch(/<(?:script|link|img|iframe)[^>]+(?:src|href)="(?!data:)/);
    expect(html).toContain("&lt;/script&gt;&lt;script&gt;");
    expect(readFileSync(index, "utf8").match(/plotly\.js v\d/g)!.length).toBe(1);
  });

  test("of a failed notebook are written and marked", async () => {
    await writeNotebook("03_filter", [
      { output_type: "stream", name: "stderr", text: "LabError: no rows\n" },
    ]);
    await writeNotebook("04_sft");
    const { index } = await exportReports({ paths }, { pdf: false });
    const rows = readFileSync(index, "utf8").match(/<tr><td><a href="#.*?<\/tr>/gs)!;
    expect(rows.map((row) => /class="badge ?(\w*)"/.exec(row)![1])).toEqual(["bad", ""]);
  });

  test("a notebook that is cut in half is named", async () => {
    await writeNotebook("03_filter");
    const file = join(notebooks, "03_filter.ipynb");
    writeFileSync(file, readFileSync(file, "utf8").slice(0, 400));
    await expect(exportReports({ paths }, { pdf: false })).rejects.toThrow(LabError);
    await expect(exportReports({ paths }, { pdf: false })).rejects.toThrow(/03_filter\.ipynb/);
  });

  test("the index shows the newest ablation and when each notebook ran", async () => {
    await writeNotebook("08_ablation");
    writeFileSync(join(paths.reports, "ablation_summary_2026-01.json"), "{}");
    writeFileSync(join(paths.reports, "ablation_summary_2026-11.json"), JSON.stringify(summary));
    writeFileSync(
      join(notebooks, "executed.json"),
      JSON.stringify({ "08": { key: "k", finished: "2026-11-22T09:58:00Z", seconds: 61.4, wrote: {} } }),
    );
    const { index } = await exportReports({ paths }, { pdf: false, created });
    const html = readFileSync(index, "utf8");
    expect(html).toContain("0.86 [0.80, 0.91]");
    expect(html).toContain("in 61 s");
    expect(html).toContain("No run yet");
  });
});

const chromium = findChromium();
if (!chromium)
  console.log(
    "skipped: no Chromium on the PATH, so no report is opened in one (set CHROME, or install the " +
      "package chromium)",
  );

describe.skipIf(!chromium)(
  "a report in Chromium, from disk, with the network off",
  { timeout: 300_000 },
  () => {
    interface Watched extends Page {
      on(
        event: "request" | "pageerror" | "console",
        handle: (event: { url(): string; text(): string; message: string }) => void,
      ): void;
    }

    test("draws its figures, asks for nothing, and runs nothing that a model wrote", async () => {
      await writeNotebook("03_filter");
      const { pages } = await exportReports({ paths }, { pdf: false });
      await withBrowser(async (openPage) => {
        const page = (await openPage()) as Watched;
        const requests: string[] = [];
        const errors: string[] = [];
        page.on("request", (request) => requests.push(request.url()));
        page.on("pageerror", (error) => errors.push(error.message));
        const url = pathToFileURL(pages[0]!.html).href;
        await page.goto(url);
        await page.locator("html[data-figures='drawn']").waitFor({ state: "attached", timeout: 300_000 });
        const seen = await page.evaluate(() => {
          const { document, owned } = globalThis as unknown as {
            document: {
              querySelectorAll(q: string): { length: number };
              querySelector(q: string): { textContent: string };
            };
            owned?: number;
          };
          const drawn = document.querySelectorAll("figure.plot .js-plotly-plot svg.main-svg").length;
          return {
            drawn,
            places: document.querySelectorAll("figure.plot .js-plotly-plot").length,
            owned: owned ?? null,
            title: document.querySelector(".gtitle").textContent,
          };
        }, null);
        expect(seen).toMatchObject({
          places: 2,
          owned: null,
          title: expect.stringContaining("What each layer of the filter kept"),
        });
        expect(seen.drawn).toBeGreaterThanOrEqual(2);
        expect(requests.filter((address) => !/^(?:data|blob):/.test(address))).toEqual([url]);
        expect(errors).toEqual([]);
        await page.close();
      });
    });

    test("shows a table of nine columns whole, and a narrow one under a caption of one line", async () => {
      const share = { value: 0.72, low: 0.65, high: 0.78 };
      const wide = {
        "source of the questions": "finance-basics",
        n: 200,
        format: share,
        "greedy, lenient": share,
        "greedy, strict": share,
        "sampled, strict": share,
        "right or undecided by the rules": 12,
        "Judge, of 20": 19.93,
        "tokens an answer": 48,
      };
      const views = [
        table([wide, wide]),
        table([{ ms: 30, piece: "<" }], undefined, { caption: "The first of 48 pieces, with their times" }),
      ];
      await writeNotebook(
        "03_filter",
        await Promise.all(
          views.map(async (view) => ({
            output_type: "display_data",
            data: await bundleOf(view),
            metadata: {},
          })),
        ),
      );
      const { pages } = await exportReports({ paths }, { pdf: false });
      await withBrowser(async (openPage) => {
        const page = await openPage();
        await page.setViewportSize({ width: 1280, height: 900 });
        await page.goto(pathToFileURL(pages[0]!.html).href);
        const { cut, caption } = await page.evaluate(() => {
          interface Box {
            scrollWidth: number;
            clientWidth: number;
            clientHeight: number;
          }
          const { document } = globalThis as unknown as {
            document: { querySelectorAll(q: string): Iterable<Box>; querySelector(q: string): Box };
          };
          return {
            cut: [...document.querySelectorAll(".output")].filter((box) => box.scrollWidth > box.clientWidth)
              .length,
            caption: document.querySelector(".ftmodel-table caption").clientHeight,
          };
        }, null);
        expect(cut).toBe(0);
        expect(caption).toBeLessThan(40);
        await page.close();
      });
    });

    test("prints as PDF", async () => {
      await writeNotebook("03_filter");
      const { pages } = await exportReports({ paths });
      expect(existsSync(pages[0]!.pdf!)).toBe(true);
      const pdf = readFileSync(pages[0]!.pdf!);
      expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
      expect(pdf.length).toBeGreaterThan(20_000);
    });
  },
);
