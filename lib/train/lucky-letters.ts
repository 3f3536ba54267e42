/** Right letters that were luck: the words written beside them belong to another option. Pure. */
import { splitOptions } from "../question/options.ts";
import type { AnswerGroup } from "./groups.ts";

export interface LuckyLetter {
  question: string;
  letter: string;
  /** The words beside it, and the letter that they belong to. */
  wrote: string;
  belongsTo: string;
  /** Answers of the group that say so, of all its answers. */
  times: number;
  answers: number;
}

const LETTERS = "ABCDEFGHIJ";

/** Of each group at most one, its commonest. A question without lettered options has none. */
export function luckyLetters(
  groups: readonly AnswerGroup[],
  questions: readonly { id: string; question: string }[],
): LuckyLetter[] {
  return groups.flatMap(({ id, answers }) => {
    const question = questions.find((one) => one.id === id)?.question;
    const options = question === undefined ? [] : optionsOf(question);
    const lucky = answers
      .filter(({ rewards }) => rewards.accuracy === 1)
      .flatMap(({ completion }) => luckIn(completion, options) ?? []);
    const [common] = [...Map.groupBy(lucky, ({ letter, wrote }) => `${letter} ${wrote}`).values()].sort(
      (a, b) => b.length - a.length,
    );
    if (!common) return [];
    return [{ question: question!, ...common[0]!, times: common.length, answers: answers.length }];
  });
}

function optionsOf(question: string): string[] {
  const { labels, options } = splitOptions(question);
  return labels === "upper" ? options.map(plain) : [];
}

function luckIn(
  completion: string,
  options: readonly string[],
): Pick<LuckyLetter, "letter" | "wrote" | "belongsTo"> | null {
  const letter = /<answer>\s*([A-J])\b/.exec(completion)?.[1];
  const said = letter && [...completion.matchAll(new RegExp(`^${letter}[.、．]\\s*(.+)$`, "gm"))].at(-1)?.[1];
  if (!letter || !said) return null;
  const wrote = plain(said);
  const place = options.indexOf(wrote);
  return place === -1 || place === LETTERS.indexOf(letter)
    ? null
    : { letter, wrote, belongsTo: LETTERS[place]! };
}

const plain = (option: string): string =>
  option
    .trim()
    .replace(/[.。;；]$/, "")
    .toLowerCase();
