/**
 * Three checkers side by side on the golden cases and on generated pairs: false accepts, false rejects,
 * answers per second.
 *
 *     npm run bench:answers [-- PAIRS]
 *
 * Ours, the original project's filter rule (rebuilt from its description) and math-verify (through the Python
 * environment; on a sample, as it is slow). A false accept is a wrong answer called right; a false reject is
 * a right one called anything else.
 *
 * Rates are for one core. The pairs are judged in blocks, round after round; each block counts with the least
 * processor time it took, so that a busy machine changes little. The first round reads each gold, the others
 * find it read, as training does.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generatePairs } from "./bench/answers/pairs.ts";
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
const BLOCK = 1000;
const ROUNDS = 60;
const count = Number(process.argv[2] ?? 20_000);
if (!Number.isInteger(count) || count < 1) {
  console.error(`PAIRS requires a whole number of at least 1, got ${process.argv[2]}`);
  process.exit(2);
}

function goldenCases(): Pair[] {
  const path = join(REPO_ROOT, "lib", "answer", "golden", "answers.jsonl");
  const rows = readFileSync(path, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Pair & { verdict: string });
  return rows.map((row) => ({ ...row, right: row.verdict === "right" }));
}

/**
 * Items per second of processor time: each block's best round. A short list is judged several times, to fill
 * a block.
 */
function rate<T>(items: readonly T[], work: (item: T) => void): number {
  const repeats = Math.max(1, Math.round(BLOCK / items.length));
  const best = Array.from({ length: Math.ceil(items.length / BLOCK) }, () => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (let block = 0; block < best.length; block++) {
      const part = items.slice(block * BLOCK, (block + 1) * BLOCK);
      const start = process.cpuUsage();
      for (let k = 0; k < repeats; k++) for (const item of part) work(item);
      const { user, system } = process.cpuUsage(start);
      best[block] = Math.min(best[block]!, (user + system) / repeats);
    }
  }
  return (items.length * 1e6) / best.reduce((sum, time) => sum + time, 0);
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
  return compare(pairs, pairs.map(isRight), rate(pairs, isRight));
}

function runMathVerify(all: readonly Pair[]): Result | string {
  if (!existsSync(PYTHON)) return "not installed: no Python environment (run npm start once)";
  const pairs = all.slice(0, MATH_VERIFY_SAMPLE);
  const script = fileURLToPath(new URL("./bench_math_verify.py", import.meta.url));
  const child = spawnSync(PYTHON, [script], {
    input: pairs.map((pair) => JSON.stringify(pair)).join("\n"),
    encoding: "utf8",
    maxBuffer: 1 << 26,
    timeout: 300_000,
  });
  if (child.status !== 0)
    return `not installed: ${child.stderr.trim().split("\n").at(-1) ?? "it did not start"}`;
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
  [
    "generated pairs",
    generatePairs(count, "bench").map((pair) => ({ ...pair, right: pair.expected === "right" })),
  ],
];
for (const [name, pairs] of sets) {
  console.log(
    `\n${name}: ${n(pairs.length)}, of which ${n(pairs.filter((p) => p.right).length)} are right\n`,
  );
  console.log("| checker | false accepts | false rejects | n | answers/s |\n|---|---|---|---|---|");
  console.log(
    row(
      "ours",
      run(pairs, (pair) => checkAnswer(pair).verdict === "right"),
    ),
  );
  console.log(
    row(
      "original project's rule",
      run(pairs, ({ gold, prediction }) => originalRule(gold, prediction)),
    ),
  );
  console.log(row("math-verify", runMathVerify(pairs)));
}

const thoughts = "Revenue was 1,200 and cost 800, so the profit is 400. ".repeat(38);
const thinking = `<think>\n${thoughts}\n</think>\n<answer>\n`;
const completions = goldenCases().map((pair) => ({
  ...pair,
  completion: `${thinking}${pair.prediction}\n</answer>`,
}));
const perSecond = rate(completions, scoreCompletion);
const characters =
  completions.reduce((sum, { completion }) => sum + completion.length, 0) / completions.length;
console.log(
  `\nours, format and answer read from a completion of ${n(characters)} characters: ` +
    `${n(perSecond)} answers/s`,
);
