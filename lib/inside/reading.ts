/** One step in a sentence or two, computed from its tokens. Pure. */
import { formatCount, formatNumber } from "../view/numbers.ts";
import { visibleText } from "../view/text-view.ts";
import { moved, ratioAfter, tokensOf } from "./measures.ts";
import type { TokenNumbers } from "./measures.ts";
import type { StepFile } from "./step-record.ts";

/** Magic number: a change of a probability by this share is worth counting. */
const MUCH = 0.1;
/** Magic number: below this share it has stayed. */
const LITTLE = 0.001;
const NAMED = 3;

/**
 * How many tokens the step moved (equal answers count once), which most, and how many of those in
 * answers paid above their group's mean went up, and of those below it down.
 *
 * @example stepReading(step) //=> "Step 10 moved 37 of 812 tokens by more than 10 % of their probability …"
 */
export function stepReading(step: Pick<StepFile, "step" | "learningRate" | "questions">): string {
  const answers = step.questions.flatMap((question) => question.answers);
  const tokens = answers.flatMap((answer) =>
    tokensOf(answer).flatMap(({ text, numbers }, i) =>
      numbers === null ? [] : [{ text, numbers, answer, place: `${answer.ids.join()}/${i}` }],
    ),
  );
  const left = answers.filter(({ before }) => before === null).length;
  const leftOut =
    left === 0 ? "" : ` ${left} of ${answers.length} answers were cut and left out of the loss.`;
  if (tokens.length === 0) return `Step ${step.step} learned nothing: every answer was left out of the loss.`;
  if (step.learningRate === 0)
    return (
      `The learning rate of step ${step.step} was 0, as a warm-up starts: no token could ` + `move.${leftOut}`
    );
  // equal answers are one place in the text, however often they were drawn
  const places = [...new Map(tokens.map((token) => [token.place, token])).values()];
  const much = places.filter(({ numbers }) => Math.abs(ratioAfter(numbers) - 1) > MUCH).length;
  const most = [...places]
    .sort((a, b) => Math.abs(moved(b.numbers)) - Math.abs(moved(a.numbers)))
    .slice(0, NAMED)
    .map(({ text, numbers, answer }) => {
      const pay = `in an answer paid ${formatNumber(answer.reward)}`;
      return `“${nameOf(text)}” (${percent(numbers.before)} → ${percent(numbers.after)}, ${pay})`;
    });
  return (
    `Step ${step.step} moved ${formatCount(much)} of ${formatCount(places.length)} tokens by more than ` +
    `${100 * MUCH} % of their probability; the ${most.length} that moved most ` +
    `${most.length === 1 ? "is" : "are"} ${most.join(", ")}. ` +
    `${directions(places.map(({ numbers }) => numbers))}${leftOut}`
  );
}

function directions(tokens: readonly TokenNumbers[]): string {
  if (tokens.every(({ advantage }) => advantage === 0))
    return "All answers to each question were paid alike, so only the KL moved anything.";
  const moving = tokens.filter((token) => Math.abs(ratioAfter(token) - 1) > LITTLE);
  const better = moving.filter(({ advantage }) => advantage > 0);
  const worse = moving.filter(({ advantage }) => advantage < 0);
  const up = better.filter((token) => moved(token) > 0).length;
  const down = worse.filter((token) => moved(token) < 0).length;
  return (
    `Of those that moved by more than ${100 * LITTLE} %, ${up} of ${better.length} in answers above their ` +
    `group's mean have become more likely, and ${down} of ${worse.length} in answers below it less likely.`
  );
}

/** A token in a sentence: blanks and line ends as signs. */
export function nameOf(text: string): string {
  return text === "" ? "part of a character" : visibleText(text).replace(/ /g, "␣").replace(/\n/g, "⏎");
}

function percent(logProbability: number): string {
  const share = 100 * Math.exp(logProbability);
  return share < 0.01 ? "< 0.01 %" : `${Number(share.toPrecision(3))} %`;
}
