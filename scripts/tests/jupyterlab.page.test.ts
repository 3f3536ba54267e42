import { PROFILES } from "../../lib/config/profiles.ts";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { findChromium } from "../../lib/show/browser.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { startJupyterLab } from "../pipeline/jupyter.ts";

const executablePath = findChromium();
// inside the repository: the cell imports the library by name
const folder = join(REPO_ROOT, ".check", "lab");
const cells = [
  'import { PROFILES, show } from "ftmodel";',
  'await show({ data: [{ type: "bar", x: ["a", "b"], y: [1, 2] }], layout: { title: { text: "Two ' +
    'bars" } } });',
  'console.log("learning rate", PROFILES.tiny.sft.learningRate);',
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
    stop();
    await once(server, "exit");
  },
);

function notebook(sources: string[]): string {
  return JSON.stringify({
    cells: sources.map((source, index) => ({
      cell_type: "code",
      execution_count: null,
      id: `c${index}`,
      metadata: {},
      outputs: [],
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
