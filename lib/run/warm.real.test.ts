import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { randomModel } from "../testing/random-model.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import { trainSft } from "../train/train.ts";
import type { Run } from "./run.ts";
import { isWarm } from "./warm.ts";

const workspace = temporaryWorkspace();
afterAll(async () => {
  delete process.env.FTMODEL_WARM;
  await workspace.remove();
});

/** Of the run's process, as Linux tells it. */
function parentOf({ folder }: Run): number {
  const { pid } = JSON.parse(readFileSync(join(folder, "pid.json"), "utf8")) as { pid: number };
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
}

test.skipIf(process.platform !== "linux")(
  "after a pause the next training is forked from a Python that has loaded torch, and learns the same",
  { timeout: 500_000 },
  async () => {
    process.env.FTMODEL_WARM = "1";
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
      const parents: number[] = [];
      const onProgress = (run: Run): void => {
        if (run.status === "running") parents.push(parentOf(run));
      };
      const run = await trainSft({ config, paths, force: true }, { onProgress, progressMs: 0 });
      return { run, parent: parents[0]! };
    };
    const cold = await train();
    expect(cold.parent).toBe(process.pid);
    while (!isWarm()) await new Promise((wake) => setTimeout(wake, 200));
    const warm = await train();
    expect(warm.parent).not.toBe(process.pid);
    expect(warm.run.key).toBe(cold.run.key);
    for (const name of ["loss", "grad_norm", "entropy"])
      expect(warm.run.metrics[name]).toEqual(cold.run.metrics[name]);
    const startOf = ({ events, created }: Run) => events[0]!.time - Date.parse(created) / 1000;
    console.log(
      `first event after ${startOf(cold.run).toFixed(1)} s cold, ${startOf(warm.run).toFixed(1)} s warm`,
    );
    const exit = () => JSON.parse(readFileSync(join(warm.run.folder, "exit.json"), "utf8"));
    await vi.waitFor(() => expect(exit()).toMatchObject({ code: 0, signal: null }), 30_000);
    expect(readFileSync(join(warm.run.folder, "log.txt"), "utf8")).not.toContain("Traceback");
  },
);
