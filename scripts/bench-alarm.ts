/**
 * How often the alarm of notebook 05 is false, and how soon it calls a hack: twenty sound runs of the default
 * recipe, each of a seed of its own (order, sampling, probe), and four rewards that pay for the wrong thing,
 * with two seeds each.
 *
 *     npm run bench:alarm                       all 28 runs, one after the other: about three minutes each on
 *                                               two cores
 *     npm run bench:alarm -- --jobs 28          side by side, each in one process of one thread
 *     npm run bench:alarm -- --only "seed 101"  those runs whose name holds it
 *     npm run bench:alarm -- --set grpo.maxSteps=20   any value of the config; repeatable
 *     npm run bench:alarm -- --table DIR        of the runs in DIR: the table, reports/example/alarm.json,
 *                                               and of the first three sound runs the band of notebook 05
 *                                               (lib/train/reference-tiny.json)
 *
 * On the workspace's RL questions, from its SFT adapter: run the notebooks up to 04 first. The census is
 * taken once, with the lab's seed; all runs train on what it leaves. A run is a folder of --out (default
 * reports/bench-alarm of the workspace), found again by its key: a killed bench goes on where it was. Nothing
 * is published. It asks no network, and once the census is there, it starts no server.
 */
import { join, resolve } from "node:path";
import { openLab } from "../lib/config/lab.ts";
import type { Lab } from "../lib/config/lab.ts";
import { REPO_ROOT } from "../lib/config/paths.ts";
import { overrideConfig, parseSetting } from "../lib/config/settings.ts";
import { LabError } from "../lib/errors.ts";
import { RlRow } from "../lib/records.ts";
import { sidecarCommand } from "../lib/run/process.ts";
import { isFinished, listRuns, readRun } from "../lib/run/run.ts";
import { mapPool } from "../lib/serving/pool.ts";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { readJsonl } from "../lib/store/jsonl.ts";
import { writeLiveQuestions } from "../lib/train/live-questions.ts";
import { referenceOf } from "../lib/train/make-reference.ts";
import { trainGrpo } from "../lib/train/train.ts";
import { table } from "../lib/view/table.ts";
import { alarmRuns } from "./bench/alarm-runs.ts";
import { alarmRows, alarmSummary, hackRows, type Watched } from "./bench/alarm-table.ts";
import { endWith, parsed } from "./command-line.ts";

/** As many make the band. */
const REFERENCES = 3;

const { values } = parsed({
  options: {
    jobs: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    set: { type: "string", multiple: true, default: [] },
    out: { type: "string" },
    table: { type: "string" },
  },
});
const lab = openLab({ profile: "tiny" });
try {
  await (values.table === undefined ? trainAll(Number(values.jobs)) : report(resolve(values.table)));
} catch (error) {
  endWith(error);
}

async function trainAll(jobs: number): Promise<void> {
  const runs = resolve(values.out ?? join(lab.paths.reports, "bench-alarm"));
  const overrides = Object.fromEntries(values.set.map(parseSetting).map(({ key, value }) => [key, value]));
  const own: Lab = { ...lab, config: overrideConfig(lab.config, overrides) };
  const policy = { model: lab.paths.sftLora };
  const live = readJsonl((await writeLiveQuestions(own, policy)).path, RlRow);
  const placed: Lab = { ...own, paths: { ...own.paths, runs } };
  // Several runs at once: each takes one core, and its parts know of no other.
  const alone = jobs > 1 ? { command: sidecarCommand("grpo") } : {};
  if (jobs > 1) Object.assign(process.env, { OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" });
  const wanted = alarmRuns().filter(({ name }) => name.includes(values.only));
  await mapPool(wanted, { concurrency: jobs }, async ({ name, prepare }) => {
    const { lab, options } = prepare(placed, live);
    const started = Date.now();
    try {
      const run = await trainGrpo(lab, { ...options, ...alone, publish: false });
      const took = run.reused ? "kept" : `${Math.round((Date.now() - started) / 1000)} s`;
      console.log(`${name}: ${run.key}, ${run.step} steps, ${took}`);
    } catch (error) {
      console.error(`${name}: ${(error as Error).message}`);
    }
  });
  const finished = finishedRuns(runs);
  const done = wanted.filter(({ name }) => finished.has(name));
  console.log(`${done.length} of ${wanted.length} runs are finished in ${runs}`);
  if (done.length < wanted.length) process.exitCode = 1;
}

/** Keys by label; a run in which nothing was learned is finished as well. */
function finishedRuns(runs: string): Map<string, string> {
  const finished = listRuns({ paths: { ...lab.paths, runs } }).filter(isFinished);
  return new Map(finished.map(({ label, key }) => [label, key]));
}

function report(folder: string): void {
  const place = { paths: { ...lab.paths, runs: folder } };
  const keys = finishedRuns(folder);
  const watched = alarmRuns().flatMap(({ name, hack, seed }): Watched[] => {
    const key = keys.get(name);
    return key === undefined ? [] : [{ name, hack, seed, run: readRun(place, key) }];
  });
  const rows = alarmRows(watched);
  const summary = alarmSummary(rows);
  const hacks = hackRows(rows);
  console.log(`\n${table(rows, undefined, { caption: "Runs" }).text}`);
  console.log(`\n${table(hacks, undefined, { caption: "Hacks" }).text}`);
  console.log(`\n${table([summary], undefined, { caption: "The alarm" }).text}`);
  const created = new Date().toISOString();
  const { grpo } = lab.config;
  const path = join(REPO_ROOT, "reports", "example", "alarm.json");
  writeFileAtomic(path, `${JSON.stringify({ created, grpo, summary, hacks, runs: rows }, null, 1)}\n`);
  console.log(`\n${path}\n${makeReference(watched, created.slice(0, 10))}`);
}

function makeReference(watched: readonly Watched[], created: string): string {
  const { dropDeadGroups } = lab.config.grpo;
  const sound = watched.filter(({ hack }) => hack === null).slice(0, REFERENCES);
  if (sound.length < REFERENCES)
    throw new LabError({
      what: "There are too few sound runs for a band",
      expected: `${REFERENCES} finished ones`,
      found: `${sound.length}`,
      todo: "Start the bench again: it goes on where it was.",
    });
  // The bench has taken the census for them.
  const runs = sound.map(({ run: { samples, config } }) => ({
    samples,
    config: { ...config, grpo: { ...config.grpo, dropDeadGroups } },
  }));
  const path = join(REPO_ROOT, "lib", "train", "reference-tiny.json");
  writeFileAtomic(path, `${JSON.stringify(referenceOf(runs, created))}\n`);
  return path;
}
