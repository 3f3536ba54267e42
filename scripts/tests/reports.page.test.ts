import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { faultsOfReport, LEFT_OUT, LOOKS, NO_CHROMIUM, startChromium } from "./lab-page.ts";

/** What the notebooks suite of `npm test` left behind. */
const reports = process.env.FTMODEL_TEST_WORKSPACE
  ? join(process.env.FTMODEL_TEST_WORKSPACE, "reports")
  : null;
const pages =
  reports && existsSync(reports) ? readdirSync(reports).filter((name) => name.endsWith(".html")) : [];

/** A phone by day and a screen by night: a report of one page is tried in all four (reader.page.test.ts). */
const FAR_APART = [LOOKS.at(0)!, LOOKS.at(-1)!];

describe.skipIf(pages.length === 0)(
  "the reports that npm start " +
    `made${pages.length > 0 ? "" : " (skipped: run by npm test after the notebooks)"}`,
  () => {
    test.skipIf(NO_CHROMIUM)(
      "open from disk with the network off, draw every figure, fit a phone, follow the reader's scheme and " +
        `ask for nothing${LEFT_OUT}`,
      { timeout: 900_000 },
      async () => {
        const browser = await startChromium();
        onTestFinished(() => browser.close());
        const faults: string[] = [];
        for (const name of pages)
          faults.push(...(await faultsOfReport(browser, join(reports!, name), figuresOf(name), FAR_APART)));
        expect(faults).toEqual([]);
        expect(pages).toEqual(expect.arrayContaining(["index.html", "ftmodel.html"]));
        // an attachment that mail servers let through
        expect(statSync(join(reports!, "ftmodel.html")).size).toBeLessThan(12e6);
      },
    );
  },
);

/** Figures of the executed notebook behind a page; of all of them for the page that holds all. */
function figuresOf(page: string): number {
  if (page === "index.html" || page === "ftmodel.html")
    return pages.reduce((sum, one) => sum + (/^\d/.test(one) ? figuresOf(one) : 0), 0);
  const notebook = join(reports!, "notebooks", page.replace(/\.html$/, ".ipynb"));
  if (!existsSync(notebook)) return 0;
  const { cells } = JSON.parse(readFileSync(notebook, "utf8")) as {
    cells: { outputs?: { data?: Record<string, unknown> }[] }[];
  };
  return cells
    .flatMap((cell) => cell.outputs ?? [])
    .filter((output) => output.data?.["application/vnd.plotly.v1+json"]).length;
}
