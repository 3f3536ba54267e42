import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeOrigin } from "../../lib/model/adapter.ts";
import { openLab } from "../../lib/config/lab.ts";
import type { Lab } from "../../lib/config/lab.ts";
import { finishJsonl } from "../../lib/store/manifest.ts";
import { temporaryWorkspace } from "../../lib/testing/run-fixture.ts";
import type { TemporaryWorkspace } from "../../lib/testing/run-fixture.ts";
import { familyOf, watchMemory } from "./memory.ts";
import { benchRows, notebookRows } from "./requirements.ts";
import { recordFile } from "./results.ts";
import type { Measured } from "./results.ts";

let workspace: TemporaryWorkspace;
let lab: Lab;
beforeEach(() => {
  workspace = temporaryWorkspace();
  lab = openLab({}, { FTMODEL_WORKSPACE: workspace.root });
});
afterEach(() => workspace.remove());

const noClient: Measured = { value: null, how: "left out" };
const rowOf = (what: string, client = noClient) => benchRows(lab, client).find((row) => row.what === what)!;
function put(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(value));
}
const noon = Date.parse("2026-01-02T12:00:00Z") / 1000;
const at = (second: number): string => new Date((noon + second) * 1000).toISOString();

/**
 * A finished run: made at `created`, its start event and steps at these seconds, its end at the last of them.
 */
