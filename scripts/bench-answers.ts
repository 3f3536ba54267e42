/**
 * Three checkers side by side on the golden cases and on generated pairs: false accepts, false rejects, answers per second.
 *
 *     npm run bench:answers [-- PAIRS]
 *
 * Ours, the original project's filter rule (rebuilt from its description) and math-verify (through the Python environment; on a sample,
 * as it is slow). Rates are the best of several rounds on one core, measured in processor time, so that a busy machine changes little.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generatePairs } from "../lib/answer/generator/index.ts";
import { checkAnswer, scoreCompletion } from "../lib/answer/index.ts";
import { originalRule } from "../lib/answer/original-rule.ts";
import { PYTHON, REPO_ROOT } from "../lib/config/paths.ts";

interface Pair {
  question: string;
  gold: string;
  prediction: string;
  right: boolean;
}

const MATH_VERIFY_SAMPLE = 1500;
const count = Number(process.argv[2] ?? 20_000);
if (!Number.isInteger(count) || count < 1) {
  console.error(`PAIRS requires a whole number of at least 1, got ${process.argv[2]}`);
  process.exit(2);
}

function goldenCases(): Pair[] {
  const path = join(REPO_ROOT, "lib", "answer", "golden", "answers.jsonl");
  const rows = readFileSync(path, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as Pair & { verdict: string });
  return rows.map((row) => ({ ...row, right: row.verdict === "right" }));
}

/** Items per second of processor time, best of `rounds`. */
function rate(items: number, work: () => void, rounds = 12): number {
  let best = 0;
  for (let i = 0; i < rounds; i++) {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    best = Math.max(best, (items * 1e6) / (user + system));
  }
  return best;
}

interface Result {
  falseAccepts: number;
  falseRejects: number;
  pairs: number;
  perSecond: number;
}

function compare(pairs: readonly Pair[], verdicts: readonly boolean[], perSecond: number): Result {
  let falseAccepts = 0;
  let falseRejects = 0;
  for (const [i, pair] of pairs.entries()) {
    if (verdicts[i] && !pair.right) falseAccepts++;
    if (!verdicts[i] && pair.right) falseRejects++;
  }
  return { falseAccepts, falseRejects, pairs: pairs.length, perSecond };
}

function run(pairs: readonly Pair[], isRight: (pair: Pair) => boolean): Result {
  const verdicts = pairs.map(isRight);
  const repeats = Math.max(1, Math.ceil(20_000 / pairs.length));
  const perSecond = rate(pairs.length * repeats, () => {
    for (let k = 0; k < repeats; k++) for (const pair of pairs) isRight(pair);
  });
  return compare(pairs, verdicts, perSecond);
}

function runMathVerify(all: readonly Pair[]): Result | string {
  if (!existsSync(PYTHON)) return "not installed: no Python environment (run npm start once)";
  const pairs = all.slice(0, MATH_VERIFY_SAMPLE);
  const script = fileURLToPath(new URL("./bench_math_verify.py", import.meta.url));
  const child = spawnSync(PYTHON, [script], { input: pairs.map((pair) => JSON.stringify(pair)).join("\n"), encoding: "utf8", maxBuffer: 1 << 26, timeout: 300_000 });
  if (child.status !== 0) return `not installed: ${child.stderr.trim().split("\n").at(-1) ?? "it did not start"}`;
  const { verdicts, seconds } = JSON.parse(child.stdout) as { verdicts: boolean[]; seconds: number };
  return compare(pairs, verdicts, pairs.length / seconds);
}

const n = (value: number): string => Math.round(value).toLocaleString("en");
function row(name: string, result: Result | string): string {
  if (typeof result === "string") return `| ${name} | ${result} | | | |`;
  const { falseAccepts, falseRejects, pairs, perSecond } = result;
  return `| ${name} | ${falseAccepts} | ${falseRejects} | ${n(pairs)} | ${n(perSecond)} |`;
}

const sets: [string, Pair[]][] = [
  ["golden cases", goldenCases()],
  ["generated pairs", generatePairs(count, "bench").map((pair) => ({ ...pair, right: pair.expected === "right" }))],
];
for (const [name, pairs] of sets) {
  console.log(`\n${name}: ${n(pairs.length)}, of which ${n(pairs.filter((p) => p.right).length)} are right\n`);
  console.log("| checker | false accepts | false rejects | n | answers/s |\n|---|---|---|---|---|");
  console.log(row("ours", run(pairs, (pair) => checkAnswer(pair).verdict === "right")));
  console.log(row("original project's rule", run(pairs, ({ gold, prediction }) => originalRule(gold, prediction))));
  console.log(row("math-verify", runMathVerify(pairs)));
}

const thinking = `<think>\n${"Revenue was 1,200 and cost 800, so the profit is 400. ".repeat(38)}\n</think>\n<answer>\n`;
const completions = goldenCases().map((pair) => ({ ...pair, completion: `${thinking}${pair.prediction}\n</answer>` }));
const extracted = rate(completions.length * 100, () => {
  for (let k = 0; k < 100; k++) for (const completion of completions) scoreCompletion(completion);
});
console.log(`\nours, the answer extracted from a completion of ${n(completions[0]!.completion.length)} characters: ${n(extracted)} answers/s`);
