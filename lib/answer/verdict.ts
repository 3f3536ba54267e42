/** What the checker says. */

/**
 * `judge`: rules cannot decide; not judged by rules, never counted as right. `unreadable`: nothing there that
 * can be read.
 */
export type Verdict = "right" | "wrong" | "unreadable" | "judge";

export type AnswerKind = "number" | "range" | "inequality" | "ratio" | "date" | "choice" | "yesno" | "text";

/** What a policy decides, with a stable code for machines. */
export interface Decision {
  verdict: Verdict;
  reason: string;
}

/** A decision with a sentence for people. `message` is a getter: JSON shows it, spreading loses it. */
export interface Judged extends Decision {
  message: string;
}

/** The sentence is written only when somebody reads it: most verdicts are counted, not read. */
class RuleVerdict implements Judged {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly #sentence: () => string;

  constructor({ verdict, reason }: Decision, sentence: () => string) {
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

export const judged = (decision: Decision, sentence: () => string): Judged =>
  new RuleVerdict(decision, sentence);

/** Cut for messages, so that no message grows with its input. */
export function excerpt(text: string, length = 80): string {
  const line = text.length > length ? text.slice(0, length - 1) + "…" : text;
  return line.replaceAll("\n", " ");
}
