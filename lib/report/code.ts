/** TypeScript with coloured words, by the compiler's own scanner. */
import { createRequire } from "node:module";
import type typescript from "typescript";
import { escapeHtml } from "../view/text-view.ts";

/** The cell as escaped HTML; keywords, texts, numbers and comments in spans of their own. */
export function codeHtml(source: string): string {
  const ts = createRequire(import.meta.url)("typescript") as typeof typescript;
  const { TokenClass, EndOfLineState } = ts;
  const names: Partial<Record<typescript.TokenClass, string>> = {
    [TokenClass.Keyword]: "keyword",
    [TokenClass.StringLiteral]: "string",
    [TokenClass.RegExpLiteral]: "string",
    [TokenClass.NumberLiteral]: "number",
    [TokenClass.BigIntLiteral]: "number",
    [TokenClass.Comment]: "comment",
  };
  const classifier = ts.createClassifier();
  let state: typescript.EndOfLineState = EndOfLineState.None;
  const lines = source
    .replace(/\s+$/, "")
    .split("\n")
    .map((line) => {
      const { entries, finalLexState } = classifier.getClassificationsForLine(line, state, false);
      state = finalLexState;
      let at = 0;
      return entries
        .map(({ length, classification }) => {
          const word = escapeHtml(line.slice(at, (at += length)));
          const name = names[classification];
          return name ? `<span class="${name}">${word}</span>` : word;
        })
        .join("");
    });
  return lines.join("\n");
}