function putRun(key: string, created: number, times: number[], published?: string): void {
  const runDir = join(lab.paths.runs, key);
  const base = { path: "/base", revision: "main", sha256: "0" };
  put(join(runDir, "run.json"), {
    key,
    stage: key.split("-")[0],
    label: key,
    config: lab.config,
    inputs: {},
    models: { base, adapter: null },
    reward: null,
    output: join(runDir, "adapter"),
    runDir,
    created: at(created),
  });
  const [start, ...steps] = times;
  const events = [
    {
      event: "start",
      time: noon + start!,
      step: 0,
      totalSteps: steps.length,
      device: "cpu",
      trainableParameters: 1,
      totalParameters: 2,
      versions: {},
    },
    ...steps.map((time, i) => ({ event: "step", time: noon + time, step: i + 1, metrics: { loss: 1 } })),
    {
      event: "end",
      time: noon + times.at(-1)!,
      status: "done",
      cause: null,
      message: null,
      step: steps.length,
    },
  ];
  writeFileSync(join(runDir, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  if (published === undefined) return;
  mkdirSync(published, { recursive: true });
  writeOrigin(published, { run: key, base: "0", adapter: null });
}

describe("the bench's table", () => {
  test("an empty workspace has no measurement, and no goal is met or missed", () => {
    const rows = benchRows(lab, noClient);
    expect(rows.map((row) => row.measured)).toEqual(rows.map(() => "–"));
    expect(rows.every((row) => row.met === null)).toBe(true);
    expect(notebookRows(lab)).toEqual([]);
  });

  test("what only the run of the pipeline knows comes from its record, and misses are told", () => {
    const notebooks = { "01": { finished: at(0), seconds: 9 }, "02": { finished: at(70), seconds: 70 } };
    put(recordFile(lab), {
      created: at(0),
      totalSeconds: 960,
      peakBytes: 8.5e9,
      notebooks,
      againSeconds: 4,
      overhead: { "01": { finished: at(0), seconds: 8 }, "02": { finished: at(0), seconds: 15 } },
    });
    expect(rowOf("npm start, everything installed")).toMatchObject({ measured: "16.0 min", met: false });
    expect(rowOf("npm start, nothing changed")).toMatchObject({ measured: "4.0 s", met: true });
    expect(rowOf("peak memory of all processes")).toMatchObject({ measured: "8.50 GB", met: false });
    expect(rowOf("a notebook's own overhead")).toMatchObject({
      measured: "15.0 s",
      met: true,
      how: expect.stringContaining("notebook 02"),
    });
    expect(notebookRows(lab)).toEqual([
      { notebook: "01", seconds: 9, "without model work (s)": 8 },
      { notebook: "02", seconds: 70, "without model work (s)": 15 },
    ]);
  });

  test("without a record the times of the executed notebooks are summed, and said to be that", () => {
    put(join(lab.paths.reports, "notebooks", "executed.json"), {
      "01": { key: "k", finished: at(0), seconds: 100, wrote: {} },
      "02": { key: "k", finished: at(9), seconds: 60, wrote: {} },
    });
    expect(rowOf("npm start, everything installed")).toMatchObject({
      measured: "160.0 s",
      met: true,
      how: expect.stringContaining("sum over 2 notebooks"),
    });
  });

  test("distilling is scaled to 600 from the texts asked for, not from those found on disk", () => {
    finishJsonl(lab.paths.distilled, [{ id: "a" }], { texts: "of this file" });
    const history = [
      { seconds: 0, done: 100, tokensPerSecond: null },
      { seconds: 45, done: 400, tokensPerSecond: 900 },
    ];
    const curve = {
      total: 400,
      done: 400,
      failed: 0,
      resumed: 100,
      tokensPerSecond: 900,
      etaSeconds: 0,
      failures: {},
      history,
    };
    put(join(lab.paths.reports, "distill_curve.json"), { texts: "of this file", curve });
    expect(rowOf("distilling 600 questions")).toMatchObject({
      measured: "90.0 s",
      met: true,
      how: expect.stringContaining("300 texts in 45.0 s"),
    });
    put(join(lab.paths.reports, "distill_curve.json"), { texts: "of another file", curve });
    expect(rowOf("distilling 600 questions").met).toBeNull();
  });

  test("a training counts from its run file to its end, for the run whose adapter is published", () => {
    putRun("sft-1", 0, [20, 30, 61], lab.paths.sftLora);
    putRun("grpo-2", 100, [110, 120, 280], lab.paths.grpoLora);
    expect(rowOf("SFT")).toMatchObject({
      measured: "61.0 s",
      met: false,
      how: "2 steps; 41.0 s of it between its events start and end",
    });
    expect(rowOf("GRPO after SFT")).toMatchObject({ measured: "3.0 min", met: true });
    expect(rowOf("GRPO without SFT")).toMatchObject({ met: null, how: "not trained here" });
  });

  test("the first live point is the first step of several within notebook 05", () => {
    put(join(lab.paths.reports, "notebooks", "executed.json"), {
      "05": { key: "k", finished: at(200), seconds: 100, wrote: {} },
    });
    putRun("grpo-1", 10, [20, 30, 40]); // before the notebook
    putRun("grpo-2", 101, [105, 106]); // a single step
    putRun("grpo-3", 110, [120, 129, 150]);
    expect(rowOf("notebook 05's first live point")).toMatchObject({ measured: "29.0 s", met: true });
  });

  test("the client's rate is met from 90 % on", () => {
    const what = "client against a bare load generator";
    expect(rowOf(what, { value: 0.9, how: "" })).toMatchObject({ measured: "90.0 %", met: true });
    expect(rowOf(what, { value: 0.899, how: "" })).toMatchObject({ met: false });
  });
});

describe("memory of a process tree", () => {
  test("an orphan stays in the family, a reused pid does not", () => {
    const processes = [
      { pid: 10, parent: 1, start: "a" },
      { pid: 11, parent: 10, start: "b" },
      { pid: 12, parent: 11, start: "c" },
      { pid: 20, parent: 1, start: "d" },
      { pid: 21, parent: 20, start: "e" },
      { pid: 30, parent: 1, start: "new" },
    ];
    const known = new Map([
      [20, "d"],
      [30, "old"],
    ]);
    expect(
      familyOf(10, processes, known)
        .map((row) => row.pid)
        .sort(),
    ).toEqual([10, 11, 12, 20, 21]);
    expect(familyOf(99, processes)).toEqual([]);
  });

  test.skipIf(process.platform !== "linux")(
    "the peak holds what a grandchild held in a session of its own after its parent ended",
    async () => {
      const hold = `globalThis.held = Buffer.alloc(150e6, 1); setTimeout(() => undefined, 1000)`;
      const detach =
        `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(hold)}], { ` +
        `detached: true, stdio: "ignore" }).unref(); setTimeout(() => undefined, 300)`;
      const child = spawn(process.execPath, [
        "-e",
        `const c = require("node:child_process").spawn(process.execPath, ["-e", ` +
          `${JSON.stringify(detach)}]); setTimeout(() => undefined, 1500)`,
      ]);
      const memory = watchMemory(child.pid!, 50);
      await new Promise((ended) => child.once("exit", ended));
      expect(memory.stop()).toBeGreaterThan(150e6);
      expect(memory.stop()).toBeLessThan(2e9);
    },
  );
});
