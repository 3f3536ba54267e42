/**
 * The model in the page beside what is asked of it: tokens a second in Node and in Chromium, and the seconds
 * from opening a report to an answer.
 *
 *     npm run bench:page                 the shipped Base
 *     npm run bench:page -- WORKSPACE    with the adapters that are trained there
 *
 * The report is one page with the chat and three figures, opened from disk with the network off. Not a test:
 * a goal that is missed is shown, the exit status stays 0.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { chat } from "../lib/chat/chat.ts";
import { openLab } from "../lib/config/lab.ts";
import { REPO_ROOT, workspacePaths } from "../lib/config/paths.ts";
import { throughputCurve } from "../lib/figures/speed.ts";
import { generate } from "../lib/forward/generate.ts";
import { loadModel } from "../lib/forward/load.ts";
import { exportReports } from "../lib/report/report.ts";
import { findChromium } from "../lib/show/browser.ts";
import { bundleOf } from "../lib/show/show.ts";
import { quantile } from "../lib/stats/stats.ts";
import { table } from "../lib/view/table.ts";
import { generateQuestions } from "../lib/world/index.ts";
import { endWith } from "./command-line.ts";

const QUESTIONS = generateQuestions(30, 11).map(({ question, gold_answer: gold }) => ({ question, gold }));
const ROUNDS = 5;

/** Tokens a second, those of the question included: each costs the same. */
function speedInNode(): number {
  const { model, tokenizer, ends } = loadModel(join(REPO_ROOT, "ckpts", "tiny", "base"));
  const rates = QUESTIONS.map(({ question }) => {
    const prompt = tokenizer.encode(`<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`);
    const started = performance.now();
    const options = { ends, maxTokens: 160, temperature: 0, topP: 1, next: () => 0 };
    const written = [...generate(model, prompt, options)].length;
    return (1000 * written) / (performance.now() - started);
  });
  return quantile(rates.slice(5), 0.5); // the first ones are compiled while they run
}

interface InPage {
  /** Until the answer to the first question stood there whole, in seconds. */
  toAnswer: number;
  /** Tokens of answers a second, the reading of the question included. */
  rate: number;
}

async function inChromium(file: string, executablePath: string): Promise<InPage> {
  const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
  try {
    const context = await browser.newContext({ offline: true });
    const page = await context.newPage();
    const answered = async () => {
      await page.locator(".chat-status", { hasText: "reading included" }).waitFor({ timeout: 60_000 });
      const said = /^(\d+) tokens in ([\d.]+) s/.exec((await page.locator(".chat-status").textContent())!)!;
      return Number(said[1]) / Number(said[2]);
    };
    const started = performance.now();
    await page.goto(pathToFileURL(file).href, { waitUntil: "commit" });
    await page.locator(".chat-send").click({ timeout: 60_000 });
    await answered();
    const toAnswer = (performance.now() - started) / 1000;
    await page.locator("html[data-figures='drawn']").waitFor({ state: "attached", timeout: 60_000 });
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      // Very hot: the text is long, and a tenth of a second more or less says little.
      await page.locator("input[type=range]").first().fill("2");
      await page.locator("input[type=number]").fill(String(round + 2));
      await page.locator(".chat-send").click();
      await page.locator(".chat-send").waitFor();
      rates.push(await answered());
    }
    return { toAnswer, rate: quantile(rates, 0.5) };
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  const workspace = process.argv[2];
  const folder = mkdtempSync(join(tmpdir(), "ftmodel-page-"));
  try {
    const lab = openLab({}, { FTMODEL_WORKSPACE: workspace === undefined ? folder : resolve(workspace) });
    const rows = [1, 4, 16].map((inFlight) => ({
      inFlight,
      requests: 16,
      failed: 0,
      tokens: 700,
      seconds: 1,
      tokensPerSecond: 100 * inFlight,
      medianMs: 400,
    }));
    const shown = [
      await chat(lab, { questions: QUESTIONS.slice(0, 8) }),
      ...[1, 2, 3].map(() => throughputCurve(rows)),
    ];
    const outputs = await Promise.all(
      shown.map(async (one) => ({
        output_type: "display_data",
        data: await bundleOf(one, { png: false }),
        metadata: {},
      })),
    );
    const cells = [
      { cell_type: "code", source: "await show(await chat(lab));", execution_count: 1, outputs },
    ];
    const paths = workspacePaths(folder);
    mkdirSync(join(paths.reports, "notebooks"), { recursive: true });
    const notebook = { cells, metadata: {}, nbformat: 4, nbformat_minor: 5 };
    writeFileSync(join(paths.reports, "notebooks", "07_deploy.ipynb"), JSON.stringify(notebook));
    const { pages } = await exportReports({ paths }, { pdf: false });
    const file = pages[0]!.html;
    const node = speedInNode();
    const executablePath = findChromium();
    const page = executablePath ? await inChromium(file, executablePath) : null;
    const row = (what: string, measured: string | null, asked: string) => ({ what, measured, asked });
    console.log(
      table(
        [
          row("Node, tokens/s of greedy answers, reading included", node.toFixed(0), "≥ 80"),
          row("Chromium, tokens/s of answers, reading included", page && page.rate.toFixed(0), "≥ 80"),
          row(
            "Chromium, seconds from opening the report to an answer",
            page && page.toAnswer.toFixed(1),
            "≤ 3",
          ),
          row("report with the chat, MB", (statSync(file).size / 1e6).toFixed(1), "≤ 12"),
        ],
        undefined,
        { caption: `${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}` },
      ).text,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

try {
  await main();
} catch (error) {
  endWith(error);
}
