import { PROFILES } from "../../lib/config/profiles.ts";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { explore } from "../../lib/explore/explore.ts";
import { bundleOf } from "../../lib/show/show.ts";
import { REPO_ROOT, workspacePaths } from "../../lib/config/paths.ts";
import { stopJupyterLab } from "../pipeline/jupyter.ts";
import { bringWorkingCopies } from "../pipeline/working-copies.ts";
import { answers, closeLabs, LEFT_OUT, labUrl, NO_CHROMIUM, notebookOf, openInLab } from "./lab-page.ts";
import { PATIENCE_MS, runAll, serveLab } from "./lab-page.ts";

// inside the repository: the cell imports the library by name
const folder = join(REPO_ROOT, ".check", "lab");
const cells = [
  'import { explore, openLab, show, showMarkdown } from "ftmodel";',
  'await show({ data: [{ type: "bar", x: ["a", "b"], y: [1, 2] }], layout: { title: { text: "From ' +
    '$5 to $6" } } });',
  'console.log("learning rate", openLab({ profile: "tiny" }).config.sft.learningRate);',
  'await showMarkdown("A loan of $7, or $\\\\sqrt{64}$, or of $9");',
  'await show(explore([{ id: "a", question: "$5 or $6?" }, { id: "b", question: "2 + 2?" }]));',
];
afterEach(() => {
  closeLabs();
  vi.unstubAllEnvs();
});

test.skipIf(NO_CHROMIUM)(
  `a notebook opened in JupyterLab runs on our kernel and shows its figure${LEFT_OUT}`,
  { timeout: 500_000 },
  async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const explorer = await bundleOf(explore([{ id: "a", question: "2 + 2?" }]));
    writeFileSync(
      join(folder, "foreign.ipynb"),
      notebookOf([
        {
          ...{ cell_type: "code", source: "1" },
          outputs: [{ output_type: "display_data", data: explorer, metadata: {} }],
        },
      ]),
    );
    const small = cells.map((source) => ({ cell_type: "code" as const, source }));
    const formula = { cell_type: "markdown" as const, source: "$x^2$" }; // JupyterLab loads MathJax for it
    writeFileSync(join(folder, "small.ipynb"), notebookOf([formula, ...small]));
    const { page, server, port, stop } = await openInLab(folder, "small.ipynb");
    await page.locator("mjx-container").first().waitFor({ timeout: 60_000 });
    await runAll(page);
    await page.locator(".jp-OutputArea .js-plotly-plot .main-svg").first().waitFor({ timeout: 180_000 });
    await page.getByText(`learning rate ${PROFILES.tiny.sft.learningRate}`).waitFor({ timeout: 60_000 });

    expect(await page.locator(".jp-OutputArea .js-plotly-plot .bars path").count()).toBe(2);
    const title = page.locator(".jp-OutputArea .js-plotly-plot .gtitle", { hasText: "From $5 to $6" });
    expect(await title.isVisible()).toBe(true);
    const loan = page.locator(".jp-OutputArea .jp-RenderedMarkdown", { hasText: "A loan" });
    await loan.locator("mjx-container").waitFor({ timeout: 60_000 });
    expect(await loan.textContent()).toMatch(/^\s*A loan of \$7, or .*, or of \$9\s*$/s);
    expect(await page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count()).toBe(0);
    const table = page.locator(".ftx[data-widget=live]");
    await table.getByRole("searchbox").fill("5 or");
    await expect.poll(() => table.locator(".ftx-space").textContent()).toBe("a$5 or $6?");
    // the notebook's own shortcuts (d d deletes a cell) are not meant for it
    await table.locator(".ftx-grid").focus();
    for (const key of ["d", "d", "Enter"]) await page.keyboard.press(key);
    expect(await table.locator(".ftx-detail .ftx-question").textContent()).toBe("$5 or $6?");

    // from elsewhere, so not trusted: no script of it runs, and its first rows can be read
    await page.goto(labUrl(port, "foreign.ipynb"));
    await page.locator(".jp-OutputArea .widget-static td").first().waitFor({ timeout: 180_000 });
    expect(await page.locator(".jp-OutputArea .widget-static").textContent()).toContain("2 + 2?");
    expect(await page.locator(".ftx-live").count()).toBe(0);
    stop();
    await once(server, "exit");
  },
);

