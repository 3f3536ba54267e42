/** A report page as PDF, by Chromium's own print. */
import { pathToFileURL } from "node:url";
import { writeFileAtomic } from "../store/atomic.ts";
import { withBrowser } from "../show/browser.ts";
import { PAPER } from "./draw.ts";

const DRAW_TIMEOUT_MS = 60_000;

/**
 * Prints an HTML report that stands on disk. Throws when Chromium fails, or the figures are not drawn within
 * a minute.
 */
export async function writePdf(html: string, pdf: string): Promise<void> {
  await withBrowser(async (openPage) => {
    const page = await openPage();
    try {
      await page.setViewportSize({ width: PAPER, height: 1000 });
      await page.emulateMedia({ media: "print" });
      await page.goto(pathToFileURL(html).href, { waitUntil: "load", timeout: DRAW_TIMEOUT_MS });
      // By selector: the page's security policy forbids waitForFunction's eval.
      await page
        .locator("html[data-figures='drawn'], html:not(:has(figure.plot))")
        .waitFor({ state: "attached", timeout: DRAW_TIMEOUT_MS });
      writeFileAtomic(pdf, await page.pdf({ preferCSSPageSize: true, printBackground: true }));
    } finally {
      await page.close();
    }
  });
}
