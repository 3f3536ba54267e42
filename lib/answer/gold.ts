/**
 * The kind of a gold answer, derived from the gold and the question's options; and the gold read once for all
 * its predictions.
 */
import { wordsOf } from "./reading/characters.ts";
import type { Hints } from "./hints/hints.ts";
import { readHints } from "./hints/hints.ts";
import { letteredOption } from "./check-choice.ts";
import type { Keywords } from "./check-text.ts";
import { readKeywords } from "./check-text.ts";
import { readLetters } from "./reading/letters.ts";
import { MAX_ANSWER, normalise } from "./reading/normalise.ts";
import { optionOf } from "./option-text.ts";
import type { Options } from "./hints/options.ts";
import { NO_OPTIONS, readOptions } from "./hints/options.ts";
import { readValues } from "./reading/read-values.ts";
import { occurrences } from "./reading/squash.ts";
import type { Reading, Value } from "./reading/value.ts";
import { isYear } from "./reading/value.ts";
import type { AnswerKind } from "./verdict.ts";
import { isYesNoGold, yesNoOf } from "./reading/yes-no.ts";

export type Gold =
  | { kind: "unreadable"; reason: string }
  | { kind: "choice"; letters: string[]; rule: string }
  | { kind: "yesno"; polarity: "yes" | "no"; rule: string }
  | { kind: "value"; value: Value; rule: string }
  | { kind: "text"; text: string; keywords: Keywords; rule: string };

/** A question and its gold, read: what `checkAnswer` compares every prediction with. */
export interface ReadQuestion {
  gold: Gold;
  options: Options;
  hints: Hints;
}

const NOTHING = new Set(
  wordsOf(
    "|na|n/a|n.a.|not applicable|不适用|nan|null|none.|undefined|inf|infinity|-inf|tbd|unknown|未知" +
      "|无法计算|不详|nil|#n/a|#div/0!|?|??|-|--|—|/|.",
  ),
);

/** What a gold is, whether it can be checked by rules, and which rule of the kind said so. */
export interface GoldReading {
  readable: boolean;
  kind: AnswerKind;
  /** The rule that fired ("one_number", "letters_of_options", …), or why the gold cannot be read. */
  reason: string;
}

/**
 * Derives the kind of answer from gold and question, apart from the question's type. Pure; linear in both.
 */
export function readGold(question: string, gold: string): GoldReading {
  const { gold: g } = readQuestion(question, gold);
  if (g.kind === "unreadable") return { readable: false, kind: "text", reason: g.reason };
  return { readable: true, kind: g.kind === "value" ? kindOfValue(g.value) : g.kind, reason: g.rule };
}

function kindOfValue(value: Value): AnswerKind {
  if (value.kind === "parts") return "ratio";
  if (value.kind === "number" && value.number.dress === "ratio") return "ratio";
  return value.kind;
}

/** A question as asked of many golds. */
interface Asked {
  options: Options;
  hints: Hints;
  golds: Map<string, ReadQuestion>;
}

const asked = new Map<string, Asked>();
let remembered = 0;
const MAX_REMEMBERED = 32_768;
const MAX_LENGTH = 32_768;

/**
 * Question and gold, read once and remembered: filter, reward and evaluation ask about the same ones again
 * and again.
 */
export function readQuestion(question: string, gold: string): ReadQuestion {
  let known = asked.get(question);
  const read = known?.golds.get(gold);
  if (read !== undefined) return read;
  if (++remembered > MAX_REMEMBERED) {
    asked.clear();
    known = undefined;
    remembered = 0;
  }
  if (known === undefined) {
    const options = readOptions(question);
    known = { options, hints: readHints(question, options.sure ? options.at : -1), golds: new Map() };
    if (question.length <= MAX_LENGTH) asked.set(question, known);
  }
  const { golds } = known;
  const options = known.options.sure || namesOption(gold, known.options) ? known.options : NO_OPTIONS;
  const classified = classifyGold(gold, options, known.hints);
  const hints =
    known.hints.tableScale !== null && !fitsTable(question, gold, classified)
      ? { ...known.hints, tableScale: null }
      : known.hints;
  const fresh: ReadQuestion = { gold: classified, options, hints };
  if (gold.length <= MAX_LENGTH) golds.set(gold, fresh);
  return fresh;
}

