/**
 * The glossary of the course on a report's page: a report travels without the file that its notebooks link
 * to.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../config/paths.ts";
import { escapeHtml } from "../view/text-view.ts";
import { inlineHtml } from "./markdown.ts";

interface Term {
  /** As links name it: "chain-of-thought". */
  id: string;
  word: string;
  meaning: string;
  chinese: string;
  chineseMeaning: string;
}

const ROW = /^\| <a id="([\w-]+)"><\/a>\*\*(.+?)\*\* \| (.+?) \| (.+?) \| (.+?) \|$/gm;
export const GLOSSARY_ID = "glossary";

/** Collects the terms that a page links to, and writes them as the page's last section. */
export class Glossary {
  readonly #terms: ReadonlyMap<string, Term>;
  readonly #used = new Set<string>();
  #isNamed = false; // as a whole

  constructor(markdown: string = readFileSync(join(REPO_ROOT, "notebooks", "README.md"), "utf8")) {
    const rows = [...markdown.matchAll(ROW)].map(
      ([, id, word, meaning, chinese, chineseMeaning]) =>
        ({ id, word, meaning, chinese, chineseMeaning }) as Term,
    );
    this.#terms = new Map(rows.map((term) => [term.id, term]));
  }

  /** Where a link to `term` leads on this page, and its meaning in half a sentence; null for no such term. */
  linkTo(term: string): { address: string; meaning: string } | null {
    if (term === GLOSSARY_ID) {
      this.#isNamed = true;
      return { address: `#${GLOSSARY_ID}`, meaning: "" };
    }
    const known = this.#terms.get(term);
    if (known === undefined) return null;
    this.#used.add(term);
    return { address: `#${GLOSSARY_ID}-${term}`, meaning: known.meaning };
  }

  /**
   * The terms linked to so far, in the glossary's order; all of them where only the whole was linked to; ""
   * without any link.
   */
  html(): string {
    const all = [...this.#terms.values()];
    const rows = this.#used.size > 0 ? all.filter(({ id }) => this.#used.has(id)) : this.#isNamed ? all : [];
    if (rows.length === 0) return "";
    const lines = rows.map(
      ({ id, word, meaning, chinese, chineseMeaning }) =>
        `<tr id="${GLOSSARY_ID}-${escapeHtml(id)}"><td><b>${inlineHtml(word)}</b></td>` +
        `<td>${inlineHtml(meaning)}</td><td>${inlineHtml(chinese)}</td>` +
        `<td>${inlineHtml(chineseMeaning)}</td></tr>`,
    );
    return (
      `<section><h2 id="${GLOSSARY_ID}">Glossary</h2><div class="scroll"><table class="wide"><thead><tr>` +
      `<th>term</th><th>in half a sentence</th><th>中文</th><th>一句话</th></tr></thead>` +
      `<tbody>${lines.join("\n")}</tbody></table></div></section>`
    );
  }
}
