/** Names that questions wear; they change nothing about the answer. */
import type { Random } from "../stats/random.ts";
import type { Dress, Language } from "./kind.ts";

export const COMPANIES: Record<Language, readonly string[]> = {
  en: [
    "Acme",
    "Borealis",
    "Castor",
    "Delmar",
    "Everline",
    "Fenwick",
    "Gorham",
    "Halden",
    "Ivory",
    "Juniper",
    "Kestrel",
    "Lumen",
  ],
  zh: [
    "甲公司",
    "乙公司",
    "丙公司",
    "丁公司",
    "华兴电子",
    "明远物流",
    "天成食品",
    "江海能源",
    "安泰医药",
    "星河科技",
    "云岭农业",
    "东方纺织",
  ],
};

export function drawDress(random: Random, language: Language): Dress {
  const [company, other] = random.shuffle(COMPANIES[language]);
  return { company: company!, other: other!, unit: random.pick(["元", "万元", "亿元"]) };
}
