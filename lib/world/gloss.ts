/** English glosses of the project's own Chinese questions: the same values in the kind's English wording. */
import type { Config } from "../config/config.ts";
import { COMPANIES } from "./dress.ts";
import { drawQuestions, drawsForTest } from "./generate.ts";
import type { Drawn } from "./draw.ts";
import written from "./gloss-handwritten.json" with { type: "json" };

/**
 * For a question of ours that is Chinese, what it asks in English; undefined for every other. Generated ones
 * are drawn once more from the config's seed, those of the test alone too, so a question of another draw has
 * none.
 *
 * @example const inEnglish = glosses(lab.config); inEnglish(question) //=> "Lumen's revenue rose …"
 */
export function glosses({
  prepare,
  seed,
}: Pick<Config, "prepare" | "seed">): (row: { id: string; question: string }) => string | undefined {
  const drawn = [
    ...drawQuestions(prepare.generated, seed, "lab"),
    ...(prepare.generated > 0 ? drawQuestions(drawsForTest(prepare.generatedTest), seed, "bench") : []),
  ];
  const chinese = drawn.filter(({ language }) => language === "zh");
  const generated = new Map(chinese.map((one) => [one.question, englishOf(one)]));
  const byHand = written as Readonly<Record<string, string>>;
  return ({ id, question }) =>
    generated.get(question) ?? (/\p{Script=Han}/u.test(question) ? byHand[id] : undefined);
}

function englishOf({ kind, values, wording, dress }: Drawn): string {
  const wordings = kind.ask.en;
  const english = (name: string): string => COMPANIES.en[COMPANIES.zh.indexOf(name)] ?? name;
  const worn = { ...dress, company: english(dress.company), other: english(dress.other) };
  return wordings[Math.min(wording, wordings.length - 1)]!(values, worn);
}
