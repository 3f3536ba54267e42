/** One training row as the trainer reads it: every token, and whether the loss looks at it. */
import { LabError } from "../errors.ts";
import { messages } from "../model/chat.ts";
import type { TokenPiece, Tokenizer } from "../model/tokens.ts";
import type { SftRow } from "../records.ts";
import type { View } from "../view/table.ts";
import { inertHtml, visibleText } from "../view/text-view.ts";

/** `masked`: read, not graded; `cut`: never seen by the model. */
export type TokenFate = "trained" | "masked" | "cut";
export interface RowToken extends TokenPiece {
  fate: TokenFate;
}

export interface RowTokens {
  tokens: RowToken[];
  /** Tokens of each fate. */
  counts: Record<TokenFate, number>;
  /** Why nothing of the row is trained on, in a sentence; null when something is. */
  refusal: string | null;
}

type Reading = Pick<Tokenizer, "render" | "pieces" | "endToken" | "model">;

/**
 * The tokens of the chat template's own string with their fates, as `scripts/sidecar/rows.py` gives them: the
 * loss grades the answer and its end token; what the template writes behind that is never seen. A row of more
 * than `maxLength` tokens is left out whole, for its end is what would be cut, and nothing of it is trained.
 *
 * @throws LabError when the template writes another prompt once an answer follows, or another answer than the
 *   row's, or no end token: the trainer refuses such a model, too.
 */
export function rowTokens(
  tokenizer: Reading,
  { prompt, response }: Pick<SftRow, "prompt" | "response">,
  { system = "", maxLength }: { system?: string; maxLength: number },
): RowTokens {
  const head = messages(prompt, system);
  const asked = tokenizer.render(head, false);
  const whole = tokenizer.render([...head, { role: "assistant", content: response }], true);
  const answer = whole.slice(asked.length);
  const end = tokenizer.endToken === null ? -1 : answer.indexOf(tokenizer.endToken, response.trim().length);
  if (!whole.startsWith(asked) || !answer.trimStart().startsWith(response.trim()) || end === -1)
    throw new LabError({
      what: "The chat template cannot be trained with",
      where: tokenizer.model,
      expected: "the prompt as it is asked, then the whole answer, then the end token",
      found: visibleText(whole.startsWith(asked) ? answer.slice(0, 80) : whole.slice(0, 80)),
      todo: "Mend chat_template.jinja beside the model's tokenizer.",
    });
  const seen = asked.length + end + tokenizer.endToken!.length;
  const counts = { trained: 0, masked: 0, cut: 0 };
  let at = 0;
  let length = 0;
  const placed = tokenizer.pieces(whole).map((piece) => {
    const from = at;
    at += piece.text.length;
    // the token in which the end of the turn lies is the last one that is seen
    const isSeen = from < seen;
    if (isSeen) length += piece.tokens;
    return { ...piece, from, isSeen, place: length };
  });
  const isTooLong = length > maxLength;
  const isBlank = response.trim() === "";
  const tokens = placed.map(({ text, tokens, from, isSeen, place }): RowToken => {
    const isCut = !isSeen || (isTooLong && place > maxLength);
    const fate = isCut ? "cut" : isTooLong || isBlank || from < asked.length ? "masked" : "trained";
    counts[fate] += tokens;
    return { text, tokens, fate };
  });
  const refusal = isTooLong
    ? `Nothing of this row is trained on: it has ${length} tokens, and sft.maxLength is ${maxLength}. ` +
      `Cut there ` +
      "it would lose the end of its answer, and teach the model never to stop; so the trainer leaves " +
      "it out whole."
    : isBlank
      ? "Nothing of this row is trained on: its answer is blank."
      : null;
  return { tokens, counts, refusal };
}

const COLOURS: Record<TokenFate, [string, string]> = {
  trained: ["#cdeedd", "#b4e2ca"],
  masked: ["#ececec", "#dedede"],
  cut: ["#fbdcc8", "#f5c9ad"],
};
const MEANS: Record<TokenFate, string> = {
  trained: "trained: the loss grades them",
  masked: "masked: read, not graded",
  cut: "cut: never seen",
};
/** Of a row that is left out whole. */
const WOULD: Record<TokenFate, string> = {
  trained: "",
  masked: "would fit, and is left out with the rest",
  cut: "would be cut",
};

/** A row's tokens in colour, neighbours in two shades, with what the colours mean; a refusal stands first. */
export function lossTokens(
  tokenizer: Reading,
  row: Pick<SftRow, "id" | "prompt" | "response">,
  options: { system?: string; maxLength: number },
): View {
  const { tokens, counts, refusal } = rowTokens(tokenizer, row, options);
  const box = (fate: TokenFate, shade: 0 | 1, html: string, title = ""): string => {
    const style = `background:${COLOURS[fate][shade]};color:#24292f`;
    return `<span style="${style}"${title && ` title="${title}"`}>${html}</span>`;
  };
  const means = refusal === null ? MEANS : WOULD;
  const fates = (["masked", "trained", "cut"] as const).filter((fate) => counts[fate] > 0);
  const shown = tokens.map(({ text, tokens: count, fate }, i) => {
    const breaks = text.split("\n").length - 1;
    const letters = inertHtml(text.replaceAll("\n", "")).replace(/^ /, "&nbsp;");
    const title = count > 1 ? `${count} tokens` : "";
    return `${box(fate, (i % 2) as 0 | 1, `${letters}${"⏎".repeat(breaks)}`, title)}${"<br>".repeat(breaks)}`;
  });
  const key = fates.map((fate) => `${box(fate, 0, `${counts[fate]}`)} ${means[fate]}`);
  return {
    html:
      `${refusal === null ? "" : `<p><b>${inertHtml(refusal)}</b></p>\n`}<p>${key.join(" · ")}</p>\n` +
      `<div class="ftmodel-samples"><code ` +
      `style="background:none;white-space:pre-wrap">${shown.join("")}</code></div>`,
    text: [
      ...(refusal === null ? [] : [refusal]),
      fates.map((fate) => `${counts[fate]} ${means[fate]}`).join(" · "),
      ...fates.map(
        (fate) =>
          `── ${fate}\n${visibleText(
            tokens
              .filter((token) => token.fate === fate)
              .map(({ text }) => text)
              .join(""),
          )}`,
      ),
    ].join("\n"),
  };
}
