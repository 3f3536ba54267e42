/**
 * How often the alarm of notebook 05 is false, and how soon it calls a hack: sound runs of several seeds and
 * learning rates, and four rewards that pay for the wrong thing.
 *
 *     npm run bench:alarm                  all runs: 28 of 40 steps, some three minutes each on two cores
 *     npm run bench:alarm -- --new 1       train at most one run more, then report what there is
 *     npm run bench:alarm -- --steps 60
 */
import { parseArgs } from "node:util";
import { openLab } from "../lib/config/lab.ts";
import { trainGrpo } from "../lib/train/train.ts";
import { alarmRuns } from "./bench/alarm-runs.ts";

const { values } = parseArgs({
  options: { steps: { type: "string", default: "40" }, new: { type: "string" } },
});
const lab = openLab({ profile: "tiny" });
let left = Number(values.new ?? Infinity);
for (const { name, prepare } of alarmRuns(Number(values.steps))) {
  if (left <= 0) break;
  const { lab: own, options } = prepare(lab);
  const started = Date.now();
  const run = await trainGrpo(own, { ...options, publish: false });
  if (!run.reused) left -= 1;
  console.log(`${name}: ${run.key} ${run.reused ? "kept" : `${(Date.now() - started) / 1000} s`}`);
}
