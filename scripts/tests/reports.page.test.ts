import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { describe, expect, test } from "vitest";
import { findChromium } from "../../lib/show/browser.ts";

/** What the notebooks suite of `npm test` left behind. */
const reports = process.env.FTMODEL_TEST_WORKSPACE
  ? join(process.env.FTMODEL_TEST_WORKSPACE, "reports")
  : null;
const pages =
  reports && existsSync(reports) ? readdirSync(reports).filter((name) => name.endsWith(".html")) : [];
const executablePath = findChromium();

describe.skipIf(pages.length === 0)(
  "the reports that npm start " +
    `made${pages.length > 0 ? "" : " (skipped: run by npm test after the notebooks)"}`,
  () => {
    // In CI a missing browser is a failure, not a reason to skip.
    test.skipIf(!executablePath && !process.env.CI)(
      "open from disk with the network off, draw every figure, fit a phone and ask for " +
        `nothing${executablePath ? "" : " (no Chromium found)"}`,
      { timeout: 480_000 },
      async () => {
        const browser = await chromium.launch({ executablePath: executablePath!, chromiumSandbox: false });
        const context = await browser.newContext({ offline: true });
        const asked: string[] = [];
        const errors: string[] = [];
        const sideways: string[] = [];
        context.on(
          "request",
          (request) => /^(file|data|blob):/.test(request.url()) || asked.push(request.url()),
        );
        for (const name of pages) {
          const page = await context.newPage();
          page.on(
            "console",
            (message) => message.type() === "error" && errors.push(`${name}: ${message.text()}`),
          );
          page.on("pageerror", (error) => errors.push(`${name}: ${error.message}`));
          await page.goto(pathToFileURL(join(reports!, name)).href);
          // By selector: the page's security policy forbids waitForFunction's eval.
          if (figuresOf(name) > 0)
            await page
              .locator(".js-plotly-plot")
              .nth(figuresOf(name) - 1)
              .waitFor({ state: "attached", timeout: 60_000 });
          await page.setViewportSize({ width: 390, height: 900 });
          const width = await page.evaluate(
            () => (globalThis as unknown as Window).document.documentElement.scrollWidth,
          );
          if (width > 390) sideways.push(`${name}: ${width} pixels`);
          await page.close();
        }
        await browser.close();
        expect({ asked, errors, sideways }).toEqual({ asked: [], errors: [], sideways: [] });
        expect(pages).toContain("index.html");
        expect(pages).toContain("ftmodel.html");
      },
    );
  },
);

interface Window {
  document: { documentElement: { scrollWidth: number } };
}

/** Figures of the executed notebook behind a page. */
function figuresOf(page: string): number {
  const notebook = join(reports!, "notebooks", page.replace(/\.html$/, ".ipynb"));
  if (!existsSync(notebook)) return 0;
  const { cells } = JSON.parse(readFileSync(notebook, "utf8")) as {
    cells: { outputs?: { data?: Record<string, unknown> }[] }[];
  };
  return cells
    .flatMap((cell) => cell.outputs ?? [])
    .filter((output) => output.data?.["application/vnd.plotly.v1+json"]).length;
}
