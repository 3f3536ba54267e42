/** Is a prediction right? The one notion of "correct" that filter, reward and evaluation share. */
import { wordsOf } from "./reading/characters.ts";
import { checkChoice } from "./check-choice.ts";
import { checkValue } from "./check-value.ts";
import type { ReadQuestion } from "./gold.ts";
import { readQuestion } from "./gold.ts";
import { checkText } from "./check-text.ts";
import { circledAsLetters } from "./hints/labels.ts";
import { choiceSentence, textSentence, valueSentence, yesNoSentence } from "./message.ts";
import { MAX_ANSWER, normalise } from "./reading/normalise.ts";
import type { Judged } from "./verdict.ts";
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
const LONGEST_NOTHING = 15;
/** Few answers start like one of them, so few are looked up. */
const STARTS_NOTHING = new Set(Array.from("nNuU-不", (c) => c.charCodeAt(0)));
const saysNothing = (text: string): boolean =>
  text.length <= LONGEST_NOTHING &&
  STARTS_NOTHING.has(text.charCodeAt(0)) &&
  SAYS_NOTHING.has(text.toLowerCase());

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
    return judged(
      "unreadable",
      reason,
      () =>
        `the gold ${JSON.stringify(excerpt(gold))} cannot be read ` +
        `(${reason.replaceAll("_", " ")}): set the row aside`,
    );
  }
  const said = read.gold.kind === "choice" ? circledAsLetters(prediction, read.options) : prediction;
  const bare = said.length > MAX_ANSWER ? said.trim() : said;
  const text = bare.length > MAX_ANSWER ? bare : normalise(bare);
  // A ligature may grow to eighteen characters: the cap holds before and after.
  if (text.length > MAX_ANSWER)
    return judged(
      "unreadable",
      "too_long",
      () =>
        `the answer has ${text.length.toLocaleString("en")} characters; at most ` +
        `${MAX_ANSWER.toLocaleString("en")} are read`,
    );
  if (text === "") return judged("unreadable", "empty", () => "the answer is empty");
  if (saysNothing(text))
    return judged("unreadable", "says_nothing", () => `the answer ${JSON.stringify(text)} says nothing`);
  return judge(read, gold, prediction, text);
}

function judge(read: ReadQuestion, gold: string, prediction: string, text: string): Judged {
  const g = read.gold;
  switch (g.kind) {
    case "value": {
      const v = checkValue(g.value, text, read.hints);
      return judged(v.verdict, v.reason, () => valueSentence(gold, g.value, prediction, v.answer, v.reason));
    }
    case "choice": {
      const v = checkChoice(g.letters, text, read.options, read.hints);
      return judged(v.verdict, v.reason, () =>
        choiceSentence(g.letters.join(", "), v.chosen, prediction, v.reason),
      );
    }
    case "yesno": {
      const said = readYesNo(text);
      const verdict =
        said === g.polarity ? "right" : said === "open" ? "judge" : said === "none" ? "unreadable" : "wrong";
      const reason =
        said === g.polarity
          ? `says_${said}`
          : said === "open"
            ? "neither_yes_nor_no"
            : said === "none"
              ? "no_yes_or_no"
              : said === "both"
                ? "yes_and_no"
                : "opposite";
      return judged(verdict, reason, () => yesNoSentence(g.polarity, said, prediction));
    }
    case "text": {
      const v = checkText(g.keywords, text);
      return judged(v.verdict, v.reason, () => textSentence(g.text, prediction, v.reason));
    }
    default:
      return judged("unreadable", g.reason, () => "the gold cannot be read");
  }
}
