/** What a tokenizer makes of numbers, and what top-p cuts, in sentences. Pure. */
import type { UnsureToken } from "../forward/unsure-token.ts";
import type { TokenPiece } from "../model/tokens.ts";
import { formatCount, formatPercent } from "../view/numbers.ts";

/** How surely each digit of a worked solution is right, in the example of the sentence. */
const SURE = 0.99;
const DIGIT = /\d/g;

/**
 * Texts with numbers, cut as a model reads them, and what that means for its arithmetic. `solution` is a text
 * of a model's whose digits are counted.
 *
 * @example const { rows, reading } = readings.distill.digits(tokenizer, ["12.5%"], row.response);
 */
export function digits(
  { pieces }: { pieces: (text: string) => readonly TokenPiece[] },
  texts: readonly string[],
  solution: string,
): { rows: Record<string, unknown>[]; reading: string } {
  const cut = texts.map((text) => ({ text, pieces: pieces(text) }));
  const rows = cut.map(({ text, pieces: parts }) => ({
    text,
    "cut into tokens": parts.map((part) => shown(part)).join(" | "),
    tokens: parts.reduce((sum, part) => sum + part.tokens, 0),
    digits: digitsIn(text),
  }));
  const parts = cut.flatMap((one) => one.pieces);
  const joined = parts.filter(({ text }) => digitsIn(text) > 1);
  const mixed = parts.filter(({ text }) => digitsIn(text) === 1 && text.length > 1);
  const how =
    joined.length > 0
      ? `**Some tokens hold several digits** (“${joined[0]!.text}”): the columns of a sum do not line up, ` +
        "and the model has to know by heart what such a piece is worth."
      : mixed.length > 0
        ? `No token holds two digits, but some hold a digit and more (“${mixed[0]!.text}”).`
        : "**Every digit is a token of its own**: a result is written digit by digit, from the left, " +
          "though its carries come from the right.";
  const count = digitsIn(solution);
  const whole = SURE ** count;
  const price =
    count < 2
      ? ""
      : ` This solution has ${formatCount(count)} digits. A model that gets each of them right in ` +
        `${formatPercent(SURE)} of all cases gets all of them right in **${formatPercent(whole)}**: ` +
        (whole > 0.95 ? "few digits cost little." : "small slips add up, and one is enough to be wrong.");
  return { rows, reading: how + price };
}

/**
 * What top-p would cut at one place, at several temperatures: how many tokens stay, and how much probability
 * goes.
 */
export function topP(
  { sharesAt, textOf }: Pick<UnsureToken, "sharesAt" | "textOf">,
  share = 0.95,
  temperatures: readonly number[] = [0.6, 1, 1.5],
): string {
  const kept = temperatures.map((temperature) => ({ temperature, ...keep(sharesAt(temperature), share) }));
  const own = kept.find(({ temperature }) => temperature === 1) ?? kept[0]!;
  const names = own.tokens.slice(0, 3).map((token) => `“${visible(textOf(token))}”`);
  const those = own.tokens.length > names.length ? `${names.join(", ")} and others` : names.join(" and ");
  const many = (n: number) => `${formatCount(n)} token${n === 1 ? "" : "s"}`;
  const others = kept
    .filter((one) => one !== own)
    .map(({ temperature, tokens }) => `${formatCount(tokens.length)} at ${temperature}`);
  const counts = kept.map(({ tokens }) => tokens.length);
  const hot = kept.reduce((a, b) => (b.temperature > a.temperature ? b : a));
  const says =
    Math.max(...counts) === Math.min(...counts)
      ? "The cut is the same whatever the temperature: here the model hesitates between these alone."
      : "The hotter, the more tokens pass: top-p follows how open the choice is.";
  return (
    `With top-p ${share} **${many(own.tokens.length)}** of ${formatCount(own.of)} could still be drawn ` +
    `here at temperature ${own.temperature} (${those}), ${others.join(" and ")}. ${says} ` +
    `At ${hot.temperature} it cuts ${many(hot.of - hot.tokens.length)} that would be drawn, all together, ` +
    `in ${hot.tail < 0.005 ? "less than 1 %" : formatPercent(hot.tail)} of all cases: seldom at one place, ` +
    "but a text has many places."
  );
}

/** The most likely tokens that together reach the share; the one that reaches it is still in. */
function keep(shares: Float32Array, share: number): { tokens: number[]; tail: number; of: number } {
  const tokens: number[] = [];
  let sum = 0;
  for (const token of [...shares.keys()].sort((a, b) => shares[b]! - shares[a]! || a - b)) {
    if (sum >= share) break;
    tokens.push(token);
    sum += shares[token]!;
  }
  return { tokens, tail: Math.max(0, 1 - sum), of: shares.length };
}

const digitsIn = (text: string): number => text.match(DIGIT)?.length ?? 0;
/** A character that takes several tokens says so; spaces and line ends are signs. */
const shown = ({ text, tokens }: TokenPiece): string =>
  tokens > 1 ? `${visible(text)} (${tokens})` : visible(text);
const visible = (text: string): string => text.replace(/ /g, "␣").replace(/\n/g, "⏎");
