/** A generated question in English, for readers who do not read the Chinese one. */
import type { Dress } from "./kind.ts";
import type { Drawn } from "./draw.ts";
import { drawQuestions } from "./generate.ts";

/** Names do not matter to the answer, so English ones stand in for the Chinese. */
const NAMES: Dress = { company: "Acme", other: "Borealis", unit: "yuan" };

/** The question in English, values as they are; undefined where it is English already. */
export function englishOf({ kind, values, language, wording }: Drawn): string | undefined {
  if (language === "en") return undefined;
  const wordings = kind.ask.en;
  return wordings[wording % wordings.length]!(values, NAMES);
}

/**
 * From a Chinese question of the generated world to its English. `config` is the lab's: the questions are
 * drawn again as stage 1 has drawn them. Others, and English ones, give undefined.
 *
 * @example inEnglish(lab.config)("甲公司…") //=> "Acme …"
 */
export function inEnglish(config: {
  seed: number;
  prepare: { generated: number };
}): (question: string) => string | undefined {
  const known = new Map(
    drawQuestions(config.prepare.generated, config.seed, "lab").flatMap((drawn) => {
      const english = englishOf(drawn);
      return english === undefined ? [] : [[drawn.question, english] as const];
    }),
  );
  return (question) => known.get(question);
}
