/**
 * Reports: every executed notebook as one HTML file that needs nothing else, all of them in one, and PDFs
 * where a Chromium is found.
 */
import { existsSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Paths } from "../config/paths.ts";
import { LabError } from "../errors.ts";
import { closeBrowser, findChromium } from "../show/browser.ts";
import { PLOTLY_MIME } from "../show/show.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { table, type View } from "../view/table.ts";
import { escapeHtml } from "../view/text-view.ts";
import { aboutHtml, changedInWords, when, wordsHtml } from "./about.ts";
import { codeHtml } from "./code.ts";
import { type Executed, executedNotebooks } from "./executed.ts";
import { Glossary, GLOSSARY_ID } from "./glossary.ts";
import { INDEX_HEADINGS, indexBody } from "./index-page.ts";
import { type Heading, type MarkdownWriter, markdownWriter, type Place, slug } from "./markdown.ts";
import type { Cell, Output } from "./notebook.ts";
import { outputsHtml } from "./outputs.ts";
import { type Entry, type Neighbours, neighboursHtml, pageHtml } from "./page.ts";
import { writePdf } from "./pdf.ts";

export interface ReportOptions {
  /** Print PDFs too. Default: where a Chromium is found. */
  pdf?: boolean;
  /** For the footer; default now. */
  created?: Date;
  /** The folders in which the reader saves notebooks. Default: `savedFolders()`. */
  saved?: readonly string[];
}

export interface ExportedReports {
  /** Path of index.html, the same file as `single`: what a folder is opened by. */
  index: string;
  /** Path of ftmodel.html: everything, complete when it is sent alone. */
  single: string;
  pages: { name: string; html: string; pdf: string | null; notebook: Executed }[];
}

/**
 * Exports the executed notebooks of a workspace to its `reports/`: `<name>.html` (and `.pdf`) each, and
 * `ftmodel.html` (`index.html` is the same file) with the outcome and all of them. Of each notebook the copy
 * that `executedNotebooks` chooses; the page says which.
 *
 * A file holds plotly.js once, asks the network for nothing, and lets no other script run. What a model wrote
 * is text in it. Files are replaced whole; a notebook that failed is exported with its error and marked.
 *
 * @throws LabError when no notebook has been executed, one cannot be read, or the folder cannot be written.
 */
export async function exportReports(
  { paths }: { paths: Paths },
  options: ReportOptions = {},
): Promise<ExportedReports> {
  const { pdf = findChromium() !== null, created = new Date() } = options;
  const notebooks = executedNotebooks(paths, options.saved);
  if (notebooks.length === 0)
    throw new LabError({
      what: "There are no executed notebooks to report",
      where: paths.reports,
      todo: "Run a notebook and save it (Ctrl+S), or run all of them: npm start",
    });

  const footer = `Exported ${when(created)}. Opens from disk, loads nothing.`;
  const pages: ExportedReports["pages"] = [];
  for (const [i, notebook] of notebooks.entries()) {
    const html = join(paths.reports, `${notebook.name}.html`);
    writeFileAtomic(html, await onePage(notebooks, i, footer));
    pages.push({ name: notebook.name, html, pdf: pdf ? pdfOf(html) : null, notebook });
  }
  const everything = await allInOne(paths, notebooks, footer);
  const [index, single] = [join(paths.reports, "index.html"), join(paths.reports, "ftmodel.html")];
  for (const file of [index, single]) writeFileAtomic(file, everything);
  try {
    for (const page of pages) {
      if (page.pdf) await writePdf(page.html, page.pdf);
      else rmSync(pdfOf(page.html), { force: true }); // it would show an older notebook than the page
    }
  } finally {
    if (pdf) await closeBrowser();
  }
  return { index, single, pages };
}

/** Whether the exported files still show what they would show now: no notebook was run or saved since. */
export function reportsHold({ paths }: { paths: Paths }, saved?: readonly string[]): boolean {
  const index = join(paths.reports, "index.html");
  if (!existsSync(index)) return false;
  const { mtime } = statSync(index);
  return executedNotebooks(paths, saved).every(({ time }) => time < mtime);
}

/** What was exported, a row a page: which copy, which values differ. */
export function exportedTable({ single, pages }: ExportedReports, { paths }: { paths: Paths }): View {
  const rows = pages.map(({ html, notebook }) => ({
    page: relative(paths.root, html),
    "which copy": `${notebook.from === "reader" ? "saved by hand" : "npm start"}, ${when(notebook.time)}`,
    "values that differ": changedInWords(notebook.settings),
  }));
  return table(rows, undefined, { caption: `All in one file to send: ${relative(paths.root, single)}` });
}

/** A notebook's page; what comes before and after it lies beside it. */
function onePage(notebooks: readonly Executed[], at: number, footer: string): Promise<string> {
  const notebook = notebooks[at]!;
  const fileOf = ({ name }: Executed) => `${encodeURIComponent(name)}.html`;
  const glossary = new Glossary();
  const { html, headings } = articleOf(notebook, {
    prefix: "",
    termOf: (term) => glossary.linkTo(term),
    addressOf: (name, heading) => {
      const other = notebooks.find((one) => one.name === name);
      return other ? `${fileOf(other)}${heading ? `#${heading}` : ""}` : null;
    },
  });
  const neighbours = neighboursOf(notebooks, at, fileOf);
  return pageHtml({
    title: `${notebook.title} · FTModel Lab`,
    home: "index.html",
    neighbours,
    contents: [...entriesOf(headings), ...glossaryEntry(glossary)],
    body: [html, glossary.html(), wordsHtml([notebook.settings], false), neighboursHtml(neighbours)].join(
      "\n",
    ),
    footer: `${footer} The pages before and after it lie beside this file; ftmodel.html holds all of them.`,
  });
}

