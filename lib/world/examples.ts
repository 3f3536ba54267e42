/** What the world's models can be asked: a question of each kind. */
import type { Lab } from "../config/lab.ts";
import { createRandom } from "../stats/random.ts";
import { drawQuestion, solve } from "./draw.ts";
import type { Drawn } from "./draw.ts";
import { KINDS } from "./kinds/index.ts";
import type { Language } from "./kind.ts";

export interface WorldExample {
  kind: string;
  /** The same kind in both languages, with values of its own in each, and the right answers. */
  en: string;
  "answer (en)": string;
  zh: string;
  "answer (zh)": string;
}

/**
 * One English and one Chinese question of every kind, in the wordings that the tiny models were trained on,
 * with values that no training saw. The same seed gives the same questions. None where `models.base` is
 * another model, which knows no such list.
 */
export function worldExamples({ config }: Pick<Lab, "config">): WorldExample[] {
  if (!/(^|[\\/])ckpts[\\/]tiny[\\/]/.test(config.models.base)) return [];
  const { seed } = config;
  return KINDS.map((kind) => {
    const random = createRandom(`world/examples/${kind.name}/${seed}`);
    const inLanguage = (language: Language): Drawn => {
      for (;;) {
        const drawn = drawQuestion(random, kind, "bench");
        if (drawn.language === language) return drawn;
      }
    };
    const [en, zh] = [inLanguage("en"), inLanguage("zh")];
    return {
      kind: kind.name,
      en: en.question,
      "answer (en)": solve(en, kind.right).answer,
      zh: zh.question,
      "answer (zh)": solve(zh, kind.right).answer,
    };
  });
}
