import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { workspacePaths } from "../config/paths.ts";
import { readQuestions } from "../prepare/read-questions.ts";
import { exportReports } from "../report/report.ts";
import { findChromium } from "../show/browser.ts";
import { bundleOf } from "../show/show.ts";
import { answersToExplore, widgetPageHtml, HOSTILE } from "../testing/explore-rows.ts";
import { type Explorer, type ExploreOptions, explore } from "./explore.ts";

const executablePath = findChromium();
if (!executablePath)
  console.log("skipped: no Chromium on the PATH (set CHROME, or install the package chromium)");

const folder = mkdtempSync(join(tmpdir(), "explore-"));
let browser: Browser;
beforeAll(async () => {
  if (executablePath) browser = await chromium.launch({ executablePath, chromiumSandbox: false });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

const answers = (count: number, options: ExploreOptions = {}): Explorer =>
  explore(answersToExplore(count), { caption: "Answers", name: "answers", maxRows: Infinity, ...options });

/** A page without a network that keeps what is copied in `globalThis.copied`. */
async function open(html: string, hash = "", size = { width: 1400, height: 900 }): Promise<Page> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.html`);
  writeFileSync(file, html);
  return openFile(file, hash, size);
}

async function openFile(file: string, hash = "", size = { width: 1400, height: 900 }): Promise<Page> {
  const context = await browser.newContext({ offline: true, viewport: size, acceptDownloads: true });
  const page = await context.newPage();
  await page.addInitScript(
    "const writeText = async (text) => { globalThis.copied = text; };" +
      "Object.defineProperty(navigator, 'clipboard', { value: { writeText } })",
  );
  await page.goto(pathToFileURL(file).href + hash);
  return page;
}

const live = async (page: Page): Promise<Page> => {
  await page.locator(".ftx[data-widget=live]").first().waitFor();
  return page;
};
const global = (page: Page, name: string): Promise<unknown> => page.evaluate(`globalThis.${name} ?? null`);
const row = (page: Page, at: number) => page.locator(`.ftx-row[data-at="${at}"]`);
const count = (page: Page) => page.locator(".ftx-count").textContent();
const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });

describe.skipIf(!executablePath)("the explorer in a real Chromium", { timeout: 120_000 }, () => {
  test("searches, sorts and filters, with counts that add up", async () => {
    const page = await live(await open(await widgetPageHtml(answers(300))));
    expect(await count(page)).toBe("300 rows");
    await page.getByRole("searchbox").fill("毛利率是多少 SFT");
    expect(await count(page)).toBe("40 of 300 rows");
    await page.locator("label", { hasText: /^SFT20$/ }).click();
    expect(await count(page)).toBe("20 of 300 rows");
    await button(page, "Clear").click();
    expect(await count(page)).toBe("300 rows");
    await page.getByRole("columnheader", { name: "tokens" }).click();
    await page.getByRole("columnheader", { name: "tokens" }).click();
    await expect.poll(() => row(page, 0).textContent()).toContain("129");
    await page.context().close();
  });

  test("opens a row: question, gold beside the verdict, marked text, the other arms' answers", async () => {
    const page = await live(await open(await widgetPageHtml(answers(300))));
    await row(page, 4).click();
    const panel = page.locator(".ftx-detail");
    expect(await panel.locator(".ftx-question").textContent()).toContain("Company 1: revenue is $13");
    expect(await panel.locator(".ftx-gold").textContent()).toContain("46.2%");
    expect(await panel.locator("mark").first().textContent()).toMatch(/^(46\.2|54)%$/);
    expect(await panel.locator(".ftx-facts").textContent()).toMatch(/tokens.*reward.*advantage/);
    expect(await panel.locator("article").count()).toBe(2);
    await panel.locator("article button").last().click();
    expect(await panel.locator(".ftx-facts").textContent()).toContain("SFT + GRPO");
    await page.context().close();
  });

  test("goes by keys alone, and a notebook's shortcuts hear none of them", async () => {
    const page = await live(await open(await widgetPageHtml(answers(300))));
    await page.evaluate("document.addEventListener('keydown', () => { globalThis.heard = true; })");
    await page.locator(".ftx-grid").focus();
    for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
    expect(await row(page, 2).getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("ArrowDown");
    expect(await row(page, 3).getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("End");
    expect(await page.locator(".ftx-open").getAttribute("data-at")).toBe("299");
    await page.keyboard.press("Escape");
    expect(await page.locator(".ftx-detail").count()).toBe(0);
    await page.keyboard.press("/");
    await page.keyboard.type("bond");
    expect(await page.getByRole("searchbox").inputValue()).toBe("bond");
    expect(await global(page, "heard")).toBeNull();
    await page.context().close();
  });

  test("a link holds the state; what is shown is copied as JSON lines", async () => {
    const html = await widgetPageHtml(answers(300));
    const page = await live(await open(html));
    await page.getByRole("searchbox").fill('"company 7:"');
    await page.locator("label", { hasText: /^wrong\d/ }).click();
    await row(page, 0).click();
    await button(page, "Copy as JSONL").click();
    const copied = String(await global(page, "copied"));
    expect(
      copied
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual(["q_7"]);
    await button(page, "Copy link").click();
    const link = String(await global(page, "copied"));
    const hash = link.slice(link.indexOf("#"));
    for (const again of [
      await open(html, hash),
      await open(await widgetPageHtml(answers(300, { state: link }))),
    ]) {
      await live(again);
      expect(await count(again)).toBe("1 of 300 rows");
      expect(await again.locator(".ftx-detail").count()).toBe(1);
      await again.context().close();
    }
    await page.context().close();
  });

  test("what the reader corrects is downloaded, and the loader of sources takes it", async () => {
    const page = await live(await open(await widgetPageHtml(answers(300))));
    await row(page, 0).click();
    await page.locator("[data-field=gold]").fill("50%");
    await page.locator("[data-field=note]").fill("20 / 40");
    await button(page, "Keep").click();
    await button(page, "Next row").click();
    await page.locator("[data-field=verdict]").selectOption("wrong");
    await page.locator("[data-field=note]").press("Enter");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      button(page, "Download 2 corrections").click(),
    ]);
    const file = join(folder, download.suggestedFilename());
    await download.saveAs(file);
    expect(file).toMatch(/corrections\.jsonl$/);
    const { corrections, setAside } = readQuestions(file);
    expect(setAside).toEqual([]);
    expect(corrections.map(({ row }) => row)).toMatchObject([
      { correction: "gold", id: "q_0", gold_answer: "50%", was: "46.2%", note: "20 / 40" },
      { correction: "verdict", id: "q_0", verdict: "wrong", key: "key_1" },
    ]);
    await page.context().close();
  });

  test("what models and files wrote is text, wherever it stands", async () => {
    const rows = answersToExplore(60).map((one, i) =>
      i % 2 ? one : { ...one, kind: HOSTILE, source: HOSTILE, reason: HOSTILE, [HOSTILE]: HOSTILE },
    );
    const html = await widgetPageHtml(explore(rows, { caption: HOSTILE, columns: ["id", "kind", HOSTILE] }));
    // without the content policy: nothing but the block itself protects the reader
    const page = await live(await open(html.replace(/<meta http-equiv[^>]*>/, "")));
    await row(page, 0).click();
    await page.getByRole("searchbox").fill("<script>");
    await expect.poll(() => row(page, 0).textContent()).toContain("<script>globalThis.owned = 1</script>");
    expect(await page.locator(".ftx img, .ftx script:not(.widget-data)").count()).toBe(0);
    // an invisible change of writing direction is shown
    expect(await page.locator(".ftx-facts").textContent()).toContain("⟨U+202E⟩");
    expect(await global(page, "owned")).toBeNull();
    await page.context().close();
  });

  test("where no script may run, the first rows stand as a table", async () => {
    const html = await widgetPageHtml(answers(300));
    const page = await open(html.replace(/script-src [^;]*/, "script-src 'none'"));
    expect(await page.locator(".widget-static table").isVisible()).toBe(true);
    expect(await page.locator(".widget-static tbody tr").count()).toBe(8);
    expect(await page.locator(".ftx-live").count()).toBe(0);
    await page.context().close();
  });

  test("damaged rows leave the plain table", async () => {
    const html = await widgetPageHtml(answers(30));
    const page = await open(html.replace(/(class="widget-data">.{40}).{40}/, "$1"));
    await page.locator("[data-widget=failed]").waitFor();
    expect(await page.locator(".widget-static table").isVisible()).toBe(true);
    await page.context().close();
  });

  test("is dark where the page is, and fits a phone", async () => {
    const html = await widgetPageHtml(answers(300), 'data-jp-theme-light="false"');
    const page = await live(await open(html, "", { width: 390, height: 800 }));
    expect(await page.locator(".ftx").getAttribute("data-theme")).toBe("dark");
    await row(page, 0).click();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    await page.evaluate("document.body.setAttribute('data-jp-theme-light', 'true')");
    await expect.poll(() => page.locator(".ftx").getAttribute("data-theme")).toBe("light");
    for (const [ground, theme] of [
      ["#111", "dark"],
      ["#fff", "light"],
    ])
      expect(
        await (await live(await open(await widgetPageHtml(answers(3), `style="background:${ground}"`))))
          .locator(".ftx")
          .getAttribute("data-theme"),
      ).toBe(theme);
    await page.context().close();
  });

  test("20,000 rows: few are elements, and neither the start nor a keystroke makes one wait", async () => {
    const html = await widgetPageHtml(
      explore(answersToExplore(20_000, 5), { name: "answers", maxRows: Infinity }),
    );
    const page = await live(await open(html));
    // what is required is a third of this: npm run bench:explore measures it on a machine that is idle
    expect(await page.evaluate("performance.now()")).toBeLessThan(6000);
    await page.locator(".ftx-grid").evaluate((grid: { scrollTop: number }) => (grid.scrollTop = 250_000));
    await row(page, 8_930).waitFor();
    expect(await page.locator(".ftx-space .ftx-row").count()).toBeLessThan(60);
    const slowest = await page.evaluate(`(async () => {
      const search = document.querySelector("input[type=search]");
      let slowest = 0;
      for (const typed of ["m", "ma", "mar", "marg", "margi", "margin"]) {
        const from = performance.now();
        search.value = typed;
        search.dispatchEvent(new Event("input"));
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        slowest = Math.max(slowest, performance.now() - from);
      }
      return slowest;
    })()`);
    expect(slowest).toBeLessThan(600);
    expect(await count(page)).toContain("of 20,000 rows");
    await page.context().close();
  });

  test("works in an exported report, its script there once and no other", async () => {
    const paths = workspacePaths(join(folder, "workspace"));
    const output = async (shown: Explorer) => ({
      output_type: "display_data",
      data: await bundleOf(shown),
      metadata: {},
    });
    const first = await output(answers(300));
    const second = await output(explore(answersToExplore(30), { name: "others" }));
    // a notebook that came from elsewhere brings a script of its own
    const html = String(second.data["text/html"]).replace(
      /<script>[^]*<\/script>/,
      "<script>globalThis.owned = 3</script>",
    );
    second.data["text/html"] = html;
    const cells = [
      { cell_type: "markdown", source: "# Which answers are right?" },
      { cell_type: "code", source: "1", execution_count: 1, outputs: [first, second] },
    ];
    mkdirSync(join(paths.reports, "notebooks"), { recursive: true });
    writeFileSync(join(paths.reports, "notebooks", "06_evaluate.ipynb"), JSON.stringify({ cells }));
    const { pages } = await exportReports({ paths }, { pdf: false });
    const file = pages[0]!.html;
    expect(readFileSync(file, "utf8").match(/<script/g)).toHaveLength(3); // twice rows, once the script
    const page = await live(await openFile(file, "#explore=others&q=%22company+7%3A%22"));
    await page.locator(".ftx[data-widget=live]").nth(1).waitFor();
    expect(await page.locator(".ftx-count").allTextContents()).toEqual(["300 rows", "3 of 30 rows"]);
    await page.locator(".ftx-row[data-at='0']").first().click();
    expect(await page.locator(".ftx-detail").count()).toBe(1);
    expect(await global(page, "owned")).toBeNull();
    // on paper the first rows stand for all
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".widget-static").first().isVisible()).toBe(true);
    expect(await page.locator(".ftx-live").first().isVisible()).toBe(false);
    await page.context().close();
  });
});
