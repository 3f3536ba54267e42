import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { workspacePaths } from "../config/paths.ts";
import { exportReports } from "../report/report.ts";
import { findChromium } from "../show/browser.ts";
import { bundleOf } from "../show/show.ts";
import { exampleStep, writeSteps } from "../testing/example-step.ts";
import { HOSTILE, widgetPageHtml } from "../testing/explore-rows.ts";
import type { Widget } from "../widget/widget.ts";
import { insideStep } from "./inside.ts";

const executablePath = findChromium();
if (!executablePath)
  console.log("skipped: no Chromium on the PATH (set CHROME, or install the package chromium)");

const folder = mkdtempSync(join(tmpdir(), "inside-page-"));
const run = writeSteps(folder, [exampleStep()]);
let browser: Browser;
beforeAll(async () => {
  if (executablePath) browser = await chromium.launch({ executablePath, chromiumSandbox: false });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

const opened = (): Widget => insideStep(run) as Widget;

/** A page without a network. */
async function open(html: string, size = { width: 1400, height: 900 }): Promise<Page> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.html`);
  writeFileSync(file, html);
  const context = await browser.newContext({ offline: true, viewport: size });
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  return page;
}

const live = async (page: Page): Promise<Page> => {
  await page.locator(".ftmodel-inside[data-widget=live]").first().waitFor();
  return page;
};
const token = (page: Page, answer: number, at: number) =>
  page.locator("article").nth(answer).locator(`[data-at="${at}"]`);
/** Of a token: tone and strength of its colour, 0 to 1. */
const colour = async (page: Page, answer: number, at: number): Promise<[string | null, number]> => {
  const found = token(page, answer, at);
  const style = (await found.getAttribute("style")) ?? "";
  return [await found.getAttribute("data-tone"), Number(/--by: ?([\d.]+)/.exec(style)?.[1])];
};

describe.skipIf(!executablePath)("a step in a real Chromium", { timeout: 120_000 }, () => {
  test("offers a question by what it asks, not by the report before it", async () => {
    const step = exampleStep({ step: 70 });
    step.questions[0]!.question = `Context: ${"Sales rose. ".repeat(30)}\nQuestion: By how much?`;
    const view = insideStep(writeSteps(folder, [step]), { step: 70 }) as Widget;
    const page = await live(await open(await widgetPageHtml(view)));
    const offered = await page.locator("select option").allTextContents();
    expect(offered.some((text) => /paid 0\.3 to 1 · Question: By how much\?$/.test(text))).toBe(true);
    expect(offered.join()).not.toContain("Context");
    expect(await page.locator(".inside-question").textContent()).toMatch(/^Context: |Sales rose/);
    await page.context().close();
  });

  test("shows the answers of a question, the best paid first, coloured by what is chosen", async () => {
    const page = await live(await open(await widgetPageHtml(opened())));
    expect(await page.locator("article header").allTextContents()).toEqual([
      "1 of 2: reward 1 (format 1, accuracy 1), advantage +1.2, 9 tokens",
      "1 of 2: reward 0.3 (format 1, accuracy 0), advantage −1.2, 9 tokens",
    ]);
    expect(await page.locator(".inside-reading").textContent()).toContain("Step 10 moved 8 of 23 tokens");
    expect(await colour(page, 0, 0)).toEqual(["more", 1]);
    expect((await colour(page, 0, 2))[1]).toBeLessThan(0.2);
    const [tone, strength] = await colour(page, 1, 0);
    expect(tone).toBe("less");
    expect(strength).toBeCloseTo(Math.sqrt(0.3 / 0.33), 6); // full is the largest
    await page.getByLabel("advantage").check();
    expect(await colour(page, 0, 1)).toEqual(["more", 1]);
    expect(await colour(page, 1, 1)).toEqual(["less", 1]);
    await page.getByLabel("clipped").check();
    expect(await page.locator(".inside-key").textContent()).toContain("8 of 23 tokens");
    expect(await colour(page, 0, 1)).toEqual(["more", 0]);
    await page.getByLabel("share of the gradient").check();
    expect(await page.locator(".inside-key").textContent()).toMatch(/^0[\d.]+ %/);
    await page.context().close();
  });

  test("a clicked token shows the formula; arrow keys go on, and a notebook hears none", async () => {
    const page = await live(await open(await widgetPageHtml(opened())));
    await page.evaluate("document.addEventListener('keydown', () => { globalThis.heard = true; })");
    await token(page, 0, 3).click();
    const formula = page.locator("article").first().locator(".inside-formula");
    expect(await formula.textContent()).toContain("␣/ token 4 of 9, number 103");
    // p = exp(−1.9), then 0.3 more; A 1.2, 9 tokens, 4 answers
    expect(await formula.textContent()).toContain("p: 14.96 % → 20.6 %");
    expect(await formula.textContent()).toContain("/ (9 × 4)");
    expect(await formula.textContent()).toContain("pushed this token up, and it has become more likely");
    for (const key of ["ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    expect(await formula.textContent()).toContain("token 6 of 9");
    await token(page, 1, 0).click();
    expect(await page.locator(".inside-formula:visible").count()).toBe(1);
    await page.keyboard.press("Escape");
    expect(await page.locator(".inside-formula:visible").count()).toBe(0);
    expect(await page.evaluate("globalThis.heard ?? null")).toBeNull();
    await page.context().close();
  });

  test("what a model or a file wrote is text; a character's parts and special tokens are seen", async () => {
    // without the content policy: nothing but the block itself protects the reader
    const html = (await widgetPageHtml(opened())).replace(/<meta http-equiv[^>]*>/, "");
    const page = await live(await open(html));
    await page.locator("select").selectOption({ index: 1 });
    expect(await page.locator(".inside-question").textContent()).toContain(HOSTILE.slice(0, 60));
    expect(await page.locator(".inside-gold").textContent()).toBe("gold: <b>46%</b>");
    expect(await page.locator("article").first().locator(".inside-token").allTextContents()).toEqual([
      "毛利率",
      "▫",
      "👍",
      HOSTILE.replace("\u202E", "⟨U+202E⟩"),
      "<|im_end|>",
    ]);
    await token(page, 0, 3).click();
    expect(await page.locator(".inside-formula:visible code").textContent()).toContain("<img␣src=x");
    expect(await page.locator(".inside-special").count()).toBe(1);
    expect(await page.locator(".inside-live img, .inside-live script, .inside-live b b").count()).toBe(0);
    expect(await page.evaluate("globalThis.owned ?? null")).toBeNull();
    await token(page, 1, 0).click();
    expect(await page.locator(".inside-formula:visible").textContent()).toContain("left out of the loss");
    await page.context().close();
  });

  test("where no script may run, and with damaged numbers, the plain table stands", async () => {
    const html = await widgetPageHtml(opened());
    const still = await open(html.replace(/script-src [^;]*/, "script-src 'none'"));
    expect(await still.locator(".widget-static tbody tr").count()).toBe(4);
    expect(await still.locator(".inside-live").count()).toBe(0);
    const damaged = await open(html.replace(/(class="widget-data">.{40}).{40}/, "$1"));
    await damaged.locator("[data-widget=failed]").waitFor();
    expect(await damaged.locator(".widget-static table").isVisible()).toBe(true);
    await still.context().close();
    await damaged.context().close();
  });

  test("fits a phone, its formula, too", async () => {
    const page = await live(await open(await widgetPageHtml(opened()), { width: 390, height: 800 }));
    await token(page, 0, 3).click();
    for (const index of [0, 1]) {
      await page.locator("select").selectOption({ index });
      await token(page, 0, 3).click();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    }
    await page.context().close();
  });

  test("works in an exported report, its script there once and no other", async () => {
    const paths = workspacePaths(join(folder, "workspace"));
    const output = { output_type: "display_data", data: await bundleOf(opened()), metadata: {} };
    const cells = [
      { cell_type: "markdown", source: "# What does one step do?" },
      { cell_type: "code", source: "1", execution_count: 1, outputs: [output, output] },
    ];
    mkdirSync(join(paths.reports, "notebooks"), { recursive: true });
    writeFileSync(join(paths.reports, "notebooks", "05_grpo.ipynb"), JSON.stringify({ cells }));
    const { pages } = await exportReports({ paths }, { pdf: false });
    const html = readFileSync(pages[0]!.html, "utf8");
    expect(html.match(/<script/g)).toHaveLength(3); // twice numbers, once the script
    const page = await live(await open(html));
    await page.locator(".ftmodel-inside[data-widget=live]").nth(1).waitFor();
    // the two blocks are chosen in apart from each other
    await page.getByLabel("advantage").first().check();
    expect(await page.getByLabel("moved").nth(1).isChecked()).toBe(true);
    await token(page, 0, 0).click();
    expect(await page.locator(".inside-formula:visible").count()).toBe(1);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".widget-static").first().isVisible()).toBe(true);
    await page.context().close();
  });
});
