import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REPO_ROOT, workspacePaths } from "../config/paths.ts";
import { findChromium } from "../show/browser.ts";
import { summary } from "../testing/example-evaluation.ts";
import { type ExportedReports, exportReports } from "./report.ts";

/** What runs in the page; the browser's types would hold for all of the library. */
type Untyped = any;
declare const document: Untyped;
declare const innerWidth: number;
declare const getComputedStyle: (element: Untyped) => Record<string, string>;
declare const dispatchEvent: (event: Event) => void;

const executablePath = findChromium();
const workspace = mkdtempSync(join(tmpdir(), "report-page-"));
const paths = workspacePaths(workspace);
let browser: Browser | null = null;
let exported: ExportedReports;
/** What the browser loaded beside the file itself, and what it complained of. */
let asked: string[] = [];

// In CI a missing browser is a failure, not a reason to skip.
const skipped = !executablePath && !process.env.CI;
if (skipped) console.log("skipped: no Chromium on the PATH, so no exported page is looked at");

beforeAll(async () => {
  if (skipped) return;
  mkdirSync(join(paths.reports, "notebooks"), { recursive: true });
  for (const file of globSync(join(REPO_ROOT, "notebooks", "*.ipynb")))
    cpSync(file, join(paths.reports, "notebooks", basename(file)));
  const pairs = [
    { a: "sft", b: "sft_grpo", metric: "accuracyLenient", delta: 0.06, low: 0.01, high: 0.1, p: 0.02 },
  ];
  writeFileSync(join(paths.reports, "ablation_summary_1.json"), JSON.stringify({ ...summary, pairs }));
  exported = await exportReports({ paths }, { pdf: false, saved: [] });
  browser = await chromium.launch({ executablePath: executablePath!, chromiumSandbox: false });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  rmSync(workspace, { recursive: true });
});

/** Cells of the committed notebooks whose code stands open, all of them or those of one page. */
const lessons = (page: string): number =>
  globSync(join(REPO_ROOT, "notebooks", "*.ipynb"))
    .filter((file) => page === "ftmodel.html" || page === basename(file).replace(".ipynb", ".html"))
    .reduce((sum, file) => sum + readFileSync(file, "utf8").split('"lesson"').length - 1, 0);

