/**
 * A trainer without a model, for tests of the run machinery: a real process that writes events, saves
 * checkpoints, resumes from the newest complete one, and misbehaves on request.
 *
 *   node fake-trainer.ts [--steps=N] [--step-ms=N] [--save-every=N] [--crash-at=N] [--fail-at=N]
 *                        [--cause=code] [--torn] [--child] [--warn=message] [--linger-ms=N] run.json
 *
 * Misbehaviour happens in the first attempt only. The loss is a function of the step, so a resumed run can be
 * compared.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fakeAdapter } from "./model-fixture.ts";

const options = new Map(
  process.argv.slice(2, -1).map((a) => a.replace(/^--/, "").split("=") as [string, string | undefined]),
);
const number = (name: string, otherwise: number) => Number(options.get(name) ?? otherwise);
const run = JSON.parse(readFileSync(process.argv.at(-1)!, "utf8"));
const events = join(run.runDir, "events.jsonl");
const checkpoints = join(run.runDir, "checkpoints");
const steps = number("steps", 10);

const emit = (event: Record<string, unknown>) =>
  appendFileSync(events, `${JSON.stringify({ time: Date.now() / 1000, ...event })}\n`);
const saved = existsSync(checkpoints)
  ? readdirSync(checkpoints).filter((name) => existsSync(join(checkpoints, name, "complete")))
  : [];
const resumed = Math.max(0, ...saved.map((name) => Number(name.split("-")[1])));
const firstAttempt = !existsSync(join(run.runDir, "attempted"));
writeFileSync(join(run.runDir, "attempted"), "");
const asked = (name: string) => (firstAttempt ? number(name, -1) : -1);

if (options.has("die-at-import")) {
  console.error("Traceback (most recent call last):\nModuleNotFoundError: No module named 'trl'");
  process.exit(1);
}
if (options.has("child"))
  spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { stdio: "ignore" }).on(
    "spawn",
    function (this: { pid: number }) {
      writeFileSync(join(run.runDir, "child"), String(this.pid));
    },
  );

emit({
  event: "start",
  step: resumed,
  totalSteps: steps,
  device: "cpu",
  trainableParameters: 10,
  totalParameters: 100,
  versions: { node: process.version },
});
if (options.has("warn")) emit({ event: "warning", code: "told", message: options.get("warn") });
for (let step = resumed + 1; step <= steps; step++) {
  await new Promise((wake) => setTimeout(wake, number("step-ms", 5)));
  if (step === asked("crash-at")) {
    if (options.has("torn")) appendFileSync(events, '{"event":"step","time":1,"st');
    console.error(`\u001b[31mCUDA error\u001b[0m at step ${step}`);
    process.kill(process.pid, "SIGKILL");
    await new Promise(() => setTimeout(() => undefined, 1000));
  }
  if (step === asked("fail-at")) {
    emit({
      event: "end",
      status: "failed",
      cause: options.get("cause") ?? "non_finite_gradient",
      message: `grad_norm is nan at step ${step}`,
      step,
    });
    process.exit(1);
  }
  emit({ event: "step", step, metrics: { loss: 1 / step, learning_rate: step === 1 ? null : 0.1 } });
  if (run.stage === "grpo")
    emit({
      event: "samples",
      step,
      samples: [
        {
          id: "q",
          group: 0,
          completion: `step ${step}`,
          rewards: { format: 1 },
          reward: 1,
          advantage: 0,
          tokens: 3,
        },
      ],
    });
  if (step % number("save-every", 4) === 0) {
    const path = join(checkpoints, `checkpoint-${step}`);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "complete"), "");
    emit({ event: "checkpoint", step, path });
  }
}
fakeAdapter(run.output, run.models.base.path);
const configFile = join(run.output, "adapter_config.json");
// other weights, in another run
writeFileSync(configFile, JSON.stringify({ ...JSON.parse(readFileSync(configFile, "utf8")), run: run.key }));
emit({ event: "end", status: "done", cause: null, message: null, step: steps });
await new Promise((wake) => setTimeout(wake, number("linger-ms", 0)));
process.exit(0);
