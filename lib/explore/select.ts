/**
 * Which rows an explorer shows: search, facets, order. Pure, and quick enough for 20,000 rows a keystroke.
 */
import { withoutContext } from "../question/asked.ts";
import { HIDDEN_KEYS, type ExploreData } from "./data.ts";
import type { ExploreState } from "./state.ts";

/** A facet: the values of one field, and which of them each row has. */
export interface Facet {
  key: string;
  values: string[];
  /** Row → place in `values`; -1 where it has none. */
  of: Int32Array;
}

export interface Selected {
  /** Rows that are shown, in order. */
  rows: number[];
  /** For each facet, rows a value would leave with everything else as it is. */
  counts: number[][];
}

/** As a facet and a cell of the table write it. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number")
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  if (typeof value === "boolean") return value ? "yes" : "no";
  return JSON.stringify(value);
}

const CODES: readonly string[] = ["type", "kind", "layer", "reason", "verdict"];

/** The same for a person: codes in words ("financial_concept" → "concept"), a question without its report. */
export function readable(key: string, value: unknown): string {
  const text = cellText(value);
  if (key === "question") return withoutContext(text);
  return CODES.includes(key) ? text.replace(/^financial_/, "").replaceAll("_", " ") : text;
}

/** Letter case and full width say nothing. */
function plain(text: string): string {
  const lower = text.toLowerCase();
  return /[\uFF01-\uFF5E\u3000]/.test(lower) ? lower.normalize("NFKC") : lower;
}

/** The words and "quoted phrases" that a row must all hold. */
export function termsOf(query: string): string[] {
  return [...plain(query).matchAll(/"([^"]*)"?|([^\s"]+)/g)]
    .map(([, quoted, word]) => (quoted ?? word)!)
    .filter((term) => term !== "");
}

export class Selector {
  readonly facets: readonly Facet[];
  readonly #data: ExploreData;
  readonly #searched: readonly number[];
  #texts: string[] | null = null;
  #sorted: { by: string; rows: number[] } | null = null;

  constructor(data: ExploreData) {
    this.#data = data;
    this.#searched = data.keys.flatMap((key, i) => (HIDDEN_KEYS.includes(key) ? [] : [i]));
    this.facets = data.facets.map((i) => facetOf(data, i)).filter(({ values }) => values.length > 1);
  }

  /** Makes what a search looks through; called before the first keystroke, it saves that its time. */
  prepare(): string[] {
    this.#texts ??= this.#data.rows.map((row) =>
      plain(this.#searched.map((i) => cellText(row[i])).join("\n")),
    );
    return this.#texts;
  }

  select(state: ExploreState): Selected {
    const terms = termsOf(state.query);
    const texts = terms.length > 0 ? this.prepare() : null;
    const wanted = this.facets.map(({ key, values }) => {
      const chosen = state.chosen[key]?.flatMap((value) => {
        const at = values.indexOf(value);
        return at === -1 ? [] : [at];
      });
      return chosen && chosen.length > 0 ? new Set(chosen) : null;
    });
    const rows: number[] = [];
    const counts = this.facets.map(({ values }) => new Array<number>(values.length).fill(0));
    for (const i of this.#order(state)) {
      if (texts && !terms.every((term) => texts[i]!.includes(term))) continue;
      let failed = -1;
      let failures = 0;
      for (let f = 0; f < wanted.length && failures < 2; f++)
        if (wanted[f] && !wanted[f]!.has(this.facets[f]!.of[i]!)) {
          failures++;
          failed = f;
        }
      if (failures === 0) rows.push(i);
      for (let f = 0; f < wanted.length; f++) {
        const value = this.facets[f]!.of[i]!;
        if (value >= 0 && (failures === 0 || (failures === 1 && failed === f))) counts[f]![value]!++;
      }
    }
    return { rows, counts };
  }

  /** All rows in the order asked for; rows without a value come last either way. */
  #order({ sort }: ExploreState): number[] {
    const by = sort ? `${sort.down ? "-" : ""}${sort.key}` : "";
    if (this.#sorted?.by === by) return this.#sorted.rows;
    const rows = this.#data.rows.map((_, i) => i);
    const at = sort ? this.#data.keys.indexOf(sort.key) : -1;
    if (at >= 0) {
      const values = this.#data.rows.map((row) => row[at] ?? null);
      const compare = values.every((value) => value === null || typeof value !== "string")
        ? (a: unknown, b: unknown) => Number(a) - Number(b)
        : byText();
      const sign = sort!.down ? -1 : 1;
      rows.sort((a, b) => {
        const [x, y] = [values[a], values[b]];
        if (x === null || y === null) return Number(x === null) - Number(y === null) || a - b;
        return sign * compare(x, y) || a - b;
      });
    }
    this.#sorted = { by, rows };
    return rows;
  }
}

function byText(): (a: unknown, b: unknown) => number {
  const { compare } = new Intl.Collator(undefined, { numeric: true });
  return (a, b) => compare(cellText(a).slice(0, 200), cellText(b).slice(0, 200));
}

/** Its values, the most frequent first; numbers in their own order. */
function facetOf(data: ExploreData, at: number): Facet {
  const seen = new Map<string, number>();
  const of = new Int32Array(data.rows.length).fill(-1);
  const times: number[] = [];
  let isNumeric = true;
  data.rows.forEach((row, i) => {
    const value = row[at];
    if (value === null || value === undefined || value === "") return;
    if (typeof value !== "number") isNumeric = false;
    const text = cellText(value);
    let n = seen.get(text);
    if (n === undefined) {
      n = seen.size;
      seen.set(text, n);
      times.push(0);
    }
    times[n]!++;
    of[i] = n;
  });
  const names = [...seen.keys()];
  const order = names
    .map((_, n) => n)
    .sort((a, b) => (isNumeric ? Number(names[a]) - Number(names[b]) : times[b]! - times[a]!));
  const place = new Int32Array(names.length);
  order.forEach((n, to) => (place[n] = to));
  return {
    key: data.keys[at]!,
    values: order.map((n) => names[n]!),
    of: of.map((n) => (n === -1 ? -1 : place[n]!)),
  };
}
