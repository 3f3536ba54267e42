/** The table: of any number of rows only those in view are elements. */
import type { ExploreData } from "../data.ts";
import { cellText, readable } from "../select.ts";
import type { ExploreState } from "../state.ts";
import { el } from "../../widget/page/dom.ts";
import { shown } from "./dom.ts";

/** CSS pixels; the style sheet has the same. */
const ROW = 28;
const MORE = 6;
/** Of a letter, and of the narrowest column that takes what is left. */
const LETTER = 7.8;
const WIDE = 260;
const PREVIEW = 160;

export interface GridEvents {
  open(row: number): void;
  close(): void;
  sort(key: string): void;
}

export class Grid {
  readonly element: HTMLDivElement;
  readonly #data: ExploreData;
  readonly #events: GridEvents;
  readonly #head: HTMLDivElement;
  readonly #space: HTMLDivElement;
  readonly #isNumeric: boolean[];
  readonly #id: string;
  #rows: number[] = [];
  #active = 0;
  #open: number | null = null;
  #marked: (row: number) => boolean = () => false;

  constructor(data: ExploreData, events: GridEvents) {
    this.#data = data;
    this.#events = events;
    this.#id = `ftx-${data.name}-${Math.random().toString(36).slice(2, 8)}`;
    const sample = data.rows.slice(0, 300);
    this.#isNumeric = data.columns.map((at) =>
      sample.every((row) => row[at] === null || typeof row[at] === "number"),
    );
    this.#head = el("div", { class: "ftx-row ftx-head", role: "row" });
    this.#space = el("div", { class: "ftx-space", role: "rowgroup" });
    this.element = el(
      "div",
      { class: "ftx-grid", role: "grid", tabindex: 0, "aria-label": data.caption },
      this.#head,
      this.#space,
    );
    const widths = this.#widths(sample);
    const columns = widths.map((width) => (width > WIDE ? `minmax(${WIDE}px,1fr)` : `${width}px`));
    const least = widths.reduce((sum, width) => sum + Math.min(width, WIDE), 0);
    this.element.style.setProperty("--ftx-columns", columns.join(" "));
    this.element.style.setProperty("--ftx-width", `max(100%, ${least}px)`);
    this.element.addEventListener("scroll", () => this.#paint());
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.#space.addEventListener("click", (event) => {
      const row = (event.target as Element).closest<HTMLElement>(".ftx-row");
      if (!row) return;
      this.#active = Number(row.dataset.at);
      this.#toggle();
    });
  }

  /** Shows these rows; the view stays where it is unless it would be beyond the last. */
  show(rows: number[], { sort, open }: ExploreState, marked: (row: number) => boolean): void {
    const isNew = rows !== this.#rows;
    this.#rows = rows;
    this.#marked = marked;
    this.#open = open;
    this.#active = Math.max(0, Math.min(this.#active, rows.length - 1));
    this.#head.replaceChildren(
      ...this.#data.columns.map((at, i) => {
        const key = this.#data.keys[at]!;
        const down = sort?.key === key ? sort.down : null;
        return el(
          "button",
          {
            type: "button",
            class: this.#isNumeric[i] ? "ftx-number" : "",
            role: "columnheader",
            tabindex: -1,
            "aria-sort": down === null ? "none" : down ? "descending" : "ascending",
            title: `Sort by ${shown(key)}`,
            onclick: () => this.#events.sort(key),
          },
          shown(key.replaceAll("_", " ")),
          down === null ? "" : down ? " ↓" : " ↑",
        );
      }),
    );
    this.#space.style.height = `${rows.length * ROW}px`;
    this.element.setAttribute("aria-rowcount", String(rows.length + 1));
    if (isNew && this.element.scrollTop > rows.length * ROW) this.element.scrollTop = 0;
    this.#paint();
  }

  /** The opened row's neighbour in the order shown; null at an end. */
  beside(row: number, by: number): number | null {
    const at = this.#rows.indexOf(row);
    return at === -1 ? null : (this.#rows[at + by] ?? null);
  }

  /** Brings a row into view and makes it the one that keys act on. */
  reveal(row: number): void {
    const at = this.#rows.indexOf(row);
    if (at === -1) return;
    this.#active = at;
    this.#intoView();
  }

  #paint(): void {
    const height = this.element.clientHeight || 400;
    const from = Math.max(0, Math.floor(this.element.scrollTop / ROW) - MORE);
    const to = Math.min(this.#rows.length, from + Math.ceil(height / ROW) + 2 * MORE);
    const painted: HTMLElement[] = [];
    for (let at = from; at < to; at++) painted.push(this.#rowElement(at));
    this.#space.replaceChildren(...painted);
    const hasActive = this.#active >= from && this.#active < to && this.#rows.length > 0;
    if (hasActive) this.element.setAttribute("aria-activedescendant", `${this.#id}-${this.#active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  #rowElement(at: number): HTMLElement {
    const number = this.#rows[at]!;
    const row = this.#data.rows[number]!;
    const classes = [
      "ftx-row",
      at === this.#active && "ftx-active",
      number === this.#open && "ftx-open",
      this.#marked(number) && "ftx-corrected",
    ];
    const cells = this.#data.columns.map((column, i) => {
      const key = this.#data.keys[column]!;
      const text = readable(key, row[column]);
      return el(
        "span",
        {
          role: "gridcell",
          class: this.#isNumeric[i] ? "ftx-number" : "",
          "data-verdict": ["verdict", "change"].includes(key) && toneOf(text),
        },
        shown(text.slice(0, PREVIEW)).replace(/\s+/g, " ") || "–",
      );
    });
    return el(
      "div",
      {
        id: `${this.#id}-${at}`,
        class: classes.filter(Boolean).join(" "),
        role: "row",
        "aria-rowindex": at + 2,
        "aria-selected": number === this.#open,
        "data-at": at,
        style: `top:${at * ROW}px`,
      },
      ...cells,
    );
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW) - 2);
    const last = this.#rows.length - 1;
    const to: Record<string, number> = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + page,
      PageUp: this.#active - page,
      Home: 0,
      End: last,
    };
    if (event.key in to) {
      this.#active = Math.max(0, Math.min(last, to[event.key]!));
      this.#intoView();
      // an opened row follows the arrow keys
      const row = this.#rows[this.#active];
      if (this.#open !== null && row !== undefined) this.#events.open(row);
    } else if ((event.key === "Enter" || event.key === " ") && event.target === this.element) this.#toggle();
    else if (event.key === "Escape" && this.#open !== null) this.#events.close();
    else return;
    event.preventDefault();
  }

  #toggle(): void {
    const row = this.#rows[this.#active];
    if (row === undefined) return;
    if (row === this.#open) this.#events.close();
    else this.#events.open(row);
  }

  #intoView(): void {
    const [top, height] = [this.#active * ROW, this.element.clientHeight - ROW];
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + ROW > this.element.scrollTop + height) this.element.scrollTop = top + ROW - height;
    this.#paint();
  }

  /** Pixels for each column, from what its first rows hold; what is wider than WIDE shares what is left. */
  #widths(sample: readonly unknown[][]): number[] {
    return this.#data.columns.map((at) => {
      const lengths = sample.map((row) => widthOf(cellText(row[at]).slice(0, 60))).sort((a, b) => a - b);
      const usual = lengths[Math.floor(0.95 * (lengths.length - 1))] ?? 0;
      return 18 + Math.ceil(LETTER * Math.max(4, usual, this.#data.keys[at]!.length + 2));
    });
  }
}

/** Which colour a verdict has. */
export function toneOf(verdict: string): string {
  if (["right", "kept", "gain", "good, not needed"].includes(verdict)) return "good";
  return ["wrong", "dropped", "regression", "no text"].includes(verdict) ? "bad" : "open";
}

/** Chinese and other wide characters take two places. */
function widthOf(text: string): number {
  return text.length + (text.match(/[\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFF00-\uFF60]/g)?.length ?? 0);
}
