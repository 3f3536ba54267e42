/** The whole of it: what the reader does changes the state, and the state is shown. */
import type { ExploreData } from "../data.ts";
import { Selector } from "../select.ts";
import { EMPTY, type ExploreState, readState, writeState } from "../state.ts";
import { Corrections } from "./corrections.ts";
import { detail } from "./detail.ts";
import { becomeLive, el } from "../../widget/page/dom.ts";
import { copy, download, shown } from "./dom.ts";
import { Facets } from "./facets.ts";
import { Grid } from "./grid.ts";
import { followTheme } from "./theme.ts";

const NARROW = 640;

/** Puts a live table into the block; what stands there stays for paper. */
export function startExplorer(block: HTMLElement, data: ExploreData): void {
  const selector = new Selector(data);
  let state: ExploreState = readState(data.name, location.hash) ?? readState(data.name, data.state) ?? EMPTY;
  let rows: number[] = [];

  const search = el("input", {
    type: "search",
    placeholder: "Search",
    "aria-label": "Search all fields",
    title: "All words, in any field; “several words” in quotes. Key: /",
  });
  const count = el("output", { class: "ftx-count", "aria-live": "polite" });
  const said = el("output", { class: "ftx-said", "aria-live": "polite" });
  const panel = el("div", { class: "ftx-panel" });
  const corrections = new Corrections(data, () => update({}));
  const grid = new Grid(data, {
    open: (open) => update({ open }),
    close,
    sort: (key) =>
      update({
        sort: state.sort?.key !== key ? { key, down: false } : state.sort.down ? null : { key, down: true },
      }),
  });
  const facets = new Facets(selector.facets, (key, values) =>
    update({ chosen: { ...state.chosen, [key]: values } }),
  );
  const clear = button("Clear", "Search and choices away", () => {
    search.value = "";
    update({ query: "", chosen: {} });
  });
  const save = button("", "Lines that npm start -- --source takes", () =>
    download("corrections.jsonl", corrections.jsonl()),
  );
  const side = el("details", { class: "ftx-side" }, el("summary", {}, "Filter"), facets.element);
  const live = el(
    "div",
    { class: "ftx-live" },
    el(
      "div",
      { class: "ftx-bar" },
      el("b", { class: "ftx-caption" }, shown(data.caption)),
      search,
      count,
      clear,
      el("span", { class: "ftx-gap" }),
      said,
      save,
      button("Copy as JSONL", `The rows shown, as they stand in this page, one a line`, () =>
        tell(copy(jsonl(data, rows)), `${rows.length.toLocaleString("en-US")} rows copied`),
      ),
      button("Copy link", "A link to what is searched, chosen, sorted and open", () => {
        const text = writeState(data.name, state);
        if (isReport()) location.hash = text;
        tell(copy(isAddress() ? `${location.href.replace(/#.*/, "")}#${text}` : text), "link copied");
      }),
    ),
    el("div", { class: "ftx-body" }, side, el("div", { class: "ftx-main" }, grid.element, panel)),
  );

  function button(text: string, title: string, onclick: () => void): HTMLButtonElement {
    return el("button", { type: "button", title, onclick }, text);
  }

  function tell(done: Promise<boolean>, text: string): void {
    void done.then((isDone) => {
      said.textContent = isDone ? text : "the browser does not allow it";
      setTimeout(() => (said.textContent = ""), 3000);
    });
  }

  function close(): void {
    update({ open: null });
    grid.element.focus({ preventScroll: true });
  }

  function update(change: Partial<ExploreState>): void {
    const isOther = "open" in change && change.open !== state.open;
    state = { ...state, ...change };
    const selected = selector.select(state);
    rows = selected.rows;
    grid.show(rows, state, (row) => corrections.has(row));
    facets.show(selected.counts, state);
    count.textContent = countText(data, rows.length);
    clear.hidden = state.query === "" && Object.values(state.chosen).every((values) => values.length === 0);
    save.hidden = corrections.count === 0;
    const what = corrections.count === 1 ? "correction" : "corrections";
    save.textContent = `Download ${corrections.count} ${what}`;
    if (isOther) openPanel();
  }

  function openPanel(): void {
    const { open } = state;
    if (open === null || !data.rows[open]) return panel.replaceChildren();
    const events = {
      open: (row: number) => update({ open: row }),
      move: (by: number) => {
        const to = grid.beside(open, by);
        if (to === null) return;
        update({ open: to });
        grid.reveal(to);
      },
      close,
    };
    panel.replaceChildren(detail(data, open, events, corrections.form(open)));
  }

  search.value = state.query;
  search.addEventListener("input", () => update({ query: search.value }));
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "Enter") grid.element.focus();
  });
  live.addEventListener("keydown", (event) => {
    const isTyping = (event.target as Element).matches("input:not([type=checkbox]), select, textarea");
    if (event.key === "/" && !isTyping) {
      event.preventDefault();
      search.focus();
    }
  });
  addEventListener("hashchange", () => {
    const linked = readState(data.name, location.hash);
    if (!linked || !live.isConnected) return;
    search.value = linked.query;
    update(linked);
    openPanel();
    if (linked.open !== null) grid.reveal(linked.open);
  });

  block.classList.add("ftx");
  followTheme(block);
  becomeLive(block, live);
  side.open = block.clientWidth >= NARROW;
  block.classList.toggle("ftx-narrow", block.clientWidth < NARROW);
  new ResizeObserver(() => block.classList.toggle("ftx-narrow", block.clientWidth < NARROW)).observe(block);
  update({});
  openPanel();
  if (state.open !== null) grid.reveal(state.open);
  if (readState(data.name, location.hash)) block.scrollIntoView();
  setTimeout(() => selector.prepare());
}

function countText({ rows, total, clipped }: ExploreData, shownRows: number): string {
  const n = (count: number) => count.toLocaleString("en-US");
  const all = shownRows === rows.length ? n(rows.length) : `${n(shownRows)} of ${n(rows.length)}`;
  return (
    `${all} ${rows.length === 1 ? "row" : "rows"}` +
    (total > rows.length ? `, a sample of ${n(total)} (maxRows)` : "") +
    (clipped > 0 ? ` · ${n(clipped)} long texts shortened (maxChars)` : "")
  );
}

function jsonl({ keys, rows }: ExploreData, chosen: readonly number[]): string {
  return chosen
    .map((i) => {
      const fields = keys.flatMap((key, k) =>
        rows[i]![k] === null || rows[i]![k] === undefined || key === "marks"
          ? []
          : [[key, rows[i]![k]] as const],
      );
      return `${JSON.stringify(Object.fromEntries(fields))}\n`;
    })
    .join("");
}

/** Whether the page has an address that a link can hold; an editor's frame has none. */
const isAddress = (): boolean => /^(https?|file):$/.test(location.protocol);
/** In a notebook the address belongs to the notebook. */
const isReport = (): boolean => isAddress() && !document.body.hasAttribute("data-jp-theme-name");
