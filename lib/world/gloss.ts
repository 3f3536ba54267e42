/**
 * English glosses of the project's own Chinese questions: the kind's English wording, with the names, figures
 * and units of the Chinese one.
 */
import type { Config } from "../config/config.ts";
import { drawQuestions, drawsForTest } from "./generate.ts";
import type { Drawn } from "./draw.ts";
import written from "./gloss-handwritten.json" with { type: "json" };

/**
 * For a question of ours that is Chinese, what it asks in English; undefined for every other. Generated ones
 * are drawn once more from the config's seed, those of the test alone too, so a question of another draw has
 * none.
 *
 * @example const inEnglish = glosses(lab.config); inEnglish(question) //=> "Company A earned …"
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

/** What the companies of the Chinese questions are called in English. */
const NAMES: Readonly<Record<string, string>> = {
  甲公司: "Company A",
  乙公司: "Company B",
  丙公司: "Company C",
  丁公司: "Company D",
  华兴电子: "Huaxing Electronics",
  明远物流: "Mingyuan Logistics",
  天成食品: "Tiancheng Foods",
  江海能源: "Jianghai Energy",
  安泰医药: "Antai Pharma",
  星河科技: "Xinghe Technology",
  云岭农业: "Yunling Farming",
  东方纺织: "Dongfang Textiles",
};

const UNITS: Readonly<Record<string, string>> = {
  元: " yuan",
  万元: " × 10,000 yuan",
  亿元: " × 100 million yuan",
};

function englishOf({ kind, values, wording, dress, question }: Drawn): string {
  const wordings = kind.ask.en;
  const english = (name: string): string => NAMES[name] ?? name;
  const worn = { ...dress, company: english(dress.company), other: english(dress.other) };
  const asked = wordings[Math.min(wording, wordings.length - 1)]!(values, worn);
  // a sum has the unit that the same figure has in the Chinese question, and none where it has none there
  const left = new Map<string, string[]>();
  const unitOf = (figure: string): string => {
    const found = new RegExp(`(?<![\\d.])${figure.replace(".", "\\.")}([万亿]?元)`, "g");
    const units = left.get(figure) ?? [...question.matchAll(found)].map(([, unit]) => UNITS[unit!]!);
    left.set(figure, units.length > 1 ? units.slice(1) : units);
    return units[0] ?? "";
  };
  return asked
    .replace(/\$(\d+(?:\.\d+)?)(?: million| billion)?/g, (_, figure: string) => figure + unitOf(figure))
    .replace(/ million(?=(?: common)? shares)/g, " × 10,000");
}
