/**
 * How often the alarm of notebook 05 is false, and how soon it calls a hack: sound runs of ten seeds and two
 * learning rates, and four rewards that pay for the wrong thing, of two seeds each.
 *
 *     npm run bench:alarm                  all runs: 28 of 40 steps, two to three minutes each on two cores
 *     npm run bench:alarm -- --new 1       train at most one run more, then report what there is
 *     npm run bench:alarm -- --steps 60
 *     npm run bench:alarm -- --reference   three seeds of the default recipe instead: makes the band of
 *                                          reference runs anew (lib/train/reference-tiny.json)
 *
 * On the workspace's RL questions, from its SFT adapter: run the notebooks up to 04 first. Runs are kept by
 * their key: a killed bench goes on where it was. Nothing is published. The alarm was written with the runs of
 * odd seeds in view; those of even seeds are reported by themselves. Prints the tables and writes
 * reports/bench_alarm.json.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openLab } from "../lib/config/lab.ts";
import { REPO_ROOT } from "../lib/config/paths.ts";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { referenceOf } from "../lib/train/make-reference.ts";
import { trainGrpo } from "../lib/train/train.ts";
import { table } from "../lib/view/table.ts";
import { alarmRuns, referenceLabs } from "./bench/alarm-runs.ts";
import { alarmRows, alarmSummary, type Watched } from "./bench/alarm-table.ts";

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "40" },
    new: { type: "string" },
    reference: { type: "boolean" },
  },
});
const lab = openLab({ profile: "tiny" });
await (values.reference ? makeReference() : measure());

async function measure(): Promise<void> {
  const watched: Watched[] = [];
  let left = Number(values.new ?? Number.POSITIVE_INFINITY);
  for (const { prepare, ...what } of alarmRuns(Number(values.steps))) {
    if (left <= 0) break;
    const { lab: own, options } = prepare(lab);
    const started = Date.now();
    const run = await trainGrpo(own, { ...options, publish: false });
    if (!run.reused) left -= 1;
    const took = run.reused ? "kept" : `${Math.round((Date.now() - started) / 1000)} s`;
    console.log(`${what.name}: ${run.key}, ${took}`);
    watched.push({ ...what, run });
  }
  const rows = alarmRows(watched);
  const summary = alarmSummary(rows);
  console.log(`\n${table(rows, undefined, { caption: "Runs" }).text}`);
  console.log(`\n${table(summary, undefined, { caption: "The alarm" }).text}`);
  const result = { created: new Date().toISOString(), steps: Number(values.steps), summary, runs: rows };
  const path = join(lab.paths.reports, "bench_alarm.json");
  writeFileAtomic(path, `${JSON.stringify(result, null, 1)}\n`);
  console.log(`\n${path}`);
}

async function makeReference(): Promise<void> {
  const runs = [];
  for (const own of referenceLabs(lab)) {
    runs.push(await trainGrpo(own, { publish: false }));
    console.log(`seed ${own.config.seed}: ${runs.at(-1)!.key}`);
  }
  const path = join(REPO_ROOT, "lib", "train", "reference-tiny.json");
  writeFileAtomic(path, `${JSON.stringify(referenceOf(runs, new Date().toISOString().slice(0, 10)))}\n`);
  console.log(path);
}
