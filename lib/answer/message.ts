/** The sentences behind the reason codes. */
import type { Exact } from "./reading/exact.ts";
import { absolute, approximately, divide } from "./reading/exact.ts";
import { show } from "./reading/exact-rounding.ts";
import type { Value } from "./reading/value.ts";
import { showValue } from "./reading/value.ts";
import { excerpt } from "./verdict.ts";

const REASONS: Record<string, string> = {
  equal: "equal under the rules",
  equal_as_stated: "equal, with what the question or the gold states filled in",
  restated: "all the forms given are equal",
  same_date: "the same date",
  same_ratio: "the same ratio",
  sign_differs: "the sign differs",
  rounding_differs: "not equal, and not correctly rounded",
  value_differs: "another value",
  currency_differs: "the currencies contradict",
  unit_differs: "the units contradict",
  per_differs: "one is per share (or per year, …), the other a total",
  points_against_percent: "percentage points against percent is for the Judge",
  grew_by_or_to: '"grew 2 times" may mean plus 200 % or twice: for the Judge',
  restated_in_doubt: "one of the forms given is for the Judge",
  several_values: "more than one value where one is asked",
  restated_differently: "the forms given contradict each other",
  negated_value: "the answer denies a value and states none",
  malformed_number: "the number is malformed",
  malformed_number_beside: "a malformed number stands beside the value",
  no_value: "there is no value in it",
  one_value_for_range: "one value where a range is asked",
  range_for_one_value: "a range where one value is asked",
  inequality_dropped: "the inequality is missing",
  inequality_added: "an inequality where a value is asked",
  inequality_turned: "the inequality points the other way or has another bound",
  other_date: "another date",
  date_incomplete: "one date is less complete than the other",
  not_a_date: "a date against something else",
  other_ratio: "another ratio",
  same_choice: "the same choice",
  option_value: "the option's own value",
  other_option_value: "the value of another option",
  letter_against_value: "letter and value contradict each other",
  hedged_choice: 'two options offered with "or"',
  several_choices: "more than one option where one is asked",
  incomplete_choice: "an option is missing",
  extra_choice: "one option too many",
  other_choice: "another option",
  denied_choice: "the answer only denies an option",
  no_choice: "there is no option in it",
  same_text: "the same text",
  keyword: "the gold's keyword stands in the answer",
  negated_keyword: "the keyword is denied",
  opposite_keyword: "the answer states another direction",
  hedged_text: 'two directions offered with "or"',
  both_directions: "two directions are named: for the Judge",
  keyword_and_negation: "the keyword is both stated and denied: for the Judge",
  long_text: "the keyword stands in a long text: for the Judge",
  short_keyword: "the keyword is too short to prove anything: for the Judge",
  free_text: "free text that rules cannot decide: for the Judge",
  empty: "the answer is empty",
};

const asRead = (raw: string, value: Value): string => {
  const shown = showValue(value);
  const text = excerpt(raw.trim(), 60);
  return text === shown ? text : `${text} = ${shown}`;
};

export function valueSentence(
  gold: string,
  goldValue: Value,
  prediction: string,
  answer: Value | null,
  reason: string,
): string {
  const why =
    reason === "scale_differs" && goldValue.kind === "number" && answer?.kind === "number"
      ? `scale differs by ${factor(goldValue.number.value, answer.number.value)}`
      : reason;
  return sentence(asRead(gold, goldValue), answer ? asRead(prediction, answer) : quote(prediction), why);
}

/** 10,000 for values that differ by that factor, either way. */
function factor(a: Exact, b: Exact): string {
  const x = absolute(a);
  const y = absolute(b);
  const ratio = divide(x, y);
  return show(approximately(ratio) >= 1 ? ratio : divide(y, x));
}

/** The gold and the answer as they are to be shown, and why the verdict is what it is. */
export const sentence = (gold: string, answer: string, reason: string): string =>
  `gold ${gold}; answer ${answer}: ${REASONS[reason] ?? reason}`;

/** The start of a text in quotes. */
export const quote = (text: string): string => JSON.stringify(excerpt(text.trim(), 60));
