/** The options a question lists, read for comparing answers with them. */
import { splitOptions } from "../../question/options.ts";
import type { Labels } from "../../question/options.ts";
import { readSingle } from "../reading/read-values.ts";
import { squash } from "../reading/squash.ts";
import type { Quantity } from "../reading/value.ts";

export interface Option {
  /** By its place, whatever its label: the second one is B. */
  letter: string;
  text: string;
  /** The text without case and punctuation. */
  words: string;
  /** The number the text is, if it is one. */
  number: Quantity | null;
}

export interface Options {
  list: Option[];
  /** Their letters, "ABCD"; null when there are none. */
  letters: string | null;
  /** What the question labels them with. */
  labels: Labels | null;
  /** Where the first option starts in the question; −1 when there are none. */
  at: number;
  /**
   * Capital letters with a sign behind them. Other lists may be of anything; a gold that is a letter says of
   * what.
   */
  sure: boolean;
}

export const NO_OPTIONS: Options = { list: [], letters: null, labels: null, at: -1, sure: false };
const LETTERS = "ABCDEFGHIJ";
const MAX_TEXT = 1000;

/** At least two options, or an empty list. Linear in the question. */
export function readOptions(question: string): Options {
  const { options, labels, at, sure } = splitOptions(question, { figures: true });
  if (options.length === 0) return NO_OPTIONS;
  const list = options.slice(0, LETTERS.length).map((whole, i) => {
    const text = whole.slice(0, MAX_TEXT);
    return { letter: LETTERS[i]!, text, words: squash(text), number: readSingle(text) };
  });
  return { list, letters: LETTERS.slice(0, list.length), labels, at, sure: sure && labels === "upper" };
}
