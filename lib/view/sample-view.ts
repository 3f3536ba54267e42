/**
 * Texts of models to read: side by side, or with the places marked that a verdict speaks of. Markup is made
 * here, from escaped text only.
 */
import { LabError } from "../errors.ts";
import { foldedStretch, shortQuestion } from "./long-text.ts";
import type { Room } from "./long-text.ts";
import type { View } from "./table.ts";
import { inertHtml, visibleText } from "./text-view.ts";

/** A stretch of the raw text, UTF-16 offsets, end exclusive. */
export interface Mark {
  start: number;
  end: number;
  /** Shown when the reader points at it. */
  label?: string;
  kind?: "good" | "bad" | "note";
}

export interface ShownText {
  title: string;
  text: string | null;
  /** true: accepted or right; false: rejected or wrong; null or absent: not judged. */
  ok?: boolean | null;
  /** Stable code and sentence of the verdict. */
  reason?: string;
  message?: string;
  /** Numbers to stand under the title: reward, advantage, tokens … */
  facts?: Record<string, string | number | null>;
  marks?: readonly Mark[];
  /** What the title asks, in English, folded under it. */
  gloss?: string | undefined;
}

/** Backgrounds of marked places. */
export const MARKS = { good: "#D5F0E3", bad: "#FBDCC8", note: "#FFF3BF" };
/** Signs of a verdict. */
export const BADGES = {
  yes: { text: "✓", colour: "#00734F" },
  no: { text: "✗", colour: "#B34700" },
  open: { text: "·", colour: "#6E7781" },
};
/** The format's own tags. */
export const TAG_COLOUR = "#0072B2";
const TAG = /<\/?(?:think|answer)>/g;

/** A text that takes more lines is folded in its middle: in one of several columns, and beside its title. */
const NARROW: Room = { columns: 50, lines: 30 };
const WIDE: Room = { columns: 90, lines: 30 };

/**
 * One column a text (Base, SFT, GRPO …), under the question if one is given, with its English folded under
 * it; wraps, keeps line breaks, shows tags in colour.
 */
export function sideBySide(samples: readonly ShownText[], question?: string, gloss?: string): View {
  const width = `${Math.floor(100 / Math.max(1, samples.length))}%`;
  const top = "text-align:left;vertical-align:top;white-space:normal;";
  const cell = (tag: string, style: string, inner: string) =>
    `<${tag} align="left" valign="top" width="${width}" style="${top}${style}">${inner}</${tag}>`;
  const cells = (tag: string, style: string, inner: (s: ShownText) => string) =>
    `<tr>${samples.map((s) => cell(tag, style, inner(s))).join("")}</tr>`;
  const html = [
    question === undefined ? "" : `<p><b>${titleHtml(question)}</b></p>`,
    wholeHtml(question),
    glossHtml(gloss),
    `<table class="ftmodel-samples" style="width:100%;table-layout:fixed">`,
    `<thead>${cells("th", "", heading)}</thead>`,
    `<tbody>${cells("td", "font-size:90%;overflow-wrap:anywhere", (s) => bodyHtml(s, NARROW))}</tbody>`,
    "</table>",
  ];
  return {
    html: html.filter(Boolean).join("\n"),
    text: [question === undefined ? "" : `${visibleText(question)}\n`, ...samples.map(plain)]
      .filter(Boolean)
      .join("\n"),
  };
}

/**
 * Two or more lists beside each other, a column each under its name: accepted beside rejected. Each text with
 * its verdict, its reason and the marked places. A list that is shorter ends earlier; one without any text
 * says so.
 */
export function sampleColumns(columns: Readonly<Record<string, readonly ShownText[]>>): View {
  const lists = Object.entries(columns);
  const width = `${Math.floor(100 / Math.max(1, lists.length))}%`;
  const cell = (tag: "th" | "td", inner: string) =>
    `<${tag} align="left" valign="top" width="${width}" ` +
    `style="text-align:left;vertical-align:top;white-space:normal">${inner}</${tag}>`;
  const longest = Math.max(1, ...lists.map(([, samples]) => samples.length));
  const cellOf = (samples: readonly ShownText[], row: number): string => {
    const sample = samples[row];
    if (!sample) return row === 0 ? "<em>no samples</em>" : "";
    return (
      `${heading(sample)}<br><span ` +
      `style="font-size:90%;overflow-wrap:anywhere">${bodyHtml(sample, NARROW)}</span>`
    );
  };
  const rows = Array.from(
    { length: longest },
    (_, row) => `<tr>${lists.map(([, samples]) => cell("td", cellOf(samples, row))).join("")}</tr>`,
  );
  return {
    html:
      `<table class="ftmodel-samples" style="width:100%;table-layout:fixed">` +
      `<thead><tr>${lists.map(([name]) => cell("th", inertHtml(name))).join("")}</tr></thead>\n` +
      `<tbody>\n${rows.join("\n")}\n</tbody></table>`,
    text: lists
      .map(([name, samples]) =>
        [visibleText(name), ...(samples.length > 0 ? samples.map(plain) : ["no samples"])].join("\n"),
      )
      .join("\n"),
  };
}

/**
 * One text under the other, each with its verdict, reason and marked places: accepted and rejected samples,
 * completions of a group.
 */
