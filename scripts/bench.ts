/**
 * Speed and memory of the default run beside what is asked of them.
 *
 *     npm run bench                              runs the pipeline in a fresh temporary workspace: about half
 *                                                an hour on two cores
 *     npm run bench -- --skip-pipeline DIR       reads the workspace DIR, and measures the client alone
 *     npm run bench -- --skip-client             without the client against a bare load generator
 *     npm run bench -- --against COMMIT [--skip-pipeline DIR] [--busy] [--rounds 4] [--steps 20]
 *                                                GRPO's steps of that commit's trainer and of this one, by
 *                                                turns, nothing else; --busy: beside one that never rests
 *     npm run bench -- --first-step --skip-pipeline DIR [--against COMMIT] [--rounds 4]
 *                                                seconds from the training cell to its first step,
 *                                                SFT and GRPO, both commits
 *
 * The pipeline runs three times: from an empty workspace (time, memory, stages), unchanged (the second
 * start), and with its executed notebooks forgotten but all model work on disk (a notebook's own overhead).
 * What only these runs can tell is kept in reports/bench.json of the workspace. Not a test: a goal that is
 * missed is shown, the exit status stays 0.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { LabError } from "../lib/errors.ts";
import { openLab } from "../lib/config/lab.ts";
import type { Lab } from "../lib/config/lab.ts";
import { REPO_ROOT } from "../lib/config/paths.ts";
import type { Client } from "../lib/serving/client.ts";
import { withServer } from "../lib/serving/serving.ts";
import { mean } from "../lib/stats/stats.ts";
import { table } from "../lib/view/table.ts";
import { againstCommit, againstRows } from "./bench/against.ts";
import type { AgainstOptions, Round } from "./bench/against.ts";
import { benchRequests, compareClients } from "./bench/client.ts";
import { firstStepRows, measureFirstSteps } from "./bench/first-step.ts";
import type { FirstStepRound, Session } from "./bench/first-step.ts";
import { watchMemory } from "./bench/memory.ts";
import { benchRows, notebookRows } from "./bench/requirements.ts";
import { readTimings, recordFile } from "./bench/results.ts";
import type { Measured, PipelineRecord } from "./bench/results.ts";
import { ledgerFile } from "./pipeline/kept.ts";
import { endWith } from "./command-line.ts";

/** How many times the requests in flight both clients send: enough that filling and draining weigh little. */
const CLIENT_ROUNDS = 4;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "skip-pipeline": { type: "string" },
      "skip-client": { type: "boolean" },
      against: { type: "string" },
      "first-step": { type: "boolean" },
      busy: { type: "boolean" },
      rounds: { type: "string", default: "4" },
      steps: { type: "string", default: "20" },
    },
  });
  const existing = values["skip-pipeline"];
  if (existing !== undefined && !existsSync(existing))
    throw new LabError({
      what: "There is no such workspace",
      where: `--skip-pipeline ${existing}`,
      found: "nothing there",
    });
  const load = loadavg()[0]!;
  if (values["first-step"]) {
    const workspace = existing === undefined ? {} : { FTMODEL_WORKSPACE: resolve(existing) };
    return timeFirstSteps(openLab({}, workspace), Number(values.rounds), values.against);
  }
  if (values.against !== undefined) {
    const workspace = existing === undefined ? {} : { FTMODEL_WORKSPACE: resolve(existing) };
    await compareTrainers(openLab({}, workspace), values.against, {
      rounds: Number(values.rounds),
      steps: Number(values.steps),
      busy: values.busy ?? false,
    });
    return;
  }
  const lab = openLab(
    {},
    {
      FTMODEL_WORKSPACE:
        existing === undefined ? mkdtempSync(join(tmpdir(), "ftmodel-bench-")) : resolve(existing),
    },
  );
  if (existing === undefined)
    writeFileAtomic(recordFile(lab), `${JSON.stringify(await runPipeline(lab), null, 2)}\n`);
  const client = values["skip-client"] ? { value: null, how: "left out" } : await measureClient(lab);

  const machine =
    `${availableParallelism()} cores, ${(totalmem() / 1e9).toFixed(0)} GB, load ${load.toFixed(1)} ` +
    "at the start";
  const caption = `Speed and memory: profile ${lab.config.profile}, ${machine}`;
  console.log(`\n${table(benchRows(lab, client), undefined, { caption }).text}`);
  console.log(`\n${table(notebookRows(lab), undefined, { caption: `Notebooks of ${lab.paths.root}` }).text}`);
}