test.skipIf(NO_CHROMIUM)(
  "a reader's copy, executed and saved, changes no tracked file; its lines wrap, and nothing else asks for " +
    `attention${LEFT_OUT}`,
  { timeout: 500_000 },
  async () => {
    const workspace = mkdtempSync(join(tmpdir(), "reader-"));
    const { notebooks } = workspacePaths(workspace);
    bringWorkingCopies(notebooks);
    vi.stubEnv("FTMODEL_WORKSPACE", workspace);
    vi.stubEnv("FTMODEL_SET", JSON.stringify(["prepare.generated=160", "prepare.sampleSize=160"]));
    const tracked = trackedChanges();
    try {
      const copy = join(notebooks, "01_prepare.ipynb");
      const cleared = JSON.parse(readFileSync(copy, "utf8")) as ReaderNotebook;
      for (const cell of cleared.cells) if (cell.outputs) cell.outputs = [];
      writeFileSync(copy, JSON.stringify(cleared, null, 1));
      const { page, server, said, stop } = await openInLab(REPO_ROOT, relative(REPO_ROOT, copy));
      const [longest] = await page
        .locator(".jp-CodeCell .cm-scroller")
        .evaluateAll((all) => all.map((one) => one.scrollWidth - one.clientWidth).sort((a, b) => b - a));
      expect(longest).toBeLessThanOrEqual(1);
      expect(await page.locator(".jp-CodeCell .cm-content.cm-lineWrapping").count()).toBeGreaterThan(3);

      await page.locator(".jp-RenderedMarkdown a", { hasText: "glossary" }).first().click();
      await page.locator(".jp-MarkdownViewer").getByText("larger model whose texts").waitFor({
        timeout: PATIENCE_MS,
      });
      await page.locator(".lm-TabBar-tabLabel", { hasText: "01_prepare" }).click();

      await runAll(page);
      await vi.waitFor(
        async () => {
          await page.keyboard.press("Control+s");
          const { cells: saved } = JSON.parse(readFileSync(copy, "utf8")) as ReaderNotebook;
          const last = saved.findLast(({ outputs }) => outputs !== undefined)!;
          expect(last.outputs!.length).toBeGreaterThan(0);
        },
        { timeout: 300_000, interval: 2000 },
      );
      expect(readFileSync(copy, "utf8")).toContain("No rows of your own here");
      expect(bringWorkingCopies(notebooks)[0]!.state).toBe("kept");
      expect(trackedChanges()).toBe(tracked);

      expect(await page.getByText("official Jupyter news").count()).toBe(0);
      expect(await page.locator(".Toastify__toast").count()).toBe(0);
      const listed = page.locator(".jp-DirListing-itemText");
      await page.locator(".jp-BreadCrumbs-home").click();
      await listed.getByText("work", { exact: true }).waitFor({ timeout: 60_000 });
      expect(await listed.getByText("notebooks", { exact: true }).count()).toBe(0);
      stop();
      await once(server, "exit");
      expect(said()).not.toMatch(/yarn|\[[EIW] /);
    } finally {
      rmSync(notebooks, { recursive: true, force: true });
      rmSync(workspace, { recursive: true, force: true });
    }
  },
);

test("a page of any name is opened first: a workspace may be called as one likes", {
  timeout: 120_000,
}, async () => {
  const { port } = await answeringLab("我的 work/01.ipynb");
  const { headers } = await fetch(`http://127.0.0.1:${port}/?token=check`, { redirect: "manual" });
  const { pathname } = new URL(headers.get("location")!, `http://127.0.0.1:${port}`);
  expect(decodeURI(pathname)).toBe("/lab/tree/我的 work/01.ipynb");
});

test("a server that is told to stop while a kernel is being started ends, and its kernels with it", {
  timeout: 120_000,
}, async () => {
  const { server, port } = await answeringLab("");
  const started = await startKernel(port);
  expect(started?.status).toBe(201);
  const starting = startKernel(port);
  stopJupyterLab(server);
  await once(server, "exit");
  await starting;
});

/** A server without a page, until the test is over. */
async function answeringLab(path: string) {
  mkdirSync(folder, { recursive: true });
  const served = await serveLab(folder, path, "ignore");
  onTestFinished(() => void served.server.kill("SIGKILL"));
  await answers(served.port);
  return served;
}

/** null when the server ended before it answered. */
function startKernel(port: number): Promise<Response | null> {
  const init = { method: "POST", body: JSON.stringify({ name: "tslab" }) };
  return fetch(`http://127.0.0.1:${port}/api/kernels?token=check`, init).catch(() => null);
}

interface ReaderNotebook {
  cells: { outputs?: unknown[] }[];
}

/** What git says of the tracked files; "" where this is no clone. */
function trackedChanges(): string {
  if (!existsSync(join(REPO_ROOT, ".git"))) return "";
  return execFileSync("git", ["-C", REPO_ROOT, "status", "--porcelain"], { encoding: "utf8" });
}
