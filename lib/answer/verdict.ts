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

/** A decision with a sentence for people. */
export interface Judged extends Decision {
  message: string;
}

/** A notebook's cell shows the sentence, not that it is made when it is read. */
const SHOWN = {
  [Symbol.for("nodejs.util.inspect.custom")](this: Judged): Judged {
    return { verdict: this.verdict, reason: this.reason, message: this.message };
  },
};

/** The sentence is written only when somebody reads it: most verdicts are counted, not read. */
export function judged({ verdict, reason }: Decision, sentence: () => string): Judged {
  const shown = {
    __proto__: SHOWN,
    verdict,
    reason,
    get message() {
      return sentence();
    },
  };
  return shown;
}

/** Cut for messages, so that no message grows with its input. */
export function excerpt(text: string, length = 80): string {
  const line = text.length > length ? text.slice(0, length - 1) + "…" : text;
  return line.replaceAll("\n", " ");
}
