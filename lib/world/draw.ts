/** Draws questions of the world, in three parts that never share values: corpus, lab and bench. */
import { createHash } from "node:crypto";
import type { Random } from "../stats/random.ts";
import { drawDress } from "./dress.ts";
import type { Dress, Kind, Language, Method, Solution, Translate } from "./kind.ts";

/**
 * Who may see a question. `corpus`: what the tiny models were trained on from scratch. `lab`: what notebooks
 * distil, train and test with. `bench`: seen by no training at all.
 */
export type Part = "corpus" | "lab" | "bench";

export interface Drawn {
  kind: Kind;
  values: unknown;
  language: Language;
  /** Which of the kind's wordings. */
  wording: number;
  dress: Dress;
  question: string;
}

/**
 * One question of `kind` with values of `part`. Values for which a misconception would be right too are drawn
 * again.
 */
export function drawQuestion(random: Random, kind: Kind, part: Part): Drawn {
  for (;;) {
    const values = kind.draw(random);
    if (partOf(kind, values) !== part || !isTelling(kind, values)) continue;
    const language: Language = random.pick(["en", "zh"]);
    const wording = random.int(0, kind.ask[language].length - 1);
    const dress = drawDress(random, language);
    return { kind, values, language, wording, dress, question: kind.ask[language][wording]!(values, dress) };
  }
}

/**
 * The part that owns these values: decided by a hash of kind and values, so it holds across languages,
 * wordings and seeds.
 */
export function partOf(kind: Kind, values: unknown): Part {
  const bucket =
    createHash("sha256")
      .update(`${kind.name}:${JSON.stringify(values)}`)
      .digest()[0]! % 10;
  return bucket === 0 ? "bench" : bucket <= 4 ? "lab" : "corpus";
}

function isTelling(kind: Kind, values: unknown): boolean {
  const t: Translate = (en) => en;
  const right = kind.right.solve(values, t).answer;
  return kind.misconceptions.every((method) => method.solve(values, t).answer !== right);
}

/** The chain of thought that `method` writes for a drawn question, in its language. */
export function solve(drawn: Drawn, method: Method<any>): Solution {
  return method.solve(drawn.values, (en, zh) => (drawn.language === "en" ? en : zh));
}
