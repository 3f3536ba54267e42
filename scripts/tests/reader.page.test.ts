/** A reader's quarter of an hour with notebook 04, in a lab so small that it takes seconds. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { openLab } from "../../lib/config/lab.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { listRuns, readRun } from "../../lib/run/run.ts";
import { randomModel } from "../../lib/testing/random-model.ts";
import { trainSft } from "../../lib/train/train.ts";
import type { CellSource } from "./lab-page.ts";
import { closeLabs, faultsOfReport, LEFT_OUT, NO_CHROMIUM, notebookOf, openInLab } from "./lab-page.ts";
import { PATIENCE_MS, runCell, startChromium, startCell } from "./lab-page.ts";

/** 4 a pass over the rows, a few hundredths of a second each: time enough to stop in the middle. */
const STEPS = 400;
const TYPED = '"sft.learningRate": 5e-4,';

afterEach(() => {
  closeLabs();
  vi.unstubAllEnvs();
});

test.skipIf(NO_CHROMIUM)(
  "a reader changes a value, sees it train, stops, goes on, compares, exports, and reads the export offline" +
    LEFT_OUT,
  { timeout: 1_200_000 },
  async () => {
    const lab = smallLab();
    const { notebooks, reports, runs } = lab.paths;
    const file = join(notebooks, "04_sft.ipynb");
    mkdirSync(notebooks, { recursive: true });
    onTestFinished(() => rmSync(notebooks, { recursive: true, force: true }));
    const own = [
      'import { compareRuns } from "ftmodel";\nawait compareRuns(lab, "sft");',
      "await exportReport();",
    ].map((source): CellSource => ({ cell_type: "code", source }));
    writeFileSync(file, notebookOf([...cellsOf04(), ...own]));
    const [usual, { page, stop }] = await Promise.all([
      trainSft(lab),
      openInLab(REPO_ROOT, relative(REPO_ROOT, file)),
    ]);
    const cell = (with_: string) => page.locator(".jp-CodeCell", { hasText: with_ });
    const [imports, config, training] = [
      cell('from "ftmodel"').first(),
      cell("openLab({"),
      cell("trainSft(lab"),
    ];

    await runCell(imports);
    await typeBehind(config, "openLab({", TYPED);
    await runCell(config);
    expect(await config.locator("tr", { hasText: "sft.learningRate" }).textContent()).toContain("0.0005");

    await startCell(training);
    await training
      .locator(".gtitle", { hasText: new RegExp(`\\d+ of ${STEPS} steps`) })
      .waitFor({ timeout: PATIENCE_MS });
    await page.locator("[data-command='notebook:interrupt-kernel']").first().click();
    await training.locator(".jp-InputPrompt", { hasText: /\[\d+\]/ }).waitFor({ timeout: PATIENCE_MS });
    const key = listRuns(lab).find((run) => run.key !== usual.key)!.key;
    expect(await said(training)).toContain(`Stopped watching run ${key}; it goes on in the background`);
    expect(await said(training)).not.toMatch(/^\s+at /m);
    expect(readRun(lab, key)).toMatchObject({ status: "running", totalSteps: STEPS });

    await runCell(training);
    await training.locator(".jp-RenderedPlotly").hover(); // a picture, until it is pointed at
    const all = new RegExp(`(?<!of )${STEPS} steps`);
    await training.locator(".gtitle", { hasText: all }).waitFor({ timeout: PATIENCE_MS });
    expect(await said(training)).toBe("");
    const run = readRun(lab, key);
    expect(run).toMatchObject({ status: "done", config: { sft: { learningRate: 5e-4 } } });
    // attached, not begun anew
    expect(run.events.filter(({ event }) => event === "start")).toHaveLength(1);
    expect(run.metrics.loss).toHaveLength(STEPS);

    const compare = cell("compareRuns(lab");
    await runCell(compare);
    const compared = await compare.locator("table").first().textContent({ timeout: PATIENCE_MS });
    for (const one of [usual.key, key]) expect(compared).toContain(one);
    await compare.locator(".jp-RenderedPlotly").first().waitFor({ timeout: PATIENCE_MS });

    await save(page, file);
    const exporting = cell("exportReport()");
    await runCell(exporting);
    const exported = await exporting.locator("table").first().textContent();
    expect(exported).toContain("saved by hand");
    expect(exported).toContain("sft.learningRate 0.0005");
    stop();

    const pages = readdirSync(reports).filter((name) => name.endsWith(".html"));
    expect(pages.sort()).toEqual(["04_sft.html", "ftmodel.html", "index.html"]);
    const browser = await startChromium();
    onTestFinished(() => browser.close());
    for (const name of ["04_sft.html", "ftmodel.html"]) {
      expect(readFileSync(join(reports, name), "utf8")).toContain(key);
      expect(await faultsOfReport(browser, join(reports, name), 2)).toEqual([]);
    }
    expect(readdirSync(runs).filter((name) => name.startsWith("sft-"))).toHaveLength(2);
  },
);

