/** Rule 10: an answer against a choice, by letter, by the option's value, or by both when they agree. */
import type { Hints } from "./hints/hints.ts";
import { labelsAsLetters } from "./hints/labels.ts";
import { dropLeadIn } from "./reading/lead-in.ts";
import { readLetters } from "./reading/letters.ts";
import { contradicts, lettersOf, mentionedOptions, ofPair, optionOf } from "./option-text.ts";
import type { Option, Options } from "./hints/options.ts";
import type { Decision, Verdict } from "./verdict.ts";

export interface ChoiceDecision extends Decision {
  /** What the answer was taken to choose: "B", "A, C", "". */
  chosen: string;
}

/** `gold` sorted letters; `answer` normalised. */
export function checkChoice(gold: string[], answer: string, read: Options, hints: Hints): ChoiceDecision {
  const { list: options, letters: listed } = read;
  const written = readLetters(answer, listed);
  if (written.alone) return finish(gold, written.chosen, decisionOf);
  const stated = optionOf(answer, options, hints) ?? optionOf(dropLeadIn(answer), options, hints);
  const text = stated === null ? labelsAsLetters(answer, read) : answer;
  const letters = text === answer ? written : readLetters(text, listed);
  const say: typeof decisionOf = (verdict, reason, named = letters.chosen) =>
    decisionOf(verdict, reason, named);
  // The whole answer is an option's text: its letters, if it holds any, are part of that text.
  if (stated !== null && letters.rest === null) {
    const [only] = letters.chosen;
    const other = letters.chosen.length === 1 && only !== stated && !isWordOf(options, stated, only!);
    if (other) return say("wrong", "letter_against_value", [only!, stated]);
    const right = gold.length === 1 && stated === gold[0];
    return say(right ? "right" : "wrong", right ? "option_value" : "other_option_value", [stated]);
  }
  const pair = options.length > 0 ? letterWithText(text, options, hints) : null;
  if (pair?.meant.includes(pair.letter)) return finish(gold, [pair.letter], say);
  if (pair) return say("wrong", "letter_against_value", [pair.letter, pair.meant[0]!]);
  if (letters.rest !== null && letters.first !== null) {
    const own = options.find((o) => o.letter === letters.first);
    if (own && contradicts(own, letters.rest, hints))
      return say("wrong", "letter_against_value", [own.letter]);
  }
  if (letters.hedged) return say("wrong", "hedged_choice");
  if (letters.chosen.length > 0) return finish(gold, letters.chosen, say);
  if (letters.denied.length > 0) return say("wrong", "denied_choice");
  const mentioned = options.length ? mentionedOptions(text, options) : [];
  if (mentioned.length > 0) return finish(gold, mentioned, say);
  const agreed = ofPair(text, options);
  return agreed === null ? say("unreadable", "no_choice", []) : finish(gold, [agreed], say);
}

function decisionOf(verdict: Verdict, reason: string, chosen: string[] = []): ChoiceDecision {
  return { verdict, reason, chosen: chosen.join(", ") };
}

/** "B. ", "(B)", "选B，", "Option B: ", "B项，" */
const LEADING = new RegExp(
  "^(?:本题|因此|所以|故|应)?(?:选项|选择|选|option |choice )?\\s?" +
    "[(\\[]?([a-j])(?![a-z\\d])[)\\]]?\\s?(?:选?项(?=[\\s,.、:;。]))?[\\s,.、:;。]{0,4}",
  "i",
);
/** "(B)", "，选B", "，故选B项。" */
const TRAILING =
  /[\s,.、:;。]{0,4}(?:\((?:选项|选|option )?\s?([A-J])\)|(?:故|应)?选(?:项|择)?\s?([A-J])(?:选项|项)?)[.。]?$/;
const PRAISE = /^(?:是?正确的?|是?对的?)[.。!]?$/;
const MAX_TAIL = 24;

interface LetterWithText {
  letter: string;
  /** More than one where the question lists the text twice. */
  meant: string[];
}

/**
 * A letter and nothing but an option's text beside it, and whose text that is: "选B，减少", "(B)减少",
 * "减少(B)"; null where there is anything else. Letters within the text ("B超", "D线") are part of it.
 */
function letterWithText(text: string, options: Option[], hints: Hints): LetterWithText | null {
  const body = dropLeadIn(text);
  const head = LEADING.exec(body);
  if (head && head[0].length < body.length) {
    const letter = head[1]!.toUpperCase();
    const beside = body.slice(head[0].length);
    let meant = lettersOf(beside, options, hints);
    // "B -5%": a minus, or a dash
    if (meant.length === 0 && beside.startsWith("-")) meant = lettersOf(beside.slice(1), options, hints);
    // "B正确" speaks of B, whatever "正确" may be the text of.
    const praised = /[a-j\])项]$/i.test(head[0]) && PRAISE.test(beside);
    const article = /^a\s$/i.test(head[0]) && /^[a-z]/.test(beside) && !meant.includes("A");
    const isListed = options.some((o) => o.letter === letter);
    if (meant.length > 0 && isListed && !article && !praised) return { letter, meant };
  }
  const tail = TRAILING.exec(body.slice(-MAX_TAIL));
  const letter = tail?.[1] ?? tail?.[2];
  if (!tail || letter === undefined) return null;
  const meant = lettersOf(body.slice(0, body.length - tail[0].length), options, hints);
  return meant.length > 0 ? { letter, meant } : null;
}

/** The letter is part of the option's own text (a share class, a company's name). */
const isWordOf = (options: Option[], option: string, letter: string): boolean =>
  options.some((o) => o.letter === option && o.text.includes(letter));

function finish(gold: string[], chosen: string[], say: typeof decisionOf): ChoiceDecision {
  if (chosen.length === gold.length && chosen.every((l) => gold.includes(l)))
    return say("right", "same_choice", chosen);
  if (gold.length === 1 && chosen.length > 1) return say("wrong", "several_choices", chosen);
  if (gold.length > 1 && chosen.every((l) => gold.includes(l)))
    return say("wrong", "incomplete_choice", chosen);
  if (gold.length > 1 && gold.every((l) => chosen.includes(l))) return say("wrong", "extra_choice", chosen);
  return say("wrong", "other_choice", chosen);
}

/** "B. 12.5%": a letter with its own option's text; null where they do not belong together. */
export function letteredOption(text: string, { list, letters }: Options, hints: Hints): string | null {
  const { chosen, rest } = readLetters(text, letters);
  return chosen.length === 1 && rest !== null && optionOf(rest, list, hints) === chosen[0]
    ? chosen[0]!
    : null;
}