export function sampleList(samples: readonly ShownText[], caption?: string): View {
  const top = "text-align:left;vertical-align:top;white-space:normal";
  const rows = samples.map(
    (s) =>
      `<tr><td align="left" valign="top" width="24%" style="${top}">${heading(s)}</td>` +
      `<td align="left" valign="top" style="${top};font-size:90%;overflow-wrap:anywhere">` +
      `${bodyHtml(s, WIDE)}</td></tr>`,
  );
  const head = caption
    ? `<caption style="text-align:left"><b>${inertHtml(shortQuestion(caption) ?? caption)}</b>` +
      `${wholeHtml(caption)}</caption>`
    : "";
  const body = rows.length > 0 ? rows.join("\n") : `<tr><td><em>no samples</em></td></tr>`;
  return {
    html: `<table class="ftmodel-samples" style="width:100%">${head}<tbody>\n${body}\n</tbody></table>`,
    text: [caption ?? "", ...(samples.length > 0 ? samples.map(plain) : ["no samples"])]
      .filter(Boolean)
      .join("\n"),
  };
}

function badge(ok: boolean | null | undefined): { text: string; colour: string } {
  return ok === true ? BADGES.yes : ok === false ? BADGES.no : BADGES.open;
}

const titleHtml = (title: string): string => inertHtml(shortQuestion(title) ?? title);

function heading(sample: ShownText): string {
  const { text, colour } = badge(sample.ok);
  const facts = Object.entries(sample.facts ?? {}).map(([name, value]) => `${name} ${value ?? "–"}`);
  const small = [...facts, sample.reason ?? "", sample.message ?? ""].filter((line) => line !== "");
  return (
    `<b style="color:${colour}">${text}</b> <b>${titleHtml(sample.title)}</b>` +
    (small.length > 0
      ? `<small style="font-weight:normal">${small.map((line) => `<br>${inertHtml(line)}`).join("")}</small>`
      : "") +
    wholeHtml(sample.title) +
    glossHtml(sample.gloss)
  );
}

/** A long question, of which the beginning and the end are shown, whole. */
function wholeHtml(question: string | undefined): string {
  if (question === undefined || shortQuestion(question) === null) return "";
  return foldedHtml("the whole question", inertHtml(question));
}

function foldedHtml(summary: string, inner: string): string {
  return (
    `<details><summary><small>${summary}</small></summary><small ` +
    `style="font-weight:normal">${inner}</small></details>`
  );
}

/** A click away, for those who do not read the language of the question. */
function glossHtml(gloss: string | undefined): string {
  return gloss === undefined ? "" : foldedHtml("in English", inertHtml(gloss));
}

/** A long text with its middle folded, but for one in which a verdict marks a place there. */
function bodyHtml({ text, marks = [] }: ShownText, room: Room): string {
  if (text === null) return "<em>no text</em>";
  const fold = foldedStretch(text, room);
  if (!fold || marks.some(({ start, end }) => end > fold.start && start < fold.end))
    return markedHtml(text, marks);
  const { start, end } = fold;
  const after = marks
    .filter((mark) => mark.start >= end)
    .map((mark) => ({ ...mark, start: mark.start - end, end: mark.end - end }));
  const before = marks.filter((mark) => mark.end <= start);
  const middle = text.slice(start, end);
  return (
    markedHtml(text.slice(0, start).trimEnd(), before) +
    `<details><summary><small>… ${middle.length.toLocaleString("en-US")} more characters, and the end:` +
    `</small></summary>${markedHtml(middle.trimEnd(), [])}</details>` +
    markedHtml(text.slice(end), after)
  );
}

/**
 * The text as inert HTML with `marks` highlighted and the format's own tags set apart.
 *
 * @throws LabError when a mark lies outside the text or two marks overlap.
 */
export function markedHtml(text: string, marks: readonly Mark[]): string {
  const sorted = [...marks].sort((a, b) => a.start - b.start);
  let at = 0;
  let html = "";
  for (const mark of sorted) {
    if (!(mark.start >= at && mark.start < mark.end && mark.end <= text.length)) {
      throw new LabError({
        what: "markedHtml requires marks inside the text that do not overlap",
        expected: `${at} ≤ start < end ≤ ${text.length}`,
        found: `${mark.start} … ${mark.end}`,
      });
    }
    const title = mark.label ? ` title="${inertTitle(mark.label)}"` : "";
    const style = `background:${MARKS[mark.kind ?? "note"]};color:inherit`;
    html +=
      tagsHtml(text.slice(at, mark.start)) +
      `<mark style="${style}"${title}>${tagsHtml(text.slice(mark.start, mark.end))}</mark>`;
    at = mark.end;
  }
  return html + tagsHtml(text.slice(at));
}

function inertTitle(text: string): string {
  return visibleText(text, 300).replace(/[&<>"'$\\\n]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function tagsHtml(text: string): string {
  let at = 0;
  let html = "";
  for (const match of text.matchAll(TAG)) {
    html +=
      inertHtml(text.slice(at, match.index)) +
      `<code style="color:${TAG_COLOUR};background:none">${inertHtml(match[0])}</code>`;
    at = match.index + match[0].length;
  }
  return html + inertHtml(text.slice(at));
}

function plain(sample: ShownText): string {
  const facts = Object.entries(sample.facts ?? {}).map(([name, value]) => `${name} ${value ?? "–"}`);
  const head = [`${badge(sample.ok).text} ${sample.title}`, ...facts, sample.reason, sample.message]
    .filter(Boolean)
    .join(" · ");
  const text = sample.text === null ? "(no text)" : visibleText(sample.text);
  return `── ${visibleText(head).replace(/\n/g, " ")}\n${text}\n`;
}
