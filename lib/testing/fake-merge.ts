/**
 * A merge without a model, for tests: copies the base and reports a parity of `--same=SHARE` (default 1) on
 * every test question.
 */
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const run = JSON.parse(readFileSync(process.argv.at(-1)!, "utf8"));
const emit = (event: Record<string, unknown>) =>
  appendFileSync(
    join(run.runDir, "events.jsonl"),
    `${JSON.stringify({ time: Date.now() / 1000, ...event })}\n`,
  );
const prompts = Math.min(run.inputs.parity.rows, run.config.deploy.parityPrompts);

emit({
  event: "start",
  step: 0,
  totalSteps: 1,
  device: "cpu",
  trainableParameters: 0,
  totalParameters: 64,
  versions: {},
});
cpSync(run.models.base.path, run.output, { recursive: true });
// another adapter, another model
writeFileSync(join(run.output, "merged.json"), JSON.stringify({ adapter: run.models.adapter.sha256 }));
const same = Number(process.argv.find((argument) => argument.startsWith("--same="))?.slice(7) ?? 1);
const differences = { meanLogprobDifference: 0.01, maxLogprobDifference: 0.1 };
const agree = { parityAgree: Math.floor(same * prompts), parityTopTokens: same };
emit({
  event: "step",
  step: 1,
  metrics: { parityPrompts: prompts, parityTokens: 50 * prompts, ...agree, ...differences, paritySeconds: 1 },
});
const done = same >= run.config.deploy.parityTopTokens;
if (!done) rmSync(run.output, { recursive: true });
const [cause, message] = done ? [null, null] : ["parity", `${same} of the tokens`];
emit({ event: "end", status: done ? "done" : "failed", cause, message, step: 1 });
