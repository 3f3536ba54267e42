/**
 * Reports: every executed notebook as one HTML file that needs nothing else, an index, and PDFs where a
 * Chromium is found.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../store/atomic.ts";
import { closeBrowser, findChromium } from "../show/browser.ts";
import { LabError } from "../errors.ts";
import { explorePage } from "../explore/page-script.ts";
import type { Paths } from "../config/paths.ts";
import { PLOTLY_MIME } from "../show/show.ts";
import { codeHtml } from "./code.ts";
import { type Entry, indexBody, when } from "./index-page.ts";
import { markdownHtml } from "./markdown.ts";
import { type Cell, type Notebook, readNotebook } from "./notebook.ts";
import { outputsHtml } from "./outputs.ts";
import { pageHtml } from "./page.ts";
import { writePdf } from "./pdf.ts";

export interface ReportOptions {
  /** Print PDFs too. Default: where a Chromium is found. */
  pdf?: boolean;
  /** For the footer; default now. */
  created?: Date;
}

export interface ExportedReports {
  /** Path of index.html. */
  index: string;
  pages: { name: string; html: string; pdf: string | null }[];
}

/**
 * Exports `<workspace>/reports/notebooks/*.ipynb` to `reports/<name>.html` (and `.pdf`) and
 * `reports/index.html`.
 *
 * A page holds plotly.js once, asks the network for nothing, and lets no other script run. What a model wrote
 * is text in it. Files are replaced whole; a notebook that failed is exported with its error and marked in
 * the index.
 *
 * @throws LabError when no notebook has been executed, one cannot be read, or the folder cannot be written.
 */
export async function exportReports(
  { paths }: { paths: Paths },
  options: ReportOptions = {},
): Promise<ExportedReports> {
  const { pdf = findChromium() !== null, created = new Date() } = options;
  const folder = join(paths.reports, "notebooks");
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".ipynb"))
        .sort()
    : [];
  if (files.length === 0)
    throw new LabError({
      what: "There are no executed notebooks to report",
      where: folder,
      todo: "Run them first: npm start",
    });

  const notebooks = files.map((name) => readNotebook(join(folder, name)));
  const footer = `Exported ${when(created.toISOString())}. Complete in one file: opens from disk, loads nothing.`;
  const explorer = await explorePage();
  const pages = notebooks.map((notebook) => {
    const html = join(paths.reports, `${notebook.name}.html`);
    writeFileAtomic(
      html,
      pageHtml({
        title: `${notebook.title} · FTModel Lab`,
        links: linksOf(notebook, notebooks),
        body: notebook.cells.map(cellHtml).join("\n"),
        footer,
        explorer,
      }),
    );
    return { name: notebook.name, html, pdf: pdf ? join(paths.reports, `${notebook.name}.pdf`) : null };
  });
  const index = join(paths.reports, "index.html");
  writeFileAtomic(
    index,
    pageHtml({
      title: "FTModel Lab: reports",
      links: linksOf(null, notebooks),
      body: indexBody(
        paths,
        notebooks.map((notebook) => entryOf(notebook, pdf)),
      ),
      footer,
      explorer,
    }),
  );
  try {
    for (const page of pages) if (page.pdf) await writePdf(page.html, page.pdf);
  } finally {
    if (pdf) await closeBrowser();
  }
  return { index, pages };
}

function cellHtml(cell: Cell): string {
  if (cell.cell_type === "markdown") return `<section>${markdownHtml(cell.source)}</section>`;
  if (cell.cell_type === "raw") return "";
  const code = cell.source.trim() === "" ? "" : `<div class="code"><pre>${codeHtml(cell.source)}</pre></div>`;
  return `<section>${code}${outputsHtml(cell.outputs)}</section>`;
}

function linksOf(
  here: Notebook | null,
  notebooks: readonly Notebook[],
): { text: string; file: string | null }[] {
  const index = { text: "FTModel Lab", file: here ? "index.html" : null };
  return [
    index,
    ...notebooks.map((notebook) => ({
      text: notebook.name.replace(/_/g, " "),
      file: notebook === here ? null : `${notebook.name}.html`,
    })),
  ];
}

function entryOf(notebook: Notebook, pdf: boolean): Entry {
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");
  const figures = code
    .flatMap((cell) => cell.outputs)
    .filter((output) => "data" in output && PLOTLY_MIME in output.data).length;
  return {
    name: notebook.name,
    title: notebook.title,
    html: `${notebook.name}.html`,
    pdf: pdf ? `${notebook.name}.pdf` : null,
    failed: notebook.failed,
    codeCells: code.length,
    figures,
  };
}
