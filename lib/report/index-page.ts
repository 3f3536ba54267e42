/** `reports/index.html`: the outcome first, then the notebooks, the runs and the files behind them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ablation, ablationTable } from "../figures/ablate.ts";
import type { Paths } from "../config/paths.ts";
import { AblationSummary } from "../records.ts";
import { listRuns } from "../run/run.ts";
import { escapeHtml } from "../view/text-view.ts";
import { inlineHtml } from "./markdown.ts";
import { figureHtml } from "./outputs.ts";

/** A notebook's line in the index. */
export interface Entry {
  name: string;
  title: string;
  html: string;
  pdf: string | null;
  failed: boolean;
  codeCells: number;
  figures: number;
}

const Ledger = z.record(z.string(), z.looseObject({ finished: z.string(), seconds: z.number() }));

/** The page's body. What does not exist yet is left out, with a sentence that says what makes it. */
export function indexBody(paths: Paths, entries: readonly Entry[]): string {
  return [
    `<h1>FTModel Lab: reports</h1>`,
    `<p class="lead">Post-training a small language model for financial reasoning, the Fin-R1 ` +
      "way: what was measured in this workspace.</p>",
    outcome(paths),
    `<h2>Notebooks</h2>`,
    notebookTable(paths, entries),
    `<h2>Training runs</h2>`,
    runTable(paths),
    `<h2>Files</h2>`,
    fileList(paths),
  ].join("\n");
}

function outcome(paths: Paths): string {
  const newest = listFiles(paths.reports, /^ablation_summary_.*\.json$/).at(-1);
  if (newest === undefined) return `<p class="faint">No ablation summary yet: 08_ablation writes one.</p>`;
  const parsed = AblationSummary.safeParse(readJson(join(paths.reports, newest)));
  if (!parsed.success)
    return (
      `<p class="faint">${escapeHtml(newest)} cannot be read: ` +
      `${escapeHtml(parsed.error.issues[0]!.message)}</p>`
    );
  const figure = ablation(parsed.data);
  return (
    `${figureHtml(figure, null, "Ablation: see the table below")}\n${ablationTable(parsed.data).html}\n<p ` +
    `class="faint">From ${link(newest, newest)}, ${escapeHtml(when(parsed.data.created))}.</p>`
  );
}

function notebookTable(paths: Paths, entries: readonly Entry[]): string {
  const parsed = Ledger.safeParse(readJson(join(paths.reports, "notebooks", "executed.json")));
  const ledger = parsed.success ? parsed.data : {};
  const rows = entries.map((entry) => {
    const run = ledger[entry.name.slice(0, 2)];
    const state = entry.failed ? badge("a cell failed", "bad") : badge("complete", "");
    const pdf = entry.pdf ? ` · ${link("PDF", entry.pdf)}` : "";
    return (
      "<tr><td><a " +
      `href="${escapeHtml(entry.html)}"><b>${escapeHtml(entry.name.replace(/_/g, " "))}</b></a>${pdf}<br><span ` +
      `class="faint">${inlineHtml(entry.title)}</span></td><td ` +
      `align="right">${entry.codeCells}</td><td align="right">${entry.figures}</td><td ` +
      `align="right">${run ? `${run.seconds.toFixed(0)} s` : "–"}</td><td>${run ? escapeHtml(when(run.finished)) : "–"}</td><td>${state}</td></tr>`
    );
  });
  return (
    `<table class="wide"><thead><tr><th>notebook</th><th align="right">code cells</th><th ` +
    `align="right">figures</th><th ` +
    `align="right">took</th><th>executed</th><th>state</th></tr></thead><tbody>${rows.join("\n")}</tbody></table>`
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
      `<tr><td>${link(run.key, `runs/${run.key}/run.json`)}</td><td>${escapeHtml(run.stage)}</td><td>${escapeHtml(run.label)}${cause}</td><td ` +
      `align="right">${run.step} of ` +
      `${run.totalSteps}</td><td>${escapeHtml(when(run.created))}</td><td>${badge(run.status, kind(run.status))}</td></tr>`
    );
  });
  return (
    `<table class="wide"><thead><tr><th>run</th><th>stage</th><th>label</th><th ` +
    `align="right">steps</th><th>created</th><th>state</th></tr></thead><tbody>${rows.join("\n")}</tbody></table>`
  );
}

function fileList(paths: Paths): string {
  const files = listFiles(paths.reports, /^(?:eval|ablation_summary|eval_details)_.*\.jsonl?$/);
  if (files.length === 0) return `<p class="faint">No evaluation yet: 06_evaluate writes one a model.</p>`;
  return `<ul>${files
    .reverse()
    .slice(0, 40)
    .map((file) => `<li>${link(file, file)}</li>`)
    .join("\n")}</ul>`;
}

function badge(text: string, kind: string): string {
  return `<span class="badge ${kind}">${escapeHtml(text)}</span>`;
}

function link(text: string, file: string): string {
  return `<a href="${escapeHtml(encodeURI(file))}">${escapeHtml(text)}</a>`;
}

/** "2026-11-22 14:05 UTC"; a text that is no time stays as it is. */
export function when(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
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
