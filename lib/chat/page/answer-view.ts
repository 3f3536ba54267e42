/** An answer as it is written: one element a token, the darker the less likely the token was. */
import { el } from "../../widget/page/dom.ts";
import type { Step } from "../../forward/generate.ts";
import type { BpeTokenizer } from "../../forward/tokenizer.ts";
import { visibleText } from "../../view/text-view.ts";

export interface AnswerView {
  element: HTMLElement;
  add(step: Step): void;
  clear(): void;
  /** The text so far, special tokens left out. */
  text(): string;
  steps: readonly Step[];
  select(index: number): void;
}

/** `onSelect` hears which token was clicked, or reached by the arrow keys. */
export function answerView(tokenizer: BpeTokenizer, onSelect: (index: number) => void): AnswerView {
  const steps: Step[] = [];
  let decoder = new TextDecoder();
  const element = el("div", {
    class: "widget-text chat-answer",
    role: "group",
    "aria-label": "The answer's tokens",
  });
  const select = (index: number): void => {
    const token = element.children[index];
    if (!(token instanceof HTMLElement)) return;
    element.querySelector(".widget-chosen")?.classList.remove("widget-chosen");
    token.classList.add("widget-chosen");
    token.focus({ preventScroll: true });
    onSelect(index);
  };
  const indexOf = (target: EventTarget | null) =>
    target instanceof HTMLElement ? [...element.children].indexOf(target) : -1;
  element.addEventListener("click", ({ target }) => select(indexOf(target)));
  element.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Enter: 0, " ": 0 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    select(indexOf(event.target) + step);
  });
  return {
    element,
    steps,
    select,
    add(step) {
      const { token, probability } = step;
      // A character of several tokens stands with the last of them.
      const piece = tokenizer.isSpecial(token)
        ? "■"
        : decoder.decode(tokenizer.bytesOf(token), { stream: true });
      const shown = piece === "" ? "▫" : visibleText(piece);
      const title = `${tokenText(tokenizer, token)}: ${percent(probability)}`;
      const span = el(
        "span",
        { class: "widget-token chat-token", role: "button", tabindex: 0, title },
        shown,
      );
      span.style.setProperty("--doubt", String(1 - probability));
      element.append(span);
      steps.push(step);
    },
    clear() {
      steps.length = 0;
      decoder = new TextDecoder();
      element.replaceChildren();
    },
    text: () => tokenizer.decode(steps.map(({ token }) => token)),
  };
}

/** A token by itself: spaces and line ends as signs, bytes that are no whole character in hexadecimal. */
export function tokenText(tokenizer: BpeTokenizer, token: number): string {
  const bytes = tokenizer.bytesOf(token);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return visibleText(text.replace(/ /g, "␣").replace(/\n/g, "⏎"));
  } catch {
    return Array.from(bytes, (byte) => `‹${byte.toString(16).toUpperCase().padStart(2, "0")}›`).join("");
  }
}

/** "0.03 %", "4.2 %", "63 %"; never 0 for what can happen. */
export function percent(share: number): string {
  if (share === 0) return "0 %";
  const value = 100 * share;
  if (value < 0.01) return "< 0.01 %";
  return `${value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2)} %`;
}
