/** The report's first part: the outcome in sentences and one figure, then the notebooks, runs and files. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Paths } from "../config/paths.ts";
import { METRICS, type Metric } from "../evaluate/compare.ts";
import { describeComparison } from "../evaluate/comparison-text.ts";
import { ablation, ablationTable } from "../figures/ablate.ts";
import { AblationSummary } from "../records.ts";
import { listRuns } from "../run/run.ts";
import { escapeHtml } from "../view/text-view.ts";
import { changedInWords, originOf, when, wordsHtml } from "./about.ts";
import type { Executed } from "./executed.ts";
import { inlineHtml } from "./markdown.ts";
import { figureHtml } from "./outputs.ts";

/** Its headings: id and words, for the table of contents. */
export const INDEX_HEADINGS = [
  { id: "outcome", words: "What came out" },
  { id: "notebooks", words: "Notebooks" },
  { id: "runs", words: "Training runs" },
] as const;

/**
 * What does not exist yet is left out, with a sentence that says what makes it. It leads only to places of
 * the file that it stands in: `idOf` a notebook.
 */
export function indexBody(
  paths: Paths,
  notebooks: readonly Executed[],
  idOf: (notebook: Executed) => string,
): string {
  const [outcome, list, runs] = INDEX_HEADINGS.map(({ id, words }) => `<h2 id="${id}">${words}</h2>`);
  return [
    `<h1>FTModel Lab: reports</h1>`,
    `<p class="lead">Post-training a small language model for financial reasoning, the Fin-R1 ` +
      "way: what was measured in this workspace.</p>",
    outcome,
    outcomeHtml(paths),
    wordsHtml(
      notebooks.map(({ settings }) => settings),
      true,
    ),
    list,
    notebookTable(notebooks, idOf),
    runs,
    runTable(paths),
    fileList(paths),
  ].join("\n");
}

function outcomeHtml(paths: Paths): string {
  const newest = listFiles(paths.reports, /^ablation_summary_.*\.json$/).at(-1);
  if (newest === undefined) return `<p class="faint">No ablation summary yet: 08_ablation writes one.</p>`;
  const parsed = AblationSummary.safeParse(readJson(join(paths.reports, newest)));
  if (!parsed.success)
    return (
      `<p class="faint">${escapeHtml(newest)} cannot be read: ` +
      `${escapeHtml(parsed.error.issues[0]!.message)}</p>`
    );
  const sentences = outcomeSentences(parsed.data).map((line) => `<li>${inlineHtml(line)}</li>`);
  return [
    sentences.length > 0 ? `<ul>${sentences.join("\n")}</ul>` : "",
    figureHtml(ablation(parsed.data), null, "Ablation: see the table below"),
    `<div class="output">${ablationTable(parsed.data).html}</div>`,
    `<p class="faint">From ${escapeHtml(newest)}, ${escapeHtml(when(parsed.data.created))}.</p>`,
  ].join("\n");
}

/** As notebook 08 says it: greedy answers of all pairs, sampled ones of the last arm. */
function outcomeSentences({ pairs, n: asked }: AblationSummary): string[] {
  const known = pairs.flatMap(({ metric, n = asked, ...pair }) =>
    (METRICS as readonly string[]).includes(metric) ? [{ ...pair, n, metric: metric as Metric }] : [],
  );
  return [
    ...known.filter(({ metric }) => metric === "accuracyLenient"),
    ...known.filter(({ metric, b }) => metric === "accuracySampledLenient" && b === "sft_grpo"),
  ].map((pair) => describeComparison(pair.a, pair.b, pair));
}

function notebookTable(notebooks: readonly Executed[], idOf: (notebook: Executed) => string): string {
  const rows = notebooks.map((notebook) => {
    const { name, title, failed, settings } = notebook;
    const id = escapeHtml(idOf(notebook));
    return (
      `<tr><td><a href="#${id}"><b>${escapeHtml(name.replace(/_/g, " "))}</b></a><br>` +
      `<span class="faint">${inlineHtml(title)}</span></td>` +
      `<td>${escapeHtml(originOf(notebook).join(", "))}</td>` +
      `<td>${escapeHtml(changedInWords(settings))}</td>` +
      `<td>${failed ? badge("a cell failed", "bad") : badge("complete", "")}</td></tr>`
    );
  });
  return (
    `<div class="scroll"><table class="wide"><thead><tr><th>notebook</th><th>which copy</th>` +
    `<th>values that differ</th><th>state</th></tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`
  );
}

function runTable(paths: Paths): string {
  const runs = listRuns({ paths });
  if (runs.length === 0) return `<p class="faint">No run yet: 04_sft and 05_grpo train.</p>`;
  const kind = (status: string) =>
    status === "done" ? "" : ["running", "cancelled"].includes(status) ? "open" : "bad";
  const rows = runs.map((run) => {
    const cause = run.cause
      ? `<br><span class="faint">${escapeHtml(`${run.cause.code}: ${run.cause.message}`)}</span>`
      : "";
    return (
      `<tr><td>${escapeHtml(run.label)}${cause}</td><td>${escapeHtml(run.stage)}</td>` +
      `<td><code>${escapeHtml(run.key)}</code></td><td align="right">${run.step} of ${run.totalSteps}</td>` +
      `<td>${escapeHtml(when(run.created))}</td><td>${badge(run.status, kind(run.status))}</td></tr>`
    );
  });
  return (
    `<div class="scroll"><table class="wide"><thead><tr><th>label</th><th>stage</th><th>run</th><th ` +
    `align="right">steps</th><th>created</th><th>state</th></tr></thead>` +
    `<tbody>${rows.join("\n")}</tbody></table></div>`
  );
}

/** Names of files, not links: they stay in the workspace when the report is sent. */
function fileList(paths: Paths): string {
  const files = listFiles(paths.reports, /^(?:eval|ablation_summary|eval_details)_.*\.jsonl?$/).reverse();
  if (files.length === 0) return `<p class="faint">No evaluation yet: 06_evaluate writes one a model.</p>`;
  const names = files.slice(0, 40).map((file) => `<li><code>${escapeHtml(file)}</code></li>`);
  return (
    `<details><summary>Files behind these numbers, in reports/ of the workspace</summary>` +
    `<ul>${names.join("\n")}</ul></details>`
  );
}

function badge(text: string, kind: string): string {
  return `<span class="badge ${kind}">${escapeHtml(text)}</span>`;
}

function listFiles(folder: string, pattern: RegExp): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => pattern.test(name))
        .sort()
    : [];
}

/** null when there is no such file or it is no JSON: the index says less, it does not fail. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}
