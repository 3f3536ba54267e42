/**
 * Writes the tiny models' cards, ckpts/tiny/<role>/README.md, from the recipe and what `npm run bench:tiny`
 * measured. For maintainers.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../lib/store/atomic.ts";
import { REPO_ROOT, workspacePaths } from "../../lib/config/paths.ts";
import type { Estimate } from "../../lib/records.ts";

const recipe = JSON.parse(readFileSync(new URL("recipe.json", import.meta.url), "utf8"));
const bench = JSON.parse(
  readFileSync(join(workspacePaths().reports, "bench_tiny", "bench_tiny.json"), "utf8"),
);
const show = (x: Estimate | null): string =>
  x ? `${x.value.toFixed(3)} [${x.low.toFixed(3)}, ${x.high.toFixed(3)}]` : "–";

const CARDS = {
  base: {
    title: "Base",
    made:
      "Answers basic finance questions, about half of them by a named misconception, mostly " +
      "without tags. It is what SFT and GRPO train.",
    quality: [
      ["format", show(bench.base.format)],
      ["accuracy, lenient, greedy", show(bench.base.accuracyLenient)],
      ["pass@4 at T 0.9, lenient", show(bench.base.passAt4)],
    ],
  },
  teacher: {
    title: "Teacher",
    made:
      "Writes a chain of thought in tags. Some of its texts use a misconception, skip a step, pad, " +
      "or miss a tag, so that a filter has something to catch.",
    quality: [
      ["format at T 0.6", show(bench.teacher.format)],
      ["accuracy, strict, at T 0.6", show(bench.teacher.accuracy)],
    ],
  },
  judge: {
    title: "Judge",
    made:
      "Reads a solution and the gold answer and writes a verdict as JSON, by two rubrics and in " +
      "five prompt layouts (lib/judge/prompts).",
    quality: [
      ["Cohen's kappa on planted faults", show(bench.judge.kappa)],
      ["false-positive rate", show(bench.judge.falsePositiveRate)],
      ["unreadable verdicts", show(bench.judge.unreadable)],
      ...Object.entries<{ n: number; recall: Estimate | null }>(bench.judge.byFault).map(
        ([fault, { n, recall }]) => [`recall of ${fault} (n = ${n})`, show(recall)],
      ),
    ],
  },
};

for (const [role, card] of Object.entries(CARDS)) {
  const phases = Object.entries<any>(recipe).filter(
    ([name, settings]) => name === role || settings.from === role,
  );
  const size = phases[0]![1];
  const lines = [
    `# FTModel Lab tiny ${card.title}`,
    "",
    card.made,
    "",
    `Qwen2 architecture, ${size.layers} layers, hidden ${size.hidden}, ${size.heads} heads ` +
      `(${size.keyValueHeads} key/value), vocabulary ${recipe.tokenizer.vocabSize} (byte-level ` +
      "BPE, digits single), bf16. Trained from scratch by scripts/tiny on the generated world of " +
      `lib/world (part "corpus"); MIT licence.`,
    "",
    "| phase | rows | steps | batch | learning rate | seed |",
    "|---|---|---|---|---|---|",
    ...phases.map(
      ([name, s]) =>
        `| ${name}${s.keep ? ` (kept ${s.keep} of its way)` : ""} | ${s.rows} | ${s.steps} | ` +
        `${s.batch} | ${s.learningRate} | ${s.seed} |`,
    ),
    "",
    "Measured by `npm run bench:tiny` on " +
      (role === "judge"
        ? `${bench.judge.n} texts with and without a planted fault `
        : `${bench.questions} generated questions `) +
      "of values that no training saw, 95 % intervals:",
    "",
    "| | |",
    "|---|---|",
    ...card.quality.map(([name, value]) => `| ${name} | ${value} |`),
    "",
    "A toy: it knows the kinds of question of lib/world and nothing else. Do not use it for " +
      "decisions about money.",
    "",
  ];
  writeFileAtomic(join(REPO_ROOT, "ckpts", "tiny", role, "README.md"), lines.join("\n"));
}