async function open(file: string, width: number, colorScheme: "dark" | "light"): Promise<Page> {
  const context = await browser!.newContext({ offline: true, viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  asked = [];
  const url = pathToFileURL(file).href;
  page.on("request", (request) => {
    if (request.url() !== url && !/^(?:data|blob):/.test(request.url())) asked.push(request.url());
  });
  page.on("console", (message) => message.type() === "error" && asked.push(message.text()));
  page.on("pageerror", (error) => asked.push(error.message));
  await page.goto(url);
  await page.locator("html[data-figures='drawn']").waitFor({ state: "attached", timeout: 300_000 });
  return page;
}

/** Between 0, black, and 255, white. */
const brightness = (colour: string): number => Math.max(...colour.match(/\d+/g)!.slice(0, 3).map(Number));

/** Of two colours rgb(…), 1 … 21 (WCAG 2.2: 4.5 is enough for small letters). */
function contrast(...colours: [string, string]): number {
  const [darker, lighter] = colours
    .map((colour) => {
      const [r, g, b] = colour.match(/\d+/g)!.map((part) => {
        const share = Number(part) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      }) as [number, number, number];
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    })
    .sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

describe.skipIf(skipped)("an exported page", { timeout: 400_000 }, () => {
  const looks = [390, 1400].flatMap((width) =>
    (["light", "dark"] as const).flatMap((scheme) =>
      ["05_grpo.html", "ftmodel.html"].map((file) => ({ file, width, scheme })),
    ),
  );

  test.each(looks)("$file, $width pixels wide, $scheme", async ({ file, width, scheme }) => {
    const page = await open(join(paths.reports, file), width, scheme);
    const seen = await page.evaluate(() => {
      const figures = [...(document.querySelectorAll("figure.plot") as Iterable<Untyped>)];
      return {
        sideways: document.documentElement.scrollWidth - innerWidth,
        figures: figures.length,
        drawn: figures.filter((figure) => figure.querySelector(".main-svg .plot, .main-svg .layer-above"))
          .length,
        open: document.querySelectorAll("details.code[open]").length,
        paper: getComputedStyle(document.body).backgroundColor!,
        ink: getComputedStyle(document.body).color!,
        papers: figures.map((figure) => figure.querySelector(".main-svg").style.background as string),
        nowhere: [...(document.querySelectorAll('a[href^="#"]') as Iterable<Untyped>)]
          .map((link) => link.getAttribute("href") as string)
          .filter((address) => document.getElementById(decodeURIComponent(address.slice(1))) === null),
        // of a number in a bar and of the bar
        inBars: [
          ...(document.querySelectorAll(".bars .point:has(.bartext-inside)") as Iterable<Untyped>),
        ].map(
          (bar) =>
            [".bartext-inside", "path"].map((part) => getComputedStyle(bar.querySelector(part)).fill!) as [
              string,
              string,
            ],
        ),
        cut: [...(document.querySelectorAll(".output:has(> table)") as Iterable<Untyped>)].filter(
          (output) => output.scrollWidth > output.clientWidth + 1,
        ).length,
        ids: [...(document.querySelectorAll("[id]") as Iterable<Untyped>)].map(({ id }) => id as string),
      };
    });
    expect(seen).toMatchObject({ sideways: 0, drawn: seen.figures, open: lessons(file), nowhere: [] });
    if (width === 1400) expect(seen.cut).toBe(0);
    for (const [ink, bar] of seen.inBars) expect(contrast(ink, bar)).toBeGreaterThan(4.5);
    if (file === "ftmodel.html") expect(seen.inBars.length).toBeGreaterThan(50);
    expect(new Set(seen.ids).size).toBe(seen.ids.length);
    expect(seen.figures).toBeGreaterThan(5);
    const papers = [seen.paper, ...seen.papers].map(brightness);
    if (scheme === "dark") expect(Math.max(...papers)).toBeLessThan(60);
    else expect(Math.min(...papers)).toBeGreaterThan(240);
    expect(Math.abs(brightness(seen.ink) - brightness(seen.paper))).toBeGreaterThan(150);

    // the table of contents leads to its place
    if (width === 390) await page.locator(".contents > summary").click();
    const entry = page
      .locator(".contents nav > ul > li > a, .contents nav > ul > li > details > summary > a")
      .last();
    const target = (await entry.getAttribute("href"))!;
    await entry.click();
    const top = await page.evaluate(
      (id) => document.getElementById(id)!.getBoundingClientRect().top,
      target.slice(1),
    );
    expect(top).toBeGreaterThan(-1);
    expect(top).toBeLessThan(900);

    // code opens
    const code = page.locator("details.code").first();
    await code.locator("summary").click();
    expect(await code.locator("pre").isVisible()).toBe(true);
    expect(asked).toEqual([]);
    await page.context().close();
  });

  test("of all notebooks leads out of its file only to web pages, and says what came out", async () => {
    const page = await open(exported.single, 1400, "light");
    const addresses = await page.evaluate(() =>
      [...document.querySelectorAll("[href], [src]")]
        .map((element) => element.getAttribute("href") ?? element.getAttribute("src")!)
        .filter((address) => !/^(?:#|https:\/\/|data:)/.test(address)),
    );
    expect(addresses).toEqual([]);
    expect(await page.locator("main > article").count()).toBe(exported.pages.length);
    expect(await page.locator("#outcome + ul li").allInnerTexts()).toEqual([
      "SFT + GRPO against SFT, greedy, lenient: +6.0 points [+1.0, +10.0], p = 0.020, " +
        "n = 200 questions: better.",
    ]);
    await page.context().close();
  });

  test("leads to the one before and the one after", async () => {
    const page = await open(exported.pages[4]!.html, 1400, "light");
    const links = await page
      .locator("header .neighbours a")
      .evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    expect(links).toEqual(["04_sft.html", "06_evaluate.html"]);
    await page.locator("header .neighbours a").last().click();
    await page.waitForURL(/06_evaluate\.html$/);
    await page.context().close();
  });

  test("follows the scheme and the width, and is light with its code open on paper", async () => {
    const page = await open(exported.pages[2]!.html, 1400, "dark");
    const figure = () =>
      page.evaluate(() => ({
        paper: document.querySelector(".main-svg").style.background as string,
        captioned: document.querySelectorAll("figure.captioned").length,
      }));
    await page.setViewportSize({ width: 390, height: 900 });
    await expect.poll(async () => (await figure()).captioned, { timeout: 300_000 }).toBeGreaterThan(0);
    await page.emulateMedia({ colorScheme: "light" });
    await expect
      .poll(async () => brightness((await figure()).paper), { timeout: 300_000 })
      .toBeGreaterThan(240);
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(async () => brightness((await figure()).paper), { timeout: 300_000 }).toBeLessThan(60);
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(brightness((await figure()).paper)).toBeGreaterThan(240);
    expect(await page.locator("header").isVisible()).toBe(false);
    expect(await page.locator("details.code pre").first().isVisible()).toBe(true);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
      "rgb(255, 255, 255)",
    );
    await page.context().close();
  });
});
