/**
 * Answers of several tokens: a policy that writes an answer token by token, with a softmax wherever answers
 * part. Pure.
 */
import { softmax } from "./grpo.ts";

export interface WrittenAnswer {
  tokens: readonly string[];
  reward: number;
  /** Before any training; those of a question add up to 1. */
  chance: number;
}

export type WrittenQuestion = readonly WrittenAnswer[];

/** A token: the choice `pick` at the fork `fork`. */
export interface Token {
  fork: number;
  pick: number;
}

export interface Tree {
  /** Of every fork, the logit of every token that may follow there. */
  logits: number[][];
  /** `paths[q][i]`: the tokens of answer i to question q. */
  paths: Token[][][];
}

/** The forks of all questions, with logits that give every answer its chance. */
export function treeOf(questions: readonly WrittenQuestion[]): Tree {
  const forks: Map<string, number>[] = [];
  const places = new Map<string, number>();
  const forkAt = (beginning: string): number => {
    const known = places.get(beginning);
    if (known !== undefined) return known;
    places.set(beginning, forks.length);
    return forks.push(new Map()) - 1;
  };
  const walk = (q: number, { tokens, chance }: WrittenAnswer): Token[] =>
    tokens.map((token, t) => {
      const fork = forkAt(JSON.stringify([q, ...tokens.slice(0, t)]));
      const picks = forks[fork]!;
      picks.set(token, (picks.get(token) ?? 0) + chance);
      return { fork, pick: [...picks.keys()].indexOf(token) };
    });
  const paths = questions.map((answers, q) => answers.map((answer) => walk(q, answer)));
  return { logits: forks.map((picks) => [...picks.values()].map(Math.log)), paths };
}

/** The chance of every token at every fork. */
export const chancesOf = (logits: Tree["logits"]): number[][] => logits.map((fork) => softmax(fork));

/** The chance of a whole answer: its tokens' chances multiplied. */
export const chanceOf = (path: readonly Token[], chances: readonly number[][]): number =>
  path.reduce((chance, { fork, pick }) => chance * chances[fork]![pick]!, 1);
