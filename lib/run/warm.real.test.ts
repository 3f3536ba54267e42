import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test, vi } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { readOrigin } from "../model/adapter.ts";
import { randomModel } from "../testing/random-model.ts";
import { processStart } from "../store/process.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import { trainSft } from "../train/train.ts";
import type { Run } from "./run.ts";
import { isWarm, warmUp } from "./warm.ts";

const workspace = temporaryWorkspace();
afterAll(async () => {
  delete process.env.FTMODEL_WARM;
  await workspace.remove();
});

/** Of the run's process, as Linux tells it: who started it, and by which script it began. */
function startedBy({ folder }: Run): { parent: number; script: string } {
  const { pid } = JSON.parse(readFileSync(join(folder, "pid.json"), "utf8")) as { pid: number };
  const [, parent] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  const [, script] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  return { parent: Number(parent), script: basename(script!) };
}

test.skipIf(process.platform !== "linux")(
  "a training is done by the Python that still loads, the next is forked from its copy, and all learn alike",
  { timeout: 500_000 },
  async () => {
    const { paths, root } = workspace;
    const config = structuredClone(PROFILES.tiny);
    config.models.base = randomModel(join(root, "base"));
    Object.assign(config.sft, { epochs: 2, batchSize: 3, maxLength: 200 });
    const rows = Array.from({ length: 12 }, (_, n) => ({
      ...{ id: `q${n}`, prompt: `2 * ${n}?`, type: "financial_calculation" },
      response: `<think>\n2 * ${n}\n</think>\n<answer>\n${2 * n}\n</answer>`,
    }));
    mkdirSync(dirname(paths.sft), { recursive: true });
    writeFileSync(paths.sft, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const train = async () => {
      const started: ReturnType<typeof startedBy>[] = [];
      const onProgress = (run: Run): void => {
        if (run.status === "running") started.push(startedBy(run));
      };
      const run = await trainSft({ config, paths, force: true }, { onProgress, progressMs: 0 });
      const exit = () => JSON.parse(readFileSync(join(run.folder, "exit.json"), "utf8"));
      await vi.waitFor(() => expect(exit()).toMatchObject({ code: 0, signal: null }), 30_000);
      expect(readFileSync(join(run.folder, "log.txt"), "utf8")).not.toContain("Traceback");
      return { run, weights: readOrigin(run.output)!.adapter, ...started[0]! };
    };
    const cold = await train();
    expect(cold).toMatchObject({ parent: process.pid, script: "sft.py" });

    process.env.FTMODEL_WARM = "1";
    warmUp(0);
    await new Promise((wake) => setTimeout(wake, 500)); // a cell before it
    expect(isWarm()).toBe(false);
    const loading = await train();
    expect(loading).toMatchObject({ parent: process.pid, script: "warm.py" });

    expect(isWarm()).toBe(true);
    const forked = await train();
    expect(forked.script).toBe("warm.py");
    expect(forked.parent).not.toBe(process.pid);

    for (const { run, weights } of [loading, forked]) {
      expect(run.key).toBe(cold.run.key);
      expect(weights).toBe(cold.weights);
      for (const name of ["loss", "grad_norm", "entropy"])
        expect(run.metrics[name]).toEqual(cold.run.metrics[name]);
    }
    const startOf = ({ events, created }: Run) => events[0]!.time - Date.parse(created) / 1000;
    const [a, b, c] = [cold, loading, forked].map(({ run }) => startOf(run).toFixed(1));
    console.log(`first event after ${a} s cold, ${b} s while it loads, ${c} s warm`);
  },
);

test.skipIf(process.platform !== "linux")("one that still loads ends with its kernel", async () => {
  const script = `
    import { readFileSync } from "node:fs";
    import { warmUp } from ${JSON.stringify(join(import.meta.dirname, "warm.ts"))};
    warmUp(0);
    await new Promise((wake) => setTimeout(wake, 500));
    console.log(readFileSync("/proc/self/task/" + process.pid + "/children", "utf8"));
    process.exit();`;
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    env: { ...process.env, FTMODEL_WARM: "1" },
  });
  const [pid] = (await run).stdout.trim().split(" ").map(Number);
  await vi.waitFor(() => expect(processStart(pid!)).toBeNull(), 1000); // loading takes seconds
});
