/** JupyterLab and reports in headless Chromium, as the page tests drive them. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import type { Browser, Locator, Page } from "playwright-core";
import { PAPER } from "../../lib/report/draw.ts";
import { findChromium } from "../../lib/show/browser.ts";
import { startJupyterLab, stopJupyterLab } from "../pipeline/jupyter.ts";

const executablePath = findChromium();

/** Why a test of a page is left out here; false where it is not. In CI a missing browser is a failure. */
export const NO_CHROMIUM: string | false = !executablePath && !process.env.CI ? "no Chromium found" : false;

/** Behind a test's name: why it is left out. */
export const LEFT_OUT = NO_CHROMIUM ? ` (${NO_CHROMIUM})` : "";

/**
 * A loaded machine is three times as slow as an idle one, and starts a server and a kernel in half a minute.
 */
export const PATIENCE_MS = 180_000;

export interface OpenedLab {
  page: Page;
  server: ChildProcess;
  port: number;
  /** What the server has written to the terminal. */
  said: () => string;
  /** Ends server, kernels and browser. */
  stop: () => void;
}

const opened: (() => void)[] = [];

/** Ends all that `openInLab` has started and `stop` has not ended: for afterEach. */
export function closeLabs(): void {
  for (const stop of opened.splice(0)) stop();
}

export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath!, chromiumSandbox: false });
}

/** JupyterLab on `root` with a notebook open and its kernel idle. */
export async function openInLab(root: string, path: string): Promise<OpenedLab> {
  const { server, port } = await serveLab(root, path, "pipe");
  const lines: string[] = [];
  for (const stream of [server.stdout!, server.stderr!])
    stream.setEncoding("utf8").on("data", (text: string) => void lines.push(text));
  const browser = await startChromium();
  const stop = () => {
    stopJupyterLab(server);
    void browser.close();
  };
  opened.push(stop);
  await answers(port);
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await page.goto(labUrl(port, path));
  await page.locator(".jp-Notebook .jp-CodeCell").first().waitFor({ timeout: PATIENCE_MS });
  await page.getByText("TypeScript | Idle").waitFor({ timeout: PATIENCE_MS });
  return { page, server, port, said: () => lines.join(""), stop };
}

/** The server alone, on a free port; it may not answer yet (`answers`). */
export async function serveLab(root: string, path: string, stdio: "pipe" | "ignore") {
  const port = await freePort();
  const options = ["--no-browser", `--port=${port}`, "--IdentityProvider.token=check"];
  return { server: startJupyterLab(root, path, options, stdio), port };
}

export function labUrl(port: number, path: string): string {
  return `http://127.0.0.1:${port}/lab/tree/${path}?token=check&reset`;
}

export async function runAll(page: Page): Promise<void> {
  await page.getByRole("menuitem", { name: "Run", exact: true }).click();
  await page.getByRole("menuitem", { name: "Run All Cells", exact: true }).click();
}

/** Runs one cell by Ctrl+Enter and waits until it is done: its prompt has a number again. */
export async function runCell(cell: Locator): Promise<void> {
  await startCell(cell);
  await cell.locator(".jp-InputPrompt", { hasText: /\[\d+\]/ }).waitFor({ timeout: PATIENCE_MS });
}

/** Runs one cell by Ctrl+Enter and waits until it is under way. */
export async function startCell(cell: Locator): Promise<void> {
  const prompt = cell.locator(".jp-InputPrompt");
  const before = await prompt.textContent();
  await cell.locator(".cm-content").click();
  await cell.page().keyboard.press("Control+Enter");
  await prompt.and(cell.page().locator(`:not(:text-is("${before}"))`)).waitFor({ timeout: PATIENCE_MS });
}

export interface CellSource {
  cell_type: "code" | "markdown";
  source: string;
  outputs?: object[];
}

/** A notebook for our kernel, as JSON. */
export function notebookOf(cells: readonly CellSource[]): string {
  return JSON.stringify({
    cells: cells.map(({ cell_type, source, outputs = [] }, index) => ({
      ...{ cell_type, id: `c${index}`, metadata: {}, source },
      ...(cell_type === "code" && { execution_count: null, outputs }),
    })),
    metadata: { kernelspec: { name: "tslab", display_name: "TypeScript", language: "typescript" } },
    nbformat: 4,
    nbformat_minor: 5,
  });
}

