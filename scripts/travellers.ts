/**
 * Candidates for the questions that travel through the notebooks: what the arms of a finished run make of its
 * training questions.
 *
 *     node_modules/.bin/node scripts/travellers.ts [WORKSPACE] [QUESTIONS]
 *
 * Takes the first questions of the census (100, those of notebook 5, unless told), all of which rules can
 * check, asks Base, SFT and SFT + GRPO for a greedy answer, trains nothing, and prints the questions by what
 * happens to them. Answers on disk are not asked for again. Those that are chosen are pinned by id in
 * lib/evaluate/travellers.ts.
 */
import { openLab } from "../lib/config/lab.ts";
import { askArms } from "../lib/evaluate/ask-arms.ts";
import { Question } from "../lib/records.ts";
import { readJsonl } from "../lib/store/jsonl.ts";
import { runCensus } from "../lib/train/census-run.ts";
import { endWith } from "./command-line.ts";

/** Shown of each group. */
const MOST = 25;
const ARMS = ["base", "sft", "sft_grpo"] as const;

try {
  if (process.argv[2]) process.env.FTMODEL_WORKSPACE = process.argv[2];
  const lab = openLab();
  const all = readJsonl(lab.paths.raw, Question, "Run 01_prepare first.");
  const { rows } = await runCensus(lab, { arm: "sft", maxQuestions: Number(process.argv[3] ?? 100) });
  const sampled = new Map(rows.map(({ id, right, answers }) => [id, `${right} of ${answers}`]));
  const asked = await askArms(
    lab,
    ARMS,
    all.filter(({ id }) => sampled.has(id)),
  );
  const groups = Map.groupBy(asked, ({ fate }) => fate);
  for (const [fate, questions] of groups) {
    console.log(`\n${fate}: ${questions.length}`);
    for (const { id, question, gold } of questions.slice(0, MOST))
      console.log(`  ${id}  SFT sampled ${sampled.get(id)}  ${JSON.stringify(question)} → ${gold}`);
  }
} catch (error) {
  endWith(error);
  process.exit();
}