/** The outcome and every notebook, with links inside the file alone. */
function allInOne(paths: Paths, notebooks: readonly Executed[], footer: string): Promise<string> {
  const idOf = ({ name }: Executed) => slug(name);
  const addressOf = (notebook: Executed) => `#${idOf(notebook)}`;
  const glossary = new Glossary();
  const articles = notebooks.map((notebook) =>
    articleOf(withoutPictures(notebook), {
      prefix: `${idOf(notebook)}-`,
      termOf: (term) => glossary.linkTo(term),
      addressOf: (name, heading) => {
        const other = notebooks.find((one) => one.name === name);
        return other ? `${addressOf(other)}${heading ? `-${heading}` : ""}` : null;
      },
    }),
  );
  const body = articles.map(
    ({ html }, i) =>
      `<article id="${escapeHtml(idOf(notebooks[i]!))}">${html}\n` +
      `${neighboursHtml(neighboursOf(notebooks, i, addressOf))}</article>`,
  );
  return pageHtml({
    title: "FTModel Lab: reports",
    home: "#top",
    neighbours: null,
    contents: [
      ...INDEX_HEADINGS.map(({ id, words }) => ({ address: `#${id}`, html: words })),
      ...notebooks.map((notebook, i) => ({
        address: addressOf(notebook),
        html: escapeHtml(labelOf(notebook)),
        inside: entriesOf(articles[i]!.headings),
      })),
      ...glossaryEntry(glossary),
    ],
    body: [NO_SCRIPT, indexBody(paths, notebooks, idOf), ...body, glossary.html()].join("\n"),
    footer: `${footer} Complete in this one file.`,
  });
}

const NO_SCRIPT =
  "<noscript><p><b>Scripts are off here, so no figure is drawn.</b> The page of each notebook holds " +
  "pictures " +
  "of its figures, too.</p></noscript>";

/** In one file all pictures of figures would be 3 MB of 13, for readers without scripts alone. */
function withoutPictures(notebook: Executed): Executed {
  const drawnAlone = (output: Output): Output => {
    if (!("data" in output) || !(PLOTLY_MIME in output.data)) return output;
    const { "image/png": _, ...data } = output.data;
    return { ...output, data };
  };
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === "code" ? { ...cell, outputs: cell.outputs.map(drawnAlone) } : cell,
  );
  return { ...notebook, cells };
}

/** A notebook in its place; the box that says which copy it is stands under its title. */
function articleOf(notebook: Executed, place: Place): { html: string; headings: readonly Heading[] } {
  const markdown = markdownWriter(place);
  const [first = "", ...rest] = notebook.cells.map((cell) => cellHtml(cell, markdown));
  return { html: [first, aboutHtml(notebook), ...rest].join("\n"), headings: markdown.headings };
}

function cellHtml(cell: Cell, markdown: MarkdownWriter): string {
  if (cell.cell_type === "markdown") return `<section>${markdown.write(cell.source)}</section>`;
  if (cell.cell_type === "raw") return "";
  const isLesson = cell.metadata?.tags?.includes("lesson") ?? false;
  return `<section>${foldedCode(cell.source, isLesson)}${outputsHtml(cell.outputs, markdown)}</section>`;
}

function foldedCode(source: string, isOpen: boolean): string {
  const lines = source.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) return "";
  const first = lines.find((line) => !/^\s*(?:import\b|\/\/)/.test(line)) ?? lines[0]!;
  return (
    `<details class="code"${isOpen ? " open" : ""}>` +
    `<summary>Code, ${lines.length} ${lines.length === 1 ? "line" : "lines"} ` +
    `<code>${escapeHtml(first.trim().slice(0, 160))}</code></summary><pre>${codeHtml(source)}</pre></details>`
  );
}

function entriesOf(headings: readonly Heading[]): Entry[] {
  return headings.filter(({ depth }) => depth === 2).map(({ id, html }) => ({ address: `#${id}`, html }));
}

function glossaryEntry(glossary: Glossary): Entry[] {
  return glossary.html() === "" ? [] : [{ address: `#${GLOSSARY_ID}`, html: "Glossary" }];
}

function neighboursOf(
  notebooks: readonly Executed[],
  at: number,
  addressOf: (notebook: Executed) => string,
): Neighbours {
  const entry = (notebook: Executed | undefined): Entry | null =>
    notebook ? { address: addressOf(notebook), html: escapeHtml(labelOf(notebook)) } : null;
  return { before: entry(notebooks[at - 1]), after: entry(notebooks[at + 1]) };
}

const labelOf = ({ name }: Executed): string => name.replace(/_/g, " ");
const pdfOf = (html: string): string => html.replace(/\.html$/, ".pdf");