export async function answers(port: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/api?token=check`).catch(() => null);
    if (response?.ok) return;
    if (Date.now() > deadline) throw new Error(`no answer from port ${port} in ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** The widths and schemes in which a report must hold: a phone and a screen, by day and by night. */
export const LOOKS = [390, 1400].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme })),
);

/**
 * Opens a report from disk with the network off, in each of `looks`, and waits until its figures are drawn.
 * Returns what is wrong: requests that leave the disk, errors on the console and of scripts, figures
 * that are missing, names under an axis that overlap, a page wider than its window, a scheme that is not
 * followed, an output that paper cuts.
 */
export async function faultsOfReport(
  browser: Browser,
  file: string,
  figures: number,
  looks = LOOKS,
): Promise<string[]> {
  const faults: string[] = [];
  for (const { width, colorScheme } of looks) {
    const viewport = { width, height: 900 };
    const context = await browser.newContext({ offline: true, colorScheme, viewport });
    const note = (what: string) => faults.push(`${basename(file)}, ${width} px, ${colorScheme}: ${what}`);
    context.on("request", (request) => /^(file|data|blob):/.test(request.url()) || note(request.url()));
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && note(message.text()));
    page.on("pageerror", (error) => note(error.message));
    await page.goto(pathToFileURL(file).href);
    // By selector: the page's security policy forbids waitForFunction's eval.
    if (figures > 0)
      await page.locator("[data-figures=drawn]").waitFor({ state: "attached", timeout: PATIENCE_MS });
    const drawn = await page.locator("figure.plot .js-plotly-plot .main-svg:first-child").count();
    if (drawn < figures) note(`${drawn} of ${figures} figures`);
    if (width < 600) for (const names of await overlapping(page)) note(`names that overlap: ${names}`);
    const { wide, background } = await page.evaluate(() => {
      const { document, getComputedStyle } = globalThis as unknown as PageWindow;
      const { backgroundColor: background } = getComputedStyle(document.body);
      return { wide: document.documentElement.scrollWidth, background };
    });
    if (wide > width) note(`${wide} pixels wide`);
    if ((background === "rgb(255, 255, 255)") !== (colorScheme === "light")) note(`paper ${background}`);
    await context.close();
  }
  for (const table of await wideOnPaper(browser, file)) faults.push(`${basename(file)}, on paper: ${table}`);
  return faults;
}

/** The first words of each output that is wider than a printed page, which cuts it. */
async function wideOnPaper(browser: Browser, file: string): Promise<string[]> {
  const page = await browser.newPage({ viewport: { width: PAPER, height: 1000 }, javaScriptEnabled: false });
  await page.emulateMedia({ media: "print" });
  await page.goto(pathToFileURL(file).href);
  const wide = await page
    .locator(".output, .scroll")
    .evaluateAll((all) =>
      all
        .filter((one) => one.scrollWidth > one.clientWidth + 1)
        .map((one) => `${one.scrollWidth} of ${one.clientWidth} px: ${one.textContent?.trim().slice(0, 60)}`),
    );
  await page.close();
  return wide;
}

/** Neighbours under an x axis of which one stands upon the other; for names that are level or upright. */
async function overlapping(page: Page): Promise<string[]> {
  const axes = await page.locator("figure.plot .xaxislayer-above").evaluateAll((all) =>
    all.map((axis) =>
      [...axis.querySelectorAll(".xtick text")].map((text) => {
        const { left, right } = text.getBoundingClientRect();
        return { name: text.textContent, left, right };
      }),
    ),
  );
  return axes.flatMap((names) =>
    names
      .toSorted((a, b) => a.left - b.left)
      .flatMap(({ name, left }, i, all) => {
        const before = all[i - 1];
        return before && before.right - left > 2 ? [`${before.name} / ${name}`] : [];
      }),
  );
}

interface PageWindow {
  document: { documentElement: { scrollWidth: number }; body: object };
  getComputedStyle: (element: object) => { backgroundColor: string };
}
