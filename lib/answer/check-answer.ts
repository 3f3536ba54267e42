/** Is a prediction right? The one notion of "correct" that filter, reward and evaluation share. */
import { wordsOf } from "./reading/characters.ts";
import { checkChoice } from "./check-choice.ts";
import { checkValue } from "./check-value.ts";
import type { ReadQuestion } from "./gold.ts";
import { readQuestion } from "./gold.ts";
import { checkText } from "./check-text.ts";
import { circledAsLetters } from "./hints/labels.ts";
import { quote, sentence, valueSentence } from "./message.ts";
import { MAX_ANSWER, normalise } from "./reading/normalise.ts";
import type { Polarity } from "./reading/yes-no.ts";
import type { Decision, Judged } from "./verdict.ts";
import { excerpt, judged } from "./verdict.ts";
import { readYesNo } from "./reading/yes-no.ts";

export interface AnswerCase {
  question: string;
  gold: string;
  /** The answer itself, without think block and tags: see `extractAnswer`. */
  prediction: string;
}

const SAYS_NOTHING = new Set(
  wordsOf("n/a|n.a.|na|nan|null|undefined|-|--|not applicable|not applicable.|不适用|不适用。"),
);

/**
 * Judges one answer against its gold under the project's own policy (FinQA and TAT-QA check programs or exact
 * strings; free text has no official rule).
 *
 * Numbers compare as exact decimals with their scale, percent, sign, currency and unit; the question may
 * state what an answer leaves out. Only the first 4,096 characters can be an answer: a longer one is
 * `unreadable`. A gold that cannot be read makes the verdict `unreadable` whatever the prediction. Linear in
 * its input, throws on nothing.
 *
 * @example
 * checkAnswer({ question: "", gold: "5.2亿", prediction: "5.2万" }).message
 * //=> "gold 5.2亿 = 520,000,000; answer 5.2万 = 52,000: scale differs by 10,000"
 */
export function checkAnswer({ question, gold, prediction }: AnswerCase): Judged {
  const read = readQuestion(question, gold);
  if (read.gold.kind === "unreadable") {
    const { reason } = read.gold;
    const shown = JSON.stringify(excerpt(gold));
    return unreadable(
      reason,
      () => `the gold ${shown} cannot be read (${reason.replaceAll("_", " ")}): set the row aside`,
    );
  }
  const said = read.gold.kind === "choice" ? circledAsLetters(prediction, read.options) : prediction;
  const bare = said.length > MAX_ANSWER ? said.trim() : said;
  const text = bare.length > MAX_ANSWER ? bare : normalise(bare);
  // A ligature may grow to eighteen characters: the cap holds before and after.
  if (text.length > MAX_ANSWER)
    return unreadable(
      "too_long",
      () => `the answer has ${inWords(text.length)} characters; at most ${inWords(MAX_ANSWER)} are read`,
    );
  if (text === "") return unreadable("empty", () => "the answer is empty");
  if (SAYS_NOTHING.has(text.toLowerCase()))
    return unreadable("says_nothing", () => `the answer ${JSON.stringify(text)} says nothing`);
  return decide(read, { gold, prediction, text });
}

const unreadable = (reason: string, message: () => string): Judged =>
  judged({ verdict: "unreadable", reason }, message);
const inWords = (n: number): string => n.toLocaleString("en");

/** By the kind of the gold; `text` is the prediction in one spelling. */
function decide(
  { gold: g, options, hints }: ReadQuestion,
  { gold, prediction, text }: { gold: string; prediction: string; text: string },
): Judged {
  switch (g.kind) {
    case "value": {
      const v = checkValue(g.value, text, hints);
      return judged(v, () => valueSentence(gold, g.value, prediction, v.answer, v.reason));
    }
    case "choice": {
      const v = checkChoice(g.letters, text, options, hints);
      const chosen = v.chosen ? `, read as ${v.chosen}` : "";
      return judged(v, () => sentence(g.letters.join(", "), quote(prediction) + chosen, v.reason));
    }
    case "yesno": {
      const said = readYesNo(text);
      return judged(
        checkYesNo(g.polarity, said),
        () => `gold says ${g.polarity}; answer ${quote(prediction)} says ${SAID[said]}`,
      );
    }
    case "text": {
      const v = checkText(g.keywords, text);
      return judged(v, () => sentence(quote(g.text), quote(prediction), v.reason));
    }
    case "unreadable":
      return unreadable(g.reason, () => "the gold cannot be read");
  }
}

const SAID: Record<Polarity, string> = {
  yes: "yes",
  no: "no",
  both: "both yes and no",
  open: "a sentence that rules cannot place",
  none: "neither yes nor no",
};

/** Rule 11. */
function checkYesNo(gold: "yes" | "no", said: Polarity): Decision {
  if (said === gold) return { verdict: "right", reason: `says_${said}` };
  if (said === "open") return { verdict: "judge", reason: "yes_or_no_unclear" };
  if (said === "none") return { verdict: "unreadable", reason: "no_yes_or_no" };
  return { verdict: "wrong", reason: said === "both" ? "yes_and_no" : "opposite" };
}