async function compareTrainers(lab: Lab, ref: string, options: AgainstOptions): Promise<void> {
  const onRound = ({ there, here }: Round): void =>
    console.log(`${mean(there.seconds).toFixed(3)} s a step there, ${mean(here.seconds).toFixed(3)} s here`);
  const load = loadavg()[0]!.toFixed(1);
  const rows = againstRows(await againstCommit(lab, ref, { ...options, onRound }));
  const caption =
    `GRPO, ${ref} (there) and this commit (here): ${options.rounds} rounds of ${options.steps} steps by ` +
    `turns, ${availableParallelism()} cores, load ${load} at the start` +
    (options.busy ? ", beside a busy program" : "");
  console.log(`\n${table(rows, undefined, { caption }).text}`);
}

function timeFirstSteps(lab: Lab, rounds: number, ref?: string): void {
  const words = (session: Session | null): string => (session ?? []).map((s) => s.toFixed(1)).join(", ");
  const onRound = ({ stage, there, here }: FirstStepRound): void =>
    console.log(`${stage}: ${there ? `${words(there)} s there, ` : ""}${words(here)} s here`);
  const load = loadavg()[0]!.toFixed(1);
  const rows = firstStepRows(measureFirstSteps(lab, { rounds, ref, onRound }));
  const caption =
    `Seconds from the training cell to its first ` +
    `step${ref ? `, ${ref} (there) and this commit (here) by turns` : ""}: ` +
    `${rounds} rounds, ${availableParallelism()} cores, load ${load} at the start, ` +
    `${loadavg()[0]!.toFixed(1)} at the end`;
  console.log(`\n${table(rows, undefined, { caption }).text}`);
}

async function runPipeline(lab: Lab): Promise<PipelineRecord> {
  const created = new Date().toISOString();
  const first = await start(lab);
  const notebooks = readTimings(lab);
  const again = await start(lab);
  rmSync(ledgerFile(lab));
  await start(lab);
  return {
    created,
    totalSeconds: first.seconds,
    peakBytes: first.peakBytes,
    notebooks,
    againSeconds: again.seconds,
    overhead: readTimings(lab),
  };
}

/** `npm start` with the defaults, whatever the environment says. Throws LabError when it fails. */
async function start(lab: Lab): Promise<{ seconds: number; peakBytes: number | null }> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("FTMODEL_") || name === "FTMODEL_PYTHON"),
  );
  const options = ["--workspace", lab.paths.root];
  console.log(`\nnpm start -- ${options.join(" ")}`);
  const started = performance.now();
  const child = spawn(process.execPath, [join(REPO_ROOT, "scripts", "start.mjs"), ...options], {
    cwd: REPO_ROOT,
    env: environment,
    stdio: "inherit",
  });
  const memory = child.pid === undefined ? null : watchMemory(child.pid);
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, pass);
  const status = await new Promise((ended, failed) =>
    child.once("error", failed).once("exit", (code, signal) => ended(code ?? signal)),
  ).finally(() => signals.forEach((signal) => process.off(signal, pass)));
  const peakBytes = memory?.stop() ?? null;
  if (status !== 0)
    throw new LabError({
      what: "The pipeline failed",
      where: lab.paths.root,
      found: `exit status ${status}`,
      todo: "What it said stands above; the workspace is kept.",
    });
  return { seconds: (performance.now() - started) / 1000, peakBytes };
}

function measureClient(lab: Lab): Promise<Measured> {
  const { concurrency } = lab.config.serving;
  const measure = async (client: Client): Promise<Measured> => {
    const { bare, ours, ratio } = await compareClients({
      url: client.baseURL,
      model: client.model,
      requests: benchRequests(CLIENT_ROUNDS * concurrency),
      concurrency,
    });
    return {
      value: ratio,
      how: `${ours.toFixed(0)} against ${bare.toFixed(0)} tokens/s, ${concurrency} in flight`,
    };
  };
  return withServer(lab, "teacher", measure, { port: 0 }); // one address, which both can ask
}

main().catch(endWith);
