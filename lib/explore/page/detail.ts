/** One opened row: question, gold beside answer, verdict and why, whole texts, and its siblings. */
import { HIDDEN_KEYS, type ExploreData, type TextMark } from "../data.ts";
import { cellText, readable } from "../select.ts";
import { el } from "../../widget/page/dom.ts";
import { shown } from "./dom.ts";
import { toneOf } from "./grid.ts";

const TAG = /(<\/?(?:think|answer)>)/;
const SIBLINGS = 12;
/** The answer as the checker read it out of the text. */
const READ = "answer read";
const APART = ["id", "question", "gold", READ, "verdict", "change", "reason", "message", ...HIDDEN_KEYS];

export interface DetailEvents {
  open(row: number): void;
  move(by: number): void;
  close(): void;
}

/** The panel under the table. */
export function detail(
  data: ExploreData,
  row: number,
  events: DetailEvents,
  form: HTMLElement | null,
): HTMLElement {
  const value = (key: string, of = row): unknown => data.rows[of]![data.keys.indexOf(key)] ?? null;
  const button = (text: string, title: string, onclick: () => void) =>
    el("button", { type: "button", title, "aria-label": title, onclick }, text);
  const facts = data.keys.filter(
    (key, i) => !APART.includes(key) && !data.texts.includes(i) && value(key) !== null,
  );
  return el(
    "section",
    { class: "ftx-detail", "aria-label": "Opened row" },
    el(
      "header",
      {},
      el("b", {}, shown(cellText(value("id"))) || `row ${row + 1}`),
      verdictOf(data, row),
      el("span", { class: "ftx-gap" }),
      button("↑", "Row before", () => events.move(-1)),
      button("↓", "Next row", () => events.move(1)),
      button("✕", "Close", events.close),
    ),
    value("question") !== null && el("p", { class: "ftx-question" }, shown(cellText(value("question")))),
    pairs(
      ["gold", READ].flatMap((key): [string, string][] =>
        value(key) === null ? [] : [[key, cellText(value(key))]],
      ),
      "ftx-gold",
    ),
    value("message") !== null && el("p", { class: "ftx-message" }, shown(cellText(value("message")))),
    pairs(
      facts.map((key) => [key.replaceAll("_", " "), readable(key, value(key))]),
      "ftx-facts",
    ),
    texts(data, row),
    siblings(data, row, events),
    form,
  );
}

function verdictOf(data: ExploreData, row: number): HTMLElement | null {
  const value = (key: string): string => readable(key, data.rows[row]![data.keys.indexOf(key)]);
  const verdict = value("verdict") || value("change");
  if (verdict === "") return null;
  const reason = value("reason");
  return el(
    "span",
    { class: "ftx-verdict", "data-verdict": toneOf(verdict) },
    shown(reason === "" || reason === verdict ? verdict : `${verdict}: ${reason}`),
  );
}

/** Spans, not a list of definitions: a notebook's own style sheet has rules for those. */
function pairs(facts: [string, string][], name: string): HTMLElement | null {
  if (facts.length === 0) return null;
  return el(
    "div",
    { class: `ftx-pairs ${name}` },
    ...facts.map(([key, text]) => el("span", {}, el("i", {}, shown(key)), " ", el("span", {}, shown(text)))),
  );
}

function texts(data: ExploreData, row: number): HTMLElement | null {
  const given = data.texts.filter((at) => typeof data.rows[row]![at] === "string");
  if (given.length === 0) return null;
  return el(
    "div",
    { class: "ftx-texts" },
    ...given.map((at) => {
      const key = data.keys[at]!;
      const marks = key === "text" ? data.rows[row]![data.keys.indexOf("marks")] : null;
      return el(
        "div",
        {},
        given.length > 1 && el("b", {}, shown(key)),
        el(
          "div",
          { class: "ftx-text" },
          ...marked(data.rows[row]![at] as string, (marks ?? []) as TextMark[]),
        ),
      );
    }),
  );
}

/** The text with the places that a reason speaks of, and the format's own tags set apart. */
function marked(text: string, marks: readonly TextMark[]): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let at = 0;
  for (const { start, end, kind, label } of [...marks].sort((a, b) => a.start - b.start)) {
    if (!(start >= at && end > start && end <= text.length)) continue;
    parts.push(
      ...tagged(text.slice(at, start)),
      el(
        "mark",
        { class: `ftx-${kind ?? "note"}`, title: label && shown(label) },
        ...tagged(text.slice(start, end)),
      ),
    );
    at = end;
  }
  return [...parts, ...tagged(text.slice(at))];
}

function tagged(text: string): (Node | string)[] {
  return text
    .split(TAG)
    .map((part) => (TAG.test(part) ? el("span", { class: "ftx-tag" }, part) : shown(part)));
}

/** The other rows of the same question: all arms' answers, all texts; equal ones once. */
function siblings(data: ExploreData, row: number, events: DetailEvents): HTMLElement | null {
  const { group } = data;
  const of = group === null ? null : data.rows[row]![group];
  if (group === null || of === null || of === undefined) return null;
  const others = data.rows.flatMap((other, i) => (i !== row && other[group] === of ? [i] : []));
  if (others.length === 0) return null;
  const equal = [...Map.groupBy(others, (i) => likeness(data, i)).values()];
  const list = el("div", { class: "ftx-siblings" });
  const show = (count: number) => {
    list.replaceChildren(
      ...equal.slice(0, count).map((same) => {
        const first = same[0]!;
        return el(
          "article",
          {},
          el(
            "button",
            { type: "button", class: "ftx-link", onclick: () => events.open(first) },
            (same.length > 1 ? `${same.length} × ` : "") + (shown(nameOf(data, first)) || `row ${first + 1}`),
          ),
          verdictOf(data, first),
          texts(data, first),
        );
      }),
    );
    if (count >= equal.length) return;
    const more = () => show(equal.length);
    list.append(
      el("button", { type: "button", class: "ftx-more", onclick: more }, `${equal.length - count} more`),
    );
  };
  show(SIBLINGS);
  return el("div", {}, el("b", {}, `The same question, ${others.length} more`), list);
}

/** What distinguishes a row among those of its question. */
const NAMED = ["arm", "mode", "step", "tokens", "reward", "advantage"];

function nameOf(data: ExploreData, row: number): string {
  const named = NAMED.flatMap((key) => {
    const text = cellText(data.rows[row]![data.keys.indexOf(key)]);
    return text === "" ? [] : [["arm", "mode"].includes(key) ? text : `${key} ${text}`];
  });
  return named.join(" · ");
}

/** The same for rows that read alike, whatever number they were drawn as. */
function likeness(data: ExploreData, row: number): string {
  return JSON.stringify([nameOf(data, row), ...data.texts.map((at) => data.rows[row]![at])]);
}
