import { PROFILES } from "../../lib/config/profiles.ts";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { explore } from "../../lib/explore/explore.ts";
import { findChromium } from "../../lib/show/browser.ts";
import { bundleOf } from "../../lib/show/show.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { startJupyterLab } from "../pipeline/jupyter.ts";

const executablePath = findChromium();
// inside the repository: the cell imports the library by name
const folder = join(REPO_ROOT, ".check", "lab");
const cells = [
  'import { explore, PROFILES, show } from "ftmodel";',
  'await show({ data: [{ type: "bar", x: ["a", "b"], y: [1, 2] }], layout: { title: { text: "Two ' +
    'bars" } } });',
  'console.log("learning rate", PROFILES.tiny.sft.learningRate);',
  'await show(explore([{ id: "a", question: "$5 or $6?" }, { id: "b", question: "2 + 2?" }]));',
];
let stop = (): void => {};
afterAll(() => stop());

// In CI a missing browser is a failure, not a reason to skip.
test.skipIf(!executablePath && !process.env.CI)(
  "a notebook opened in JupyterLab runs on our kernel and shows its " +
    `figure${executablePath ? "" : " (no Chromium found)"}`,
  { timeout: 500_000 },
  async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const explorer = await bundleOf(explore([{ id: "a", question: "2 + 2?" }]));
    writeFileSync(
      join(folder, "foreign.ipynb"),
      notebook(["1"], [{ output_type: "display_data", data: explorer, metadata: {} }]),
    );
    writeFileSync(join(folder, "small.ipynb"), notebook(cells));
    const port = await freePort();
    const server = startJupyterLab(
      folder,
      "small.ipynb",
      ["--no-browser", `--port=${port}`, "--IdentityProvider.token=check"],
      "ignore",
    );
    const browser = await chromium.launch({ executablePath: executablePath!, chromiumSandbox: false });
    stop = () => {
      server.kill("SIGTERM");
      void browser.close();
    };
    await answers(`http://127.0.0.1:${port}/api?token=check`);

    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    await page.goto(`http://127.0.0.1:${port}/lab/tree/small.ipynb?token=check&reset`);
    await page.locator(".jp-Notebook .jp-CodeCell").first().waitFor({ timeout: 180_000 });
    await page.getByText("TypeScript | Idle").waitFor({ timeout: 180_000 });
    await page.getByRole("menuitem", { name: "Run", exact: true }).click();
    await page.getByRole("menuitem", { name: "Run All Cells", exact: true }).click();
    await page.locator(".jp-OutputArea .js-plotly-plot .main-svg").first().waitFor({ timeout: 180_000 });
    await page.getByText(`learning rate ${PROFILES.tiny.sft.learningRate}`).waitFor({ timeout: 60_000 });

    expect(await page.locator(".jp-OutputArea .js-plotly-plot .bars path").count()).toBe(2);
    expect(await page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count()).toBe(0);
    const table = page.locator(".ftx[data-explorer=live]");
    await table.getByRole("searchbox").fill("5 or");
    await expect.poll(() => table.locator(".ftx-space").textContent()).toBe("a$5 or $6?");
    // the notebook's own shortcuts (d d deletes a cell) are not meant for it
    await table.locator(".ftx-grid").focus();
    for (const key of ["d", "d", "Enter"]) await page.keyboard.press(key);
    expect(await table.locator(".ftx-detail .ftx-question").textContent()).toBe("$5 or $6?");

    // from elsewhere, so not trusted: no script of it runs, and its first rows can be read
    await page.goto(`http://127.0.0.1:${port}/lab/tree/foreign.ipynb?token=check&reset`);
    await page.locator(".jp-OutputArea .ftx-static td").first().waitFor({ timeout: 180_000 });
    expect(await page.locator(".jp-OutputArea .ftx-static").textContent()).toContain("2 + 2?");
    expect(await page.locator(".ftx-live").count()).toBe(0);
    stop();
    await once(server, "exit");
  },
);

function notebook(sources: string[], outputs: object[] = []): string {
  return JSON.stringify({
    cells: sources.map((source, index) => ({
      cell_type: "code",
      execution_count: null,
      id: `c${index}`,
      metadata: {},
      outputs,
      source,
    })),
    metadata: { kernelspec: { name: "tslab", display_name: "TypeScript", language: "typescript" } },
    nbformat: 4,
    nbformat_minor: 5,
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function answers(url: string): Promise<void> {
  const deadline = Date.now() + 180_000;
  for (;;) {
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
    if (Date.now() > deadline) throw new Error(`no answer from ${url} in 180 s`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
