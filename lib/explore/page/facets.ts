/** The values beside the table, each with how many rows it would leave. */
import { type Facet, readable } from "../select.ts";
import type { ExploreState } from "../state.ts";
import { el } from "../../widget/page/dom.ts";
import { shown } from "./dom.ts";

const FIRST = 8;

export class Facets {
  readonly element = el("div", { class: "ftx-facets" });
  readonly #facets: readonly Facet[];
  readonly #choose: (key: string, values: string[]) => void;
  readonly #unfolded = new Set<string>();

  constructor(facets: readonly Facet[], choose: (key: string, values: string[]) => void) {
    this.#facets = facets;
    this.#choose = choose;
  }

  show(counts: readonly number[][], state: ExploreState): void {
    // the one that was in use keeps the focus
    const held = (document.activeElement as HTMLElement | null)?.dataset.value;
    this.element.replaceChildren(
      ...this.#facets.map((facet, f) => this.#one(facet, counts[f]!, state, () => this.show(counts, state))),
    );
    if (held !== undefined)
      for (const input of this.element.querySelectorAll<HTMLInputElement>("input"))
        if (input.dataset.value === held) input.focus({ preventScroll: true });
  }

  #one(
    { key, values }: Facet,
    counts: readonly number[],
    { chosen }: ExploreState,
    again: () => void,
  ): HTMLElement {
    const of = chosen[key] ?? [];
    const all = values.map((value, i) => ({ value, count: counts[i]!, isChosen: of.includes(value) }));
    const isOpen = this.#unfolded.has(key) || values.length <= FIRST + 1;
    const listed = isOpen ? all : all.filter(({ isChosen }, i) => i < FIRST || isChosen);
    return el(
      "fieldset",
      {},
      el("legend", {}, shown(key.replaceAll("_", " "))),
      ...listed.map(({ value, count, isChosen }) => {
        const box = el("input", { type: "checkbox", checked: isChosen, "data-value": `${key}\n${value}` });
        box.addEventListener("change", () =>
          this.#choose(key, box.checked ? [...of, value] : of.filter((other) => other !== value)),
        );
        const name = shown(readable(key, value));
        return el(
          "label",
          { class: count === 0 && "ftx-none", title: name },
          box,
          el("span", {}, name),
          el("b", {}, count.toLocaleString("en-US")),
        );
      }),
      listed.length < all.length &&
        el(
          "button",
          {
            type: "button",
            class: "ftx-more",
            onclick: () => {
              this.#unfolded.add(key);
              again();
            },
          },
          `${all.length - listed.length} more`,
        ),
    );
  }
}
