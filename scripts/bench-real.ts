/**
 * The whole line on models that nobody trained for it, and on real questions: stages 1 to 8, measured.
 *
 *     npm run bench:real -- --base DIR --teacher DIR --judge DIR --train FILE --test FILE
 *       --seeds 1,2          trainings and evaluations of so many seeds, compared together (1,2)
 *       --out DIR            default reports/bench-real; a bench that was cut off goes on there, stage by
 *                            stage
 *       --set key=value      any config value; repeatable
 *       --profile NAME       small (default) or gpu; tiny runs it on a CPU
 *       --together           trainings share the GPU: give each its room with --set gpu.vllmMemoryShare=… and
 *                            grpo.microBatch=…
 *       --no-alone           leaves out GRPO on the bare Base
 *     npm run bench:real -- --of DIR/real.json
 *       prints a result's tables as Markdown and draws DIR/real.png, on any machine with Chromium
 *
 * `--base`, `--teacher`, `--judge` are folders or hub ids; the files hold rows of `question` and
 * `gold_answer`. Nobody trains on the test file; what of it stands in the training file is left out. Prints
 * four tables, writes DIR/real.json and draws DIR/real.png; where no Chromium is found, it says so and goes
 * on.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { listGpus } from "../lib/gpu/gpus.ts";
import { realFigure } from "./bench/real-figure.ts";
import type { Drawn } from "./bench/real-figure.ts";
import { runLine } from "./bench/real-line.ts";
import { asMarkdown, realResult, realTables } from "./bench/real-table.ts";
import type { RealResult } from "./bench/real-table.ts";
import { PYTHON, workspacePaths } from "../lib/config/paths.ts";
import { parseSetting } from "../lib/config/settings.ts";
import { LabError } from "../lib/errors.ts";
import { closeBrowser } from "../lib/show/browser.ts";
import { drawFigure } from "../lib/show/png.ts";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { table } from "../lib/view/table.ts";
import { installedVersions } from "./setup/locked.mjs";
import { endWith, required } from "./command-line.ts";

const OPTIONS = {
  base: { type: "string" },
  teacher: { type: "string" },
  judge: { type: "string" },
  train: { type: "string" },
  test: { type: "string" },
  seeds: { type: "string" },
  out: { type: "string" },
  set: { type: "string", multiple: true },
  profile: { type: "string" },
  together: { type: "boolean" },
  "no-alone": { type: "boolean" },
  of: { type: "string" },
} as const;
const USAGE = "npm run bench:real -- --base DIR --teacher DIR --judge DIR --train FILE --test FILE";
const PACKAGES = ["torch", "transformers", "trl", "peft", "vllm"];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.of !== undefined) return showResult(resolve(values.of));
  const given = (name: "base" | "teacher" | "judge" | "train" | "test") => required(values, name, USAGE);
  const out = resolve(values.out ?? `${workspacePaths().reports}/bench-real`);
  const seeds = (values.seeds ?? "1,2").split(",").map(Number);
  if (!seeds.every((seed) => Number.isInteger(seed) && seed >= 0))
    throw new LabError({
      what: "The seeds cannot be read",
      where: "--seeds",
      expected: "whole numbers, such as 1,2",
      found: values.seeds ?? "",
    });
  const models = { base: given("base"), teacher: given("teacher"), judge: given("judge") };
  const files = { train: resolve(given("train")), test: resolve(given("test")) };
  const overrides = Object.fromEntries(
    (values.set ?? []).map(parseSetting).map(({ key, value }) => [key, value]),
  );
  const line = await runLine({
    out,
    ...models,
    ...files,
    seeds,
    overrides: overrides,
    together: values.together ?? false,
    alone: !values["no-alone"],
    profile: values.profile ?? "small",
  });
  const result = realResult(line);
  const [gpu] = await listGpus();
  const about = {
    created: new Date().toISOString(),
    device: gpu?.name ?? "CPU",
    versions: installedVersions(PYTHON, PACKAGES),
    models,
    profile: values.profile ?? "small",
    settings: values.set ?? [],
  };
  const kept = { ...about, ...result };
  writeFileAtomic(`${out}/real.json`, `${JSON.stringify(kept, null, 1)}\n`);
  for (const { caption, rows } of realTables(result))
    console.log(`\n${table(rows, undefined, { caption }).text}`);
  console.log(`\n${out}/real.json`);
  await drawBeside(`${out}/real.json`, kept);
}

async function showResult(file: string): Promise<void> {
  const result = JSON.parse(readFileSync(file, "utf8")) as RealResult & Drawn;
  console.log(asMarkdown(realTables(result)));
  await drawBeside(file, result);
}

/** Hours of measuring must not end in an error for want of a picture; stdout is the tables' own. */
async function drawBeside(file: string, result: Drawn): Promise<void> {
  try {
    writeFileAtomic(`${file.replace(/\.json$/, "")}.png`, await drawFigure(realFigure(result)));
  } catch (error) {
    console.error(`No real.png: ${(error as Error).message.split("\n")[0]}`);
  } finally {
    await closeBrowser();
  }
}

main().catch(endWith);
