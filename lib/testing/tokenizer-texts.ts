/** Texts on which two tokenizers must agree. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../config/paths.ts";
import { generateQuestions } from "../world/index.ts";

/** Where tokenizers go apart: white space, digits, scripts, signs, special tokens, broken characters. */
export const HARD_TEXTS = [
  " ",
  "\n\n  \t x  y   ",
  "a\u0085b\u00A0c\u3000d\uFEFFe\u200Bf\u2028g",
  "It's we'll I'M he'd '' 's's",
  "1,234.50 % of $5.6m – 12½ ②③ ٣٤ १२ 五",
  "某公司2023年营收为1,200万元，同比增长8%。净利率是多少？\nA. 10%　B．15%",
  "éa\u0301 Straße Ω≈ç√ ﬁ",
  "👩‍👩‍👧 🇨🇳 𠀀𠮷",
  "<|im_start|>user\nIs it so?<|im_end|>\n<|im_start|>assistant\n",
  "<|im_start|><|im_end|><|endoftext|> <|im_start |> <|im_end",
  "<think>\nx = 3 / 4\n</think>\n<answer>\n0.75\n</answer>",
  "</script><script>alert(1)</script>\u202E\u001B[31m\u0000",
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

/** The hand-written questions, pages of this repository, and generated questions: English and Chinese. */
export function realTexts(): string[] {
  const textOf = (file: string) => readFileSync(join(REPO_ROOT, file), "utf8");
  return [
    ...textOf(join("data", "handwritten", "questions.jsonl"))
      .trim()
      .split("\n"),
    ...["README.md", "lib/README.md", "lib/prompt/prompts.json", "lib/answer/reading/lexicon-zh.ts"].map(
      textOf,
    ),
    ...generateQuestions(200, 3).map(({ question, gold_answer }) => `${question}\n${gold_answer}`),
  ];
}
