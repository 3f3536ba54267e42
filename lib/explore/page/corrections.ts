/** What the reader corrects: kept while the page is open, downloaded as lines that --source takes. */
import type { ExploreData } from "../data.ts";
import { el } from "../../widget/page/dom.ts";

type Correction = Record<string, unknown>;

export class Corrections {
  readonly #data: ExploreData;
  readonly #changed: () => void;
  readonly #kept = new Map<number, Correction[]>();

  constructor(data: ExploreData, changed: () => void) {
    this.#data = data;
    this.#changed = changed;
  }

  has(row: number): boolean {
    return this.#kept.has(row);
  }

  get count(): number {
    return [...this.#kept.values()].reduce((sum, lines) => sum + lines.length, 0);
  }

  /** One correction a line. */
  jsonl(): string {
    return [...this.#kept.values()]
      .flat()
      .map((line) => `${JSON.stringify(line)}\n`)
      .join("");
  }

  /** The form of one row; null where it has no id to name it by. */
  form(row: number): HTMLElement | null {
    const value = (key: string): unknown => this.#data.rows[row]![this.#data.keys.indexOf(key)] ?? null;
    const id = value("id");
    if (!this.#data.corrections || (typeof id !== "string" && typeof id !== "number")) return null;
    const kept = this.#kept.get(row) ?? [];
    const of = (kind: string): Correction | undefined => kept.find(({ correction }) => correction === kind);
    const gold = el("input", { type: "text", placeholder: "the right answer", "data-field": "gold" });
    gold.value = String(of("gold")?.gold_answer ?? "");
    const verdict = el(
      "select",
      { "data-field": "verdict" },
      ...[
        ["", "as it is"],
        ["right", "right"],
        ["wrong", "wrong"],
      ].map(([choice, text]) => el("option", { value: choice }, text!)),
    );
    verdict.value = String(of("verdict")?.verdict ?? "");
    const note = el("input", { type: "text", placeholder: "why", "data-field": "note" });
    note.value = String(kept[0]?.note ?? "");
    const said = el("output", {}, kept.length > 0 ? "kept" : "");
    const keep = () => {
      const named = Object.fromEntries(
        ["key", "arm", "mode", "sample", "step"]
          .map((key) => [key, value(key)])
          .filter(([, v]) => v !== null),
      );
      const why = note.value.trim() === "" ? {} : { note: note.value.trim() };
      const lines: Correction[] = [];
      if (gold.value.trim() !== "")
        lines.push({ correction: "gold", id, gold_answer: gold.value.trim(), was: value("gold"), ...why });
      if (verdict.value !== "")
        lines.push({
          correction: "verdict",
          id,
          verdict: verdict.value,
          was: value("verdict"),
          ...named,
          ...why,
        });
      if (lines.length === 0 && why.note) lines.push({ correction: "note", id, ...named, ...why });
      if (lines.length > 0) this.#kept.set(row, lines);
      else this.#kept.delete(row);
      said.textContent = lines.length > 0 ? "kept; download all with the button above" : "nothing to keep";
      this.#changed();
    };
    const form = el(
      "form",
      { class: "ftx-correct", "aria-label": "Correct this row" },
      el("b", {}, "Correct it"),
      value("gold") === null ? null : el("label", {}, "gold is ", gold),
      value("verdict") === null
        ? null
        : el("label", { title: "Of a Teacher's text the filter takes your word" }, "this text is ", verdict),
      el("label", {}, "note ", note),
      el("button", { type: "submit" }, "Keep"),
      said,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      keep();
    });
    return form;
  }
}
