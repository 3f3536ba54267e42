/** A merge without a model, for tests: copies the base and reports full parity on every test question. */
import { appendFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const run = JSON.parse(readFileSync(process.argv.at(-1)!, "utf8"));
const emit = (event: Record<string, unknown>) => appendFileSync(join(run.runDir, "events.jsonl"), `${JSON.stringify({ time: Date.now() / 1000, ...event })}\n`);
const prompts = Math.min(run.inputs.parity.rows, run.config.deploy.parityPrompts);

emit({ event: "start", step: 0, totalSteps: 1, device: "cpu", trainableParameters: 0, totalParameters: 64, versions: {} });
cpSync(run.models.base.path, run.output, { recursive: true });
writeFileSync(join(run.output, "merged.json"), JSON.stringify({ adapter: run.models.adapter.sha256 })); // another adapter, another model
emit({ event: "step", step: 1, metrics: { parityPrompts: prompts, parityAgree: prompts } });
emit({ event: "end", status: "done", cause: null, message: null, step: 1 });
