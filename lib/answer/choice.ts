/** Rule 10: an answer against a choice, by letter, by the option's value, or by both when they agree. */
import { agree } from "./agree.ts";
import type { Ask } from "./ask.ts";
import { readLetters } from "./letters.ts";
import type { Option, Options } from "./options.ts";
import { readSingle } from "./single.ts";
import { occurrences, squash } from "./squash.ts";
import type { Verdict } from "./verdict.ts";

export interface ChoiceVerdict {
  verdict: Verdict;
  reason: string;
  /** What the answer was taken to choose: "B", "A, C", "". */
  chosen: string;
}

/** `gold` sorted letters; `text` normalised. */
export function checkChoice(gold: string[], text: string, { list: options, letters: listed }: Options, ask: Ask): ChoiceVerdict {
  const letters = readLetters(text, listed);
  const say = (verdict: Verdict, reason: string, chosen = letters.chosen): ChoiceVerdict => ({ verdict, reason, chosen: chosen.join(", ") });
  // The whole answer is an option's text: its letters, if it holds any, are part of that text.
  const whole = options.length && letters.rest === null && !letters.alone ? optionOf(text, options, ask) : null;
  if (whole && letters.chosen.length === 1 && letters.chosen[0] !== whole && !isWordOf(options, whole, letters.chosen[0]!)) return say("wrong", "letter_against_value", [letters.chosen[0]!, whole]);
  if (whole) return gold.length === 1 && whole === gold[0] ? say("right", "option_value", [whole]) : say("wrong", "other_option_value", [whole]);
  if (letters.rest !== null && options.length) {
    const first = text.trimStart().replace("(", "").trimStart();
    const letter = letters.chosen.find((l) => first.toUpperCase().startsWith(l)) ?? letters.chosen[0];
    const own = options.find((o) => o.letter === letter);
    const rest = letters.rest;
    if (own && letter && rest !== "") {
      const meant = optionOf(rest, options, ask);
      if (meant === letter) return finish(gold, [letter], say);
      if (meant !== null) return say("wrong", "letter_against_value", [letter, meant]);
      if (contradicts(own, rest, ask)) return say("wrong", "letter_against_value", [letter]);
    }
  }
  if (letters.hedged) return say("wrong", "hedged_choice");
  if (letters.chosen.length > 0) return finish(gold, letters.chosen, say);
  if (letters.denied.length > 0) return say("wrong", "denied_choice");
  const mentioned = options.length ? mentionedOptions(text, options) : [];
  if (mentioned.length > 0) return finish(gold, mentioned, say);
  return say("unreadable", "no_choice", []);
}

/** The letter is part of the option's own text (a share class, a company's name). */
const isWordOf = (options: Option[], option: string, letter: string): boolean => options.some((o) => o.letter === option && o.text.includes(letter));

function finish(gold: string[], chosen: string[], say: (v: Verdict, r: string, c?: string[]) => ChoiceVerdict): ChoiceVerdict {
  if (chosen.length === gold.length && chosen.every((l) => gold.includes(l))) return say("right", "same_choice", chosen);
  if (gold.length === 1 && chosen.length > 1) return say("wrong", "several_choices", chosen);
  if (gold.length > 1 && chosen.every((l) => gold.includes(l))) return say("wrong", "incomplete_choice", chosen);
  if (gold.length > 1 && gold.every((l) => chosen.includes(l))) return say("wrong", "extra_choice", chosen);
  return say("wrong", "other_choice", chosen);
}

/** The one option whose text or number `text` states, or null. */
export function optionOf(text: string, options: Option[], ask: Ask): string | null {
  const words = squash(text);
  if (words === "") return null;
  const same = options.filter((o) => o.words === words);
  if (same.length === 1) return same[0]!.letter;
  const value = readSingle(text);
  if (value === null) return null;
  const equal = options.filter((o) => o.number !== null && agree(o.number, value, ask).ok === true);
  return equal.length === 1 ? equal[0]!.letter : null;
}

/** "B. 12.5%": a letter with its own option's text; null where they do not belong together. */
export function letteredOption(text: string, { list, letters }: Options, ask: Ask): string | null {
  const { chosen, rest } = readLetters(text, letters);
  return chosen.length === 1 && rest !== null && optionOf(rest, list, ask) === chosen[0] ? chosen[0]! : null;
}

/** Both are numbers, and not the same. */
function contradicts(own: Option, rest: string, ask: Ask): boolean {
  const value = readSingle(rest);
  return own.number !== null && value !== null && agree(own.number, value, ask).ok === false;
}

/** Options whose text a sentence quotes, not denied; an option within a longer quoted one does not count. */
function mentionedOptions(text: string, options: Option[]): string[] {
  const words = squash(text);
  const hits = options.flatMap((o) => {
    if (o.words.length < 2) return [];
    return occurrences(words, o.words).map((at) => ({ letter: o.letter, at, end: at + o.words.length }));
  });
  const kept = hits.filter((h) => !hits.some((other) => other !== h && other.at <= h.at && other.end >= h.end && other.end - other.at > h.end - h.at));
  const free = kept.filter((h) => !["不是", "并非", "不", "非", "not ", "不选"].some((w) => words.slice(0, h.at).endsWith(w)));
  return [...new Set(free.map((h) => h.letter))].sort();
}
