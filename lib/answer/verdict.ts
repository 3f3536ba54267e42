/** What the checker says. */

/**
 * `judge`: rules cannot decide; not judged by rules, never counted as right. `unreadable`: nothing there that
 * can be read.
 */
export type Verdict = "right" | "wrong" | "unreadable" | "judge";

export type AnswerKind = "number" | "range" | "inequality" | "ratio" | "date" | "choice" | "yesno" | "text";

/**
 * A verdict with a stable code for machines and a sentence for people. `message` is a getter: JSON shows it,
 * spreading loses it.
 */
export interface Judged {
  verdict: Verdict;
  reason: string;
  message: string;
}

/** The sentence is written only when somebody reads it: most verdicts are counted, not read. */
class LazyJudged implements Judged {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly #sentence: () => string;

  constructor(verdict: Verdict, reason: string, sentence: () => string) {
    this.verdict = verdict;
    this.reason = reason;
    this.#sentence = sentence;
  }

  get message(): string {
    return this.#sentence();
  }

  toJSON(): Judged {
    return { verdict: this.verdict, reason: this.reason, message: this.message };
  }

  /** What a notebook cell shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): Judged {
    return this.toJSON();
  }
}

export function judged(verdict: Verdict, reason: string, sentence: () => string): Judged {
  return new LazyJudged(verdict, reason, sentence);
}

/** Cut for messages, so that no message grows with its input. */
export function excerpt(text: string, length = 80): string {
  const line = text.length > length ? text.slice(0, length - 1) + "…" : text;
  return line.replaceAll("\n", " ");
}
