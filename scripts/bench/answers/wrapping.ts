/** What people put around an answer without changing it. */
import type { Random } from "../../../lib/stats/random.ts";

const AROUND: ((text: string) => string)[] = [
  (t) => t,
  (t) => t,
  (t) => ` ${t}\n`,
  (t) => `${t}.`,
  (t) => `${t}。`,
  (t) => `**${t}**`,
  (t) => `\\boxed{${t}}`,
  (t) => `答案：${t}`,
  (t) => `答案是${t}。`,
  (t) => `The answer is ${t}.`,
  (t) => `Answer: ${t}`,
];

const HEDGES: ((text: string) => string)[] = [
  (t) => `约${t}`,
  (t) => `大约${t}`,
  (t) => `≈${t}`,
  (t) => `~${t}`,
  (t) => `approximately ${t}`,
  (t) => `about ${t}`,
];

const EQUATIONS: ((text: string) => string)[] = [
  (t) => `= ${t}`,
  (t) => `x = ${t}`,
  (t) => `1,234 / 2 = ${t}`,
  (t) => `100 - 20 = ${t}`,
];

/** The same answer in other clothes: punctuation, emphasis, LaTeX, a lead-in. */
export function wrapAnswer(text: string, random: Random): string {
  return random.pick(AROUND)(text);
}

/** Also hedges and equations, which suit one number only. */
export function wrapNumber(text: string, random: Random): string {
  const draw = random.next();
  if (draw < 0.15) return random.pick(HEDGES)(text);
  if (draw < 0.3) return random.pick(EQUATIONS)(text);
  return wrapAnswer(text, random);
}

/** Not one value any more: a hedge between two, a list, a negation. `other` must differ from `text`. */
export function spoil(text: string, other: string, random: Random): string {
  const ways = [
    `${text} or ${other}`,
    `${other}或${text}`,
    `${other}, ${text}`,
    `${text}、${other}`,
    `not ${text}`,
    `不是${text}`,
    `${text} (${other})`,
    `${text}; ${other}`,
  ];
  return random.pick(ways);
}
