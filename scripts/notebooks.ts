/**
 * `npm start` behind the packages: checks the options, sets up Python, runs the notebooks, exports the
 * reports.
 */
import { wantsGpu } from "../lib/config/config.ts";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileError, makeFolder } from "../lib/store/atomic.ts";
import { LabError } from "../lib/errors.ts";
import { requireGpu } from "../lib/gpu/gpus.ts";
import { openLab } from "../lib/config/lab.ts";
import type { Lab } from "../lib/config/lab.ts";
import { REPO_ROOT } from "../lib/config/paths.ts";
import { AblationSummary } from "../lib/records.ts";
import { givenServer } from "../lib/serving/given.ts";
import { table } from "../lib/view/table.ts";
import {
  commonKey,
  notebookKey,
  ownedBy,
  readLedger,
  reasonToRun,
  takeSnapshot,
  writeLedger,
} from "./pipeline/kept.ts";
import { environmentOf, HELP, notebookFiles, numberOf, parseOptions } from "./pipeline/options.ts";
import { assertPrerequisites } from "./pipeline/needs.ts";
import { kernelspec } from "./setup/kernelspec.mjs";
import { endWithMessage, setUp } from "./setup/launch.mjs";
import { packages } from "./setup/packages.mjs";
import { gpuPackages, PYTHON, pythonEnvironment } from "./setup/python.mjs";
import { endWith } from "./command-line.ts";

/** A cell of the tiny profile that takes longer hangs. */
const TINY_CELL_SECONDS = 1800;

async function main(): Promise<number> {
  const started = Date.now();
  checkNpmSwallowedNothing();
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return say(HELP);
  Object.assign(process.env, environmentOf(options));
  const lab = openLab();
  const chosen = notebookFiles().filter(
    (file) => options.only === null || options.only.includes(numberOf(file)),
  );
  assertPrerequisites(lab, chosen.map(numberOf));
  const onGpu = wantsGpu(lab.config) && chosen.some((file) => !askOnly(lab).includes(numberOf(file)));
  if (onGpu) await requireGpu(lab);
  const folder = join(lab.paths.reports, "notebooks");
  try {
    makeFolder(folder);
  } catch (cause) {
    throw fileError("The workspace cannot be written", folder, cause);
  }

  endWithMessage(() => setUp([packages, pythonEnvironment, kernelspec, ...(onGpu ? [gpuPackages] : [])]));
  const executed = await runNotebooks(lab, chosen);
  if (executed === null) return failedStatus;
  await exportHtml(lab, executed);
  printAblation(lab);
  const index = relative(process.cwd(), join(lab.paths.reports, "index.html"));
  say(`\n${index}  ${seconds(started)} s in all (to send: ftmodel.html beside it, all in one file)`);
  return 0;
}

/** The notebooks that load no model: the first, and those that ask servers which run elsewhere. */
function askOnly({ config }: Lab): string[] {
  return [
    "01",
    ...(givenServer(config, "teacher") ? ["02"] : []),
    ...(givenServer(config, "judge") ? ["03"] : []),
  ];
}

let failedStatus = 1;

/** Runs what does not hold any more; how many that were, or null when one failed. */
async function runNotebooks(lab: Lab, notebooks: string[]): Promise<number | null> {
  const common = commonKey(lab);
  const ledger = readLedger(lab);
  let executed = 0;
  for (const notebook of notebooks) {
    const number = numberOf(notebook);
    const before = takeSnapshot(lab);
    const previous = Object.keys(ledger)
      .filter((other) => other < number)
      .sort()
      .at(-1);
    const key = notebookKey(notebook, common, previous ? ledger[previous] : undefined);
    const reason = lab.force ? "--force" : reasonToRun(number, key, ledger, before);
    const name = basename(notebook, ".ipynb").padEnd(12);
    if (reason === null) {
      say(
        `${name} unchanged, kept (executed ` +
          `${ledger[number]!.finished.slice(0, 16).replace("T", " ")} in ` +
          `${ledger[number]!.seconds} s)`,
      );
      continue;
    }
    say(`${name} ${reason}`);
    const started = Date.now();
    failedStatus = await execute(lab, notebook);
    if (failedStatus !== 0) {
      say(
        `\nas far as it came: ` +
          `${relative(process.cwd(), join(lab.paths.reports, "notebooks", basename(notebook)))}; ` +
          "finished work is kept, the next start goes on from it",
      );
      return null;
    }
    executed++;
    say(`${name} ${seconds(started)} s`);
    ledger[number] = {
      key,
      finished: new Date().toISOString(),
      seconds: Number(seconds(started)),
      wrote: ownedBy(before, takeSnapshot(lab), ledger[number]),
    };
    writeLedger(lab, ledger);
  }
  return executed;
}

function execute(lab: Lab, notebook: string): Promise<number> {
  const copy = join(lab.paths.reports, "notebooks", basename(notebook));
  const limit = lab.config.profile === "tiny" ? TINY_CELL_SECONDS : 0;
  const child = spawn(
    PYTHON,
    [
      join(REPO_ROOT, "scripts", "execute_notebook.py"),
      notebook,
      "--output",
      copy,
      "--timeout",
      String(limit),
    ],
    { stdio: "inherit" },
  );
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve) =>
    child.on("exit", (code) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(code ?? 1);
    }),
  );
}

async function exportHtml(lab: Lab, executed: number): Promise<void> {
  const { exportReports, reportsHold } = await import("../lib/report/report.ts");
  if (executed === 0 && reportsHold(lab)) {
    say("reports      unchanged, kept");
    return;
  }
  const started = Date.now();
  await exportReports(lab);
  say(`reports      ${seconds(started)} s`);
}

/** The newest ablation summary of the workspace as a table. */
function printAblation(lab: Lab): void {
  const newest = readdirSync(lab.paths.reports)
    .filter((name) => /^ablation_summary_.*\.json$/.test(name))
    .sort()
    .at(-1);
  if (newest === undefined) return;
  const { arms, n, seeds, profile } = AblationSummary.parse(
    JSON.parse(readFileSync(join(lab.paths.reports, newest), "utf8")),
  );
  const rows = arms.map(({ name: arm, byType, ...numbers }) => ({ arm, ...numbers }));
  const caption =
    `Ablation, profile ${profile}: ${n} test questions, seeds ${seeds.join(", ")}; ` +
    "value [95 % interval]";
  say(`\n${table(rows, undefined, { caption }).text}`);
}

/**
 * `npm start --profile gpu` gives the option to npm, which keeps it: say so instead of running something
 * else.
 */
function checkNpmSwallowedNothing(): void {
  const swallowed = ["profile", "set", "source", "only"].filter((name) => process.env[`npm_config_${name}`]);
  if (swallowed.length > 0)
    throw new LabError({
      what: "npm kept an option for itself",
      where: `--${swallowed[0]}`,
      todo: `Write two dashes first: npm start -- --${swallowed[0]} …`,
    });
}

const seconds = (since: number): string => ((Date.now() - since) / 1000).toFixed(1);

function say(line: string): 0 {
  console.log(line);
  return 0;
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    endWith(error);
    process.exit();
  },
);
