/** What a reader has chosen in an explorer, and how a link holds it. Pure. */

export interface ExploreState {
  query: string;
  /** A field, and whether the largest come first; null: as given. */
  sort: { key: string; down: boolean } | null;
  /** Field → values that rows may have; a field without values does not choose. */
  chosen: Record<string, string[]>;
  /** The opened row, its place in the block; null for none. */
  open: number | null;
}

export const EMPTY: ExploreState = { query: "", sort: null, chosen: {}, open: null };

/** As text for a link: `explore=questions&q=margin&sort=-tokens&f.type=concept&open=3`. */
export function writeState(name: string, { query, sort, chosen, open }: ExploreState): string {
  const text = new URLSearchParams({ explore: name });
  if (query !== "") text.set("q", query);
  if (sort) text.set("sort", `${sort.down ? "-" : ""}${sort.key}`);
  for (const [key, values] of Object.entries(chosen))
    for (const value of values) text.append(`f.${key}`, value);
  if (open !== null) text.set("open", String(open + 1));
  return text.toString();
}

/** What such a text holds, with or without "#"; null when it is of another block, or of none. */
export function readState(name: string, text: string): ExploreState | null {
  const values = new URLSearchParams(text.replace(/^#/, ""));
  if (values.get("explore") !== name) return null;
  const sort = values.get("sort");
  const open = Number(values.get("open") ?? "");
  const chosen: Record<string, string[]> = {};
  for (const [key, value] of values) if (key.startsWith("f.")) (chosen[key.slice(2)] ??= []).push(value);
  return {
    query: values.get("q") ?? "",
    sort: sort ? { key: sort.replace(/^-/, ""), down: sort.startsWith("-") } : null,
    chosen,
    open: Number.isInteger(open) && open > 0 ? open - 1 : null,
  };
}
