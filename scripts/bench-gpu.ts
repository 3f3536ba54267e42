/**
 * Speed and memory on a GPU beside plain baselines, measured in the same run, and what is asked of each.
 *
 *     npm run bench:gpu                             every row that this machine has GPUs for: about half an
 *                                                   hour on one H100
 *     npm run bench:gpu -- --rows sft,grpo          some rows
 *     npm run bench:gpu -- --tokenizer FOLDER       a folder with the tokenizer.json of Qwen2.5; without it
 *                                                   bytes are tokens
 *     npm run bench:gpu -- --out DIR                models, rows, logs and results; default reports/bench-gpu
 *     npm run bench:gpu -- --again                  measure again what has a result
 *     npm run bench:gpu -- --learning               the tiny world learnt through the gpu profile's code,
 *                                                   beside the CPU's run of it
 *
 * Models of exactly the shapes of Qwen2.5-1.5B and -7B with random weights: right for speed and memory. Each
 * row is kept in DIR/<row>.json when it is done, so that a bench that was cut off goes on where it was. On a
 * machine without a GPU it says so and ends with status 1 before anything else. A goal that is missed is
 * shown; the exit status is 1 only when a row could not be measured.
 *
 * Run so far: the rows of one GPU on an H100, those of two GPUs, ray1, ray2 and `--learning` on H200. Not
 * yet: the rows of four GPUs (sft4, distil4, ray4), and rayDistil1. On a CPU the baselines run on tiny shapes
 * in scripts/tests/test_bench.py.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { listGpus, requireGpu } from "../lib/gpu/gpus.ts";
import type { Gpu } from "../lib/gpu/gpus.ts";
import { openLab } from "../lib/config/lab.ts";
import { PYTHON, workspacePaths } from "../lib/config/paths.ts";
import { LabError } from "../lib/errors.ts";
import { table } from "../lib/view/table.ts";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { agree, learnBoth } from "./bench/gpu-learning.ts";
import { MEASURES } from "./bench/gpu-rows.ts";
import { Bench } from "./bench/gpu-runs.ts";
import { ASKED, tableRow } from "./bench/gpu-table.ts";
import type { Result } from "./bench/gpu-table.ts";
import { installedVersions } from "./setup/locked.mjs";
import { endWith } from "./command-line.ts";

const PACKAGES = [
  "torch",
  "transformers",
  "trl",
  "peft",
  "accelerate",
  "bitsandbytes",
  "vllm",
  "liger-kernel",
];

async function main(): Promise<void> {
  const gpus = await requireGpu(openLab({ profile: "gpu" }, {}));
  const { values } = parseArgs({
    options: {
      rows: { type: "string" },
      tokenizer: { type: "string" },
      out: { type: "string" },
      again: { type: "boolean" },
      learning: { type: "boolean" },
    },
  });
  const rows = values.rows?.split(",").map((row) => row.trim()) ?? Object.keys(ASKED);
  for (const row of rows)
    if (!(row in ASKED))
      throw new LabError({
        what: "There is no such row",
        where: "--rows",
        expected: Object.keys(ASKED).join(", "),
        found: row,
      });
  if (values.tokenizer !== undefined && !existsSync(join(values.tokenizer, "tokenizer.json")))
    throw new LabError({
      what: "There is no tokenizer",
      where: values.tokenizer,
      expected: "tokenizer.json",
    });
  const out = resolve(values.out ?? join(workspacePaths().reports, "bench-gpu"));
  mkdirSync(out, { recursive: true });
  if (values.learning) return await printLearning(out);
  const bench = new Bench(out, values.tokenizer === undefined ? null : resolve(values.tokenizer));
  const problems: Record<string, string> = {};
  for (const row of rows) {
    const file = join(out, `${row}.json`);
    if (existsSync(file) && !values.again) continue;
    const wanted = ASKED[row]!.gpus;
    if (wanted > gpus.length) {
      problems[row] = `needs ${wanted} GPUs, ${gpus.length} here`;
      continue;
    }
    console.log(`\n${row}: ${ASKED[row]!.what}`);
    try {
      const measured = await MEASURES[row]!(bench);
      const result: Result = {
        row,
        created: new Date().toISOString(),
        device: describeDevice(await listGpus()),
        versions: installedVersions(PYTHON, PACKAGES),
        ...measured,
      };
      writeFileAtomic(file, `${JSON.stringify(result, null, 2)}\n`);
      console.log(table([tableRow(row, result)]).text);
    } catch (error) {
      problems[row] = error instanceof LabError ? error.message.split("\n")[0]! : String(error);
      console.error(error instanceof LabError ? error.message : error);
    }
  }
  printAll(out, gpus, problems);
  process.exitCode = Object.values(problems).some((problem) => !problem.startsWith("needs ")) ? 1 : 0;
}

function printAll(out: string, gpus: readonly Gpu[], problems: Record<string, string>): void {
  const results = Object.keys(ASKED).map((row): [string, Result | null] => [
    row,
    existsSync(join(out, `${row}.json`))
      ? (JSON.parse(readFileSync(join(out, `${row}.json`), "utf8")) as Result)
      : null,
  ]);
  console.log(
    `\n${
      table(
        results.map(([row, result]) => tableRow(row, result, problems[row])),
        undefined,
        { caption: `GPU bench on ${describeDevice(gpus)}, weights random` },
      ).text
    }`,
  );
  for (const [row, result] of results) {
    if (!result) continue;
    const versions = Object.entries(result.versions)
      .map(([name, version]) => `${name} ${version ?? "–"}`)
      .join(", ");
    console.log(
      `\n${row}  ${result.created}  ${result.device}  ${versions}\n  baseline  ` +
        `${result.baseline.command}\n  ours      ${result.ours.command}\n  ${result.notes.join("; ")}`,
    );
  }
}

async function printLearning(out: string): Promise<void> {
  const learnt = await learnBoth(out);
  const rows = learnt.map((row) => ({
    ...row,
    "as on the CPU": agree(
      row.greedy,
      learnt.find(({ where, arm }) => where === "CPU" && arm === row.arm)!.greedy,
    )
      ? "yes"
      : "NO",
  }));
  const caption = `The tiny world, n = 500, 95 % intervals, ${describeDevice(await listGpus())}`;
  console.log(`\n${table(rows, undefined, { caption }).text}`);
}

function describeDevice(gpus: readonly Gpu[]): string {
  return `${gpus.length} × ${gpus[0]?.name ?? "?"}, driver ${gpus[0]?.driver ?? "?"}`;
}

main().catch(endWith);