/**
 * The scale of the question's table is a gold's when the gold names a scale itself, or stands in that table.
 */
function fitsTable(question: string, gold: string, read: Gold): boolean {
  if (read.kind === "value" && read.value.kind === "number" && read.value.number.scaled) return true;
  const text = gold.trim();
  return text.length >= 3 && text.length <= 40 && occurrences(question.slice(0, MAX_LENGTH), text).length > 0;
}

/** The rules in order; the first that fits decides. */
function classifyGold(gold: string, options: Options, hints: Hints): Gold {
  if (gold.length > MAX_ANSWER) return { kind: "unreadable", reason: "gold_too_long" };
  const text = normalise(gold);
  if (text.length > MAX_ANSWER) return { kind: "unreadable", reason: "gold_too_long" };
  if (NOTHING.has(text.toLowerCase()))
    return { kind: "unreadable", reason: text === "" ? "gold_empty" : "gold_says_nothing" };
  // A digit, minus, point or dollar sign: neither letters nor a yes or no.
  const startsNumber = options.letters === null && /^[-\d.$]/.test(text);
  const letters = startsNumber ? null : goldLetters(text, options);
  if (letters) return { kind: "choice", letters, rule: options.letters ? "letters_of_options" : "letters" };
  if (options.letters) {
    const letter = optionOf(text, options.list, hints) ?? letteredOption(text, options, hints);
    if (letter) return { kind: "choice", letters: [letter], rule: "value_of_an_option" };
  }
  const polarity = !startsNumber && isYesNoGold(text) ? yesNoOf(text) : null;
  if (polarity) return { kind: "yesno", polarity, rule: "yes_or_no" };
  const reading = readValues(text);
  if (reading.malformed > 0 && reading.found.length === 0 && reading.wordsBefore < 2)
    return { kind: "unreadable", reason: "gold_malformed_number" };
  const value = onlyValue(reading);
  if (value)
    return { kind: "value", value, rule: value.kind === "number" ? "one_number" : `one_${value.kind}` };
  const keywords = readKeywords(text);
  if (keywords.words === "") return { kind: "unreadable", reason: "gold_says_nothing" };
  return { kind: "text", text, keywords, rule: "free_text" };
}

/** Whether the gold is a letter of a list that may be something else than options. */
function namesOption(gold: string, options: Options): boolean {
  return (
    options.letters !== null &&
    gold.length <= LONGEST_LETTERS &&
    goldLetters(normalise(gold), options) !== null
  );
}

const LONGEST_LETTERS = 24;

/**
 * "B", "AB", "A,C", "(B)": letters only; with options listed they must be among them, and one may stand in
 * lower case.
 */
function goldLetters(written: string, { letters: listed }: Options): string[] | null {
  if (written.length > LONGEST_LETTERS) return null;
  const text = listed && written.length === 1 ? written.toUpperCase() : written;
  if (!/^[A-J ,、;/()[\].和与及&and]*$/.test(text)) return null;
  const { chosen, hedged, denied } = readLetters(text, listed);
  if (chosen.length === 0 || hedged || denied.length > 0) return null;
  const named = text.match(/[A-J]/g) ?? [];
  if (named.length !== chosen.length) return null;
  if (!listed && named.length > 1 && !text.includes(",") && named.join("") !== chosen.join("")) return null;
  return chosen;
}

/** A gold is a value when it holds one and next to nothing else. */
function onlyValue(reading: Reading): Value | null {
  if (reading.malformed > 0 || reading.found.length !== 1) return null;
  const only = reading.found[0]!;
  if (only.negated || (only.weak && reading.wordsBefore + reading.wordsAfter > 0)) return null;
  const { value } = only;
  // "2019 Q3", 2019年第三季度: more than a year.
  const year =
    value.kind === "date" || (value.kind === "number" && value.number.unit === null && isYear(value));
  return reading.wordsBefore < 0.5 && reading.wordsAfter <= (year ? 0 : 3) ? value : null;
}
