/** Rows as a table to search, sort, filter and open, in the page itself. Pure: showing it is show's. */
import { LabError } from "../errors.ts";
import { languageOf } from "../question/language.ts";
import { table } from "../view/table.ts";
import { pack } from "../widget/block.ts";
import type { Widget } from "../widget/widget.ts";
import { clipText } from "./clip.ts";
import { type ExploreData, FACETS, HIDDEN_KEYS, TEXTS, type TextMark } from "./data.ts";
import { type Explored, rowsOf } from "./rows.ts";

export interface ExploreOptions {
  caption?: string;
  /** Short name of letters, digits, "-": what a link to a state of it holds. Default "rows". */
  name?: string;
  /** Fields shown as columns, in order. Default: all that hold no whole text and no sentence. */
  columns?: readonly string[];
  /** Fields whose values are counted. Default: type, kind, source, language, layer, reason, verdict, arm … */
  facets?: readonly string[];
  /** Fields that hold a whole text. Default: text, before, after. */
  texts?: readonly string[];
  /** The field by which rows belong together (answers to one question). Default "id". */
  group?: string;
  /**
   * Rows that go into the notebook, default 300, spread over all of them and with whole groups; Infinity
   * takes all: some hundred bytes a row.
   */
  maxRows?: number;
  /** Characters of a text, default 1,200; the middle of a longer one is left out. */
  maxChars?: number;
  /** Offer to correct gold answers and verdicts and to take notes. Default true where rows have an id. */
  corrections?: boolean;
  /** What it opens with: what "copy link" gave, or its part behind the "#". */
  state?: string;
}

/** A table for the page (`show` makes its block) and, as a view, the first rows of it. */
export interface Explorer extends Widget {
  explorer: ExploreData;
}

const STATIC_ROWS = 8;
/** As columns they would leave no room for the rest. */
const READ_WHEN_OPEN = ["message", "language", "training text", "sample", "answer read"];

/**
 * A table of the rows that one can search, sort, filter by what is counted beside it, and click open. It
 * works in JupyterLab, in VS Code and in an exported report, without a kernel and without a network; where no
 * script may run, its first rows stand as a plain table.
 *
 * Fields with a meaning: `id` (answers to one question share it), `question` and `gold`, `text`, `marks` (the
 * places of `text` that a reason speaks of), `verdict`, `reason` and `message`. `language` is added where
 * there is a question. Reader's corrections are downloaded as JSON lines that `--source` takes.
 *
 * @param what rows of any kind; or a stage's own: `{ texts, details }` (Teacher texts and their fates),
 *   `{ samples, questions }` (what a GRPO run wrote), `{ arms, questions }` (answers by arm),
 *   `{ pairs, questions }` (answers whose verdict changed).
 * @throws LabError when the name holds other characters or a column is in no row.
 * @example await show(explore({ arms: details, questions }, { caption: "All answers", maxRows: Infinity }));
 */
export function explore(what: Explored, options: ExploreOptions = {}): Explorer {
  const { caption = "Rows", name = "rows", maxRows = 300, maxChars = 1200, group = "id" } = options;
  if (!/^[\w-]{1,40}$/.test(name))
    throw new LabError({
      what: "explore() requires a name that a link can hold",
      expected: "letters, digits, - and _",
      found: name,
    });
  const all = rowsOf(what);
  const rows = spread(all, group, maxRows).map((row) => withLanguage(row));
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const texts = (options.texts ?? TEXTS).filter((key) => keys.includes(key));
  const columns = options.columns ?? columnsOf(keys, texts);
  const unknown = columns.find((key) => rows.length > 0 && !keys.includes(key));
  if (unknown !== undefined)
    throw new LabError({
      what: "explore() requires columns that some row has",
      where: `column "${unknown}"`,
      expected: keys.join(", "),
      found: unknown,
    });
  let clipped = 0;
  const values = rows.map((row) => {
    const marks = row.marks as readonly TextMark[] | undefined;
    const short: Record<string, unknown> = { ...row };
    for (const [key, value] of Object.entries(row)) {
      if (typeof value !== "string" || value.length <= maxChars) continue;
      const cut = clipText(value, maxChars, key === "text" ? (marks ?? []) : []);
      clipped++;
      short[key] = cut.text;
      if (key === "text" && marks) short.marks = cut.marks;
    }
    return keys.map((key) => embeddable(short[key]));
  });
  const places = (names: readonly string[]): number[] =>
    names.map((key) => keys.indexOf(key)).filter(isPlace);
  const explorer: ExploreData = {
    caption,
    name,
    keys,
    rows: values,
    columns: places(columns),
    facets: places(options.facets ?? FACETS),
    texts: places(texts),
    group: keys.includes(group) ? keys.indexOf(group) : null,
    total: all.length,
    clipped,
    corrections: options.corrections ?? keys.includes("id"),
    state: options.state?.replace(/^[^#]*#/, "") ?? "",
  };
  const first = table(rows, columns.slice(0, 6), { caption, maxRows: STATIC_ROWS, maxChars: 120 });
  return { ...first, widget: "explore", packed: pack(JSON.stringify(explorer)), explorer };
}

/** The question first, for it says most; without one, the first text in a line. */
function columnsOf(keys: readonly string[], texts: readonly string[]): string[] {
  const kept = keys.filter((key) => ![...HIDDEN_KEYS, ...READ_WHEN_OPEN, ...texts].includes(key));
  const first = ["step", "id", "arm", "change", "verdict", "reward", "advantage", "question"].filter((key) =>
    kept.includes(key),
  );
  const preview = keys.includes("question") ? [] : texts.slice(0, 1);
  return [...first, ...preview, ...kept.filter((key) => !first.includes(key))];
}

const isPlace = (place: number): boolean => place >= 0;

function withLanguage(row: Record<string, unknown>): Record<string, unknown> {
  if (typeof row.question !== "string" || row.language !== undefined) return row;
  const { id, ...rest } = row;
  return { ...(id !== undefined && { id }), language: languageOf(row.question), ...rest };
}

/** What JSON can hold; dates as text, what is not a number as none. */
function embeddable(value: unknown): unknown {
  if (value === undefined || (typeof value === "number" && !Number.isFinite(value))) return null;
  if (typeof value === "bigint") return Number(value);
  return value ?? null;
}

/**
 * At most `max` rows, in order: whole groups, taken at even distances, so that a cut shows what the whole is
 * like and a question keeps the answers of all arms.
 */
function spread(
  rows: readonly Record<string, unknown>[],
  group: string,
  max: number,
): readonly Record<string, unknown>[] {
  if (rows.length <= max) return rows;
  const groups = [...Map.groupBy(rows, (row) => row[group] ?? row).values()];
  const share = max / rows.length;
  const taken = new Set<object>();
  let passed = 0;
  for (const members of groups) {
    // the group in which the wanted number of rows goes up
    if (taken.size < Math.round((passed + members.length) * share) && taken.size + members.length <= max)
      for (const row of members) taken.add(row);
    passed += members.length;
  }
  // one group larger than the whole block
  return taken.size > 0 ? rows.filter((row) => taken.has(row)) : rows.slice(0, max);
}
