/** What a kind of question is: a draw of values, wordings, one right method and its named misconceptions. */
import type { Random } from "../stats/random.ts";
import type { QuestionType } from "../records.ts";

export type Language = "en" | "zh";

/** The steps of a chain of thought, each one line, and the final answer. */
export interface Solution {
  steps: string[];
  answer: string;
}

/** `t(en, zh)` picks the language. */
export type Translate = (en: string, zh: string) => string;

export interface Method<P> {
  /** snake_case name of the method or of the misconception. */
  name: string;
  solve: (values: P, t: Translate) => Solution;
}

/** What a question wears beside its values: names and currency unit. */
export interface Dress {
  company: string;
  other: string;
  /** "元" or "万元"; only Chinese wordings use it. */
  unit: string;
}

export interface Kind<P = any> {
  name: string;
  type: QuestionType;
  /** Values for which the right method and every misconception give different answers (else drawn again). */
  draw: (random: Random) => P;
  ask: Record<Language, ((values: P, dress: Dress) => string)[]>;
  right: Method<P>;
  misconceptions: Method<P>[];
}

/** Checks the types of a kind's parts against each other. */
export function defineKind<P>(kind: Kind<P>): Kind<P> {
  return kind;
}

/** At most `decimals` decimals, no trailing zeros: 16.666 → "16.67", 0.30000000000000004 → "0.3". */
export function plain(x: number, decimals = 2): string {
  const rounded = Math.round(Number((x * 10 ** decimals).toPrecision(12))) / 10 ** decimals;
  return String(rounded === 0 ? 0 : rounded);
}

/** 0.125 → "12.5%". */
export function percent(fraction: number): string {
  return `${plain(fraction * 100)}%`;
}

/** Options in a random order, as they stand in a question, and the letter of one of them. */
export function optionLines(options: readonly string[]): string {
  return options.map((text, i) => `\n${"ABCD"[i]}. ${text}`).join("");
}

export function letterOf(options: readonly string[], text: string): string {
  const i = options.indexOf(text);
  if (i < 0) throw new Error(`letterOf requires one of ${options.join(", ")}, got ${text}`);
  return "ABCD"[i]!;
}
