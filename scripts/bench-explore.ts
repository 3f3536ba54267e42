/**
 * `npm run bench:explore`: how quick the explorer is on 20,000 rows in a real Chromium, and what its script
 * weighs. Five loads. `-- --rows N`: another number of rows.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { explore } from "../lib/explore/explore.ts";
import { closeBrowser, type Page, withBrowser } from "../lib/show/browser.ts";
import { quantile } from "../lib/stats/stats.ts";
import { answersToExplore, widgetPageHtml } from "../lib/testing/explore-rows.ts";
import { table } from "../lib/view/table.ts";
import { pageScript } from "../lib/widget/page-script.ts";
import { parsed } from "./command-line.ts";

const { values } = parsed({ options: { rows: { type: "string", default: "20000" } } });
const rows = Number(values.rows);
const folder = mkdtempSync(join(tmpdir(), "explore-"));
const file = join(folder, "page.html");
const html = await widgetPageHtml(
  explore(answersToExplore(rows, 5), { caption: "All answers", name: "answers", maxRows: Infinity }),
);
writeFileSync(file, html);
const { script, style } = await pageScript("explore");

const TYPED = "gross margin 步骤 13";
const LOADS = 5;
const loads = await withBrowser(async (openPage) => {
  const all: Awaited<ReturnType<typeof measure>>[] = [];
  for (let i = 0; i < LOADS; i++) {
    const page = await openPage();
    await page.goto(pathToFileURL(file).href);
    await page
      .locator(".ftx[data-widget=live] .ftx-row[data-at='0']")
      .waitFor({ state: "attached", timeout: 60_000 });
    all.push(await measure(page));
    await page.close();
  }
  return all;
}).finally(async () => {
  await closeBrowser();
  rmSync(folder, { recursive: true });
});
const ms = (value: number): string => `${value.toFixed(0)} ms`;
/** The median of the loads, and the best of them: what a machine does that has nothing else to do. */
const times = (of: (load: (typeof loads)[number]) => number) => {
  const values = loads.map(of);
  return { median: ms(quantile(values, 0.5)), best: ms(Math.min(...values)) };
};
const kb = (characters: number) => ({ median: `${(characters / 1000).toFixed(1)} kB`, best: "" });
console.log(
  table(
    [
      {
        what: "first paint, from the start of loading",
        ...times(({ first }) => first),
        required: "≤ 1,000 ms",
      },
      {
        what: "a keystroke of search, the slowest",
        ...times(({ keys }) => Math.max(...keys)),
        required: "≤ 100 ms",
      },
      { what: "the first keystroke", ...times(({ keys }) => keys[0]!), required: "≤ 100 ms" },
      { what: "a facet's value", ...times(({ box }) => box), required: "" },
      { what: "sorting by question", ...times(({ sort }) => sort), required: "" },
      {
        what: "a jump of the scroll bar, the slowest",
        ...times(({ scrolls }) => Math.max(...scrolls)),
        required: "",
      },
      { what: "script and style", ...kb(script.length + style.length), required: "≤ 200 kB" },
      { what: "the page", ...kb(Buffer.byteLength(html)), required: "" },
    ],
    undefined,
    { caption: `${rows.toLocaleString("en-US")} rows in Chromium` },
  ).text,
);

/** In milliseconds, each until the change is painted. */
function measure(page: Page) {
  return page.evaluate(async (typed) => {
    // in the page, whose types a script of Node does not know
    const { document, requestAnimationFrame, Event } = globalThis as any;
    const painted = () =>
      new Promise<number>((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))));
    await painted();
    const first = performance.getEntriesByName("explorer painted")[0]!.startTime;
    const time = async (act: () => void): Promise<number> => {
      const from = performance.now();
      act();
      return (await painted()) - from;
    };
    const search = document.querySelector("input[type=search]");
    const keys: number[] = [];
    for (let i = 1; i <= typed.length; i++)
      keys.push(
        await time(() => {
          search.value = typed.slice(0, i);
          search.dispatchEvent(new Event("input"));
        }),
      );
    const box = await time(() => document.querySelector("fieldset input").click());
    const sort = await time(() =>
      [...document.querySelectorAll("[role=columnheader]")]
        .find(({ textContent }) => textContent.startsWith("question"))
        .click(),
    );
    const grid = document.querySelector(".ftx-grid");
    const scrolls: number[] = [];
    for (let i = 1; i <= 20; i++)
      scrolls.push(await time(() => (grid.scrollTop = (i * grid.scrollHeight) / 20)));
    return { first, keys, box, sort, scrolls };
  }, TYPED);
}