/** A workspace with twelve rows to train on and a Base of random weights. */
function smallLab() {
  const workspace = mkdtempSync(join(tmpdir(), "reader-"));
  onTestFinished(() => rmSync(workspace, { recursive: true, force: true }));
  const settings = {
    ...{ "models.base": randomModel(join(workspace, "base")), "sft.epochs": STEPS / 4 },
    ...{ "sft.batchSize": 3, "sft.gradientAccumulation": 1, "sft.maxLength": 200, "sft.saveSteps": STEPS },
  };
  const set = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  vi.stubEnv("FTMODEL_WORKSPACE", workspace);
  vi.stubEnv("FTMODEL_SET", JSON.stringify(set));
  const lab = openLab();
  const rows = Array.from({ length: 12 }, (_, n) => ({
    ...{ id: `q${n}`, prompt: `2 * ${n}?`, type: "financial_calculation" },
    response: `<think>\n2 * ${n}\n</think>\n<answer>\n${2 * n}\n</answer>`,
  }));
  mkdirSync(dirname(lab.paths.sft), { recursive: true });
  writeFileSync(lab.paths.sft, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return lab;
}

/** Title, imports, config and training of the course's own notebook. */
function cellsOf04(): CellSource[] {
  const { cells } = JSON.parse(readFileSync(join(REPO_ROOT, "notebooks", "04_sft.ipynb"), "utf8")) as {
    cells: (Omit<CellSource, "source"> & { source: string[] })[];
  };
  const all = cells.map(({ cell_type, source }) => ({ cell_type, source: source.join("") }));
  const parts = ["# 4 ·", "openLab, ", "openLab({", "const sft = await trainSft(lab,"];
  const chosen = parts.map((part) => all.find(({ source }) => source.includes(part))!);
  return chosen.map((one, i) =>
    i === 1 ? { ...one, source: `${one.source}\nimport { exportReport } from "ftmodel";` } : one,
  );
}

/** Puts the cursor at the end of the line with `start` and types another line. */
async function typeBehind(cell: Locator, start: string, typed: string): Promise<void> {
  await cell.locator(".cm-line", { hasText: start }).click();
  for (const key of ["End", "Enter"]) await cell.page().keyboard.press(key);
  await cell.page().keyboard.type(typed);
  await expect.poll(() => cell.locator(".cm-content").textContent()).toContain(typed);
}

/** What a cell wrote to stderr. */
async function said(cell: Locator): Promise<string> {
  return (await cell.locator('[data-mime-type="application/vnd.jupyter.stderr"]').allTextContents()).join("");
}

async function save(page: Page, file: string): Promise<void> {
  await vi.waitFor(
    async () => {
      await page.keyboard.press("Control+s");
      expect(readFileSync(file, "utf8")).toContain('learningRate\\": 5e-4');
    },
    { timeout: PATIENCE_MS, interval: 1000 },
  );
}
