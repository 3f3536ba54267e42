import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { identify, isAlive, waitForExit } from "../store/process.ts";
import { readRun } from "./run.ts";
import type { Run } from "./run.ts";
import { followRun } from "./follow.ts";
import { cancelRun, startRun } from "./start.ts";
import { fakeSpec, fakeTrainer, temporaryWorkspace } from "../testing/run-fixture.ts";

const lab = temporaryWorkspace();
afterAll(() => lab.remove());

const pidOf = ({ folder }: Pick<Run, "folder">) =>
  JSON.parse(readFileSync(join(folder, "pid.json"), "utf8")).pid as number;
const href = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
/** A script in a process of its own, leader of its group: its first line, and how it ended. */
const nodeEval = (script: string) => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  const line = new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (text) => resolve(String(text).trim()));
    child.once("close", () => reject(new Error(`no line: ${stderr}`)));
  });
  const ended = new Promise<{ status: number | null; stderr: string }>((resolve) =>
    child.once("close", (status) => resolve({ status, stderr })),
  );
  return { pid: child.pid!, line, ended };
};
const until = async (condition: () => boolean) => {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((wake) => setTimeout(wake, 10));
  expect(condition()).toBe(true);
};

describe.concurrent("several kernels", () => {
  test("of three processes that start one run at once, one starts it and all follow it", async () => {
    const script = `
      import { startRun } from ${href("./start.ts")};
      import { followRun } from ${href("./follow.ts")};
      import { fakeSpec, fakeTrainer } from ${href("../testing/run-fixture.ts")};
      import { workspacePaths } from ${href("../config/paths.ts")};
      const lab = { paths: workspacePaths(${JSON.stringify(lab.root)}) };
      const command = fakeTrainer("--steps=40", "--step-ms=20");
      const { key, started } = await startRun(lab, fakeSpec("kernels"), { command });
      const run = await followRun(lab, key);
      const starts = run.events.filter((e) => e.event === "start").length;
      console.log(JSON.stringify({ started, status: run.status, starts }));`;
    const said = await Promise.all([1, 2, 3].map(() => nodeEval(script).line));
    const runs = said.map((line) => JSON.parse(line));
    expect(runs.filter((r) => r.started)).toHaveLength(1);
    expect(runs.map((r) => [r.status, r.starts])).toEqual([
      ["done", 1],
      ["done", 1],
      ["done", 1],
    ]);
  });

  test("an interrupt from the keyboard stops the watcher, which says that the run goes on", async () => {
    const { key } = await startRun(lab, fakeSpec("interrupted"), {
      command: fakeTrainer("--steps=10000", "--step-ms=20"),
    });
    const watcher = nodeEval(`
      import { followRun } from ${href("./follow.ts")};
      import { workspacePaths } from ${href("../config/paths.ts")};
      const onEvent = ({ event }) => event === "start" && console.log("watching");
      const lab = { paths: workspacePaths(${JSON.stringify(lab.root)}) };
      await followRun(lab, "${key}", { onEvent }).catch((error) => {
        console.error("rejected:", error.name);
        process.exitCode = 3;
      });`);
    await watcher.line;
    process.kill(watcher.pid, "SIGINT");
    const { status, stderr } = await watcher.ended;
    expect(stderr).toContain(`Stopped watching run ${key}; it goes on`);
    expect(stderr).toContain("rejected: LabError");
    expect(status).toBe(3);
    expect(readRun(lab, key).status).toBe("running");
    await cancelRun(lab, key);
  });
});

describe.concurrent("watching", () => {
  test(
    "an interrupted cell stops watching and says that the run goes on; the next cell attaches to " +
      "the same process",
    async () => {
      const spec = fakeSpec("watched");
      const { key } = await startRun(lab, spec, { command: fakeTrainer("--steps=60", "--step-ms=40") });
      const pid = pidOf(readRun(lab, key));
      const cell = new AbortController();
      setTimeout(() => cell.abort(), 100);
      await expect(followRun(lab, key, { signal: cell.signal })).rejects.toThrow(`run ${key}; it goes on`);
      expect(identify(pid)).not.toBeNull();
      expect(await startRun(lab, spec)).toEqual({ key, started: false });
      const done = await followRun(lab, key);
      expect(done).toMatchObject({ status: "done", step: 60 });
      expect(pidOf(done)).toBe(pid);
    },
  );

  test("progress is told at once, before the trainer has said anything, and then of its steps", async () => {
    const { key } = await startRun(lab, fakeSpec("at once"), {
      command: fakeTrainer("--steps=5", "--step-ms=20"),
    });
    const told: Run[] = [];
    await followRun(lab, key, { onProgress: (run) => told.push(run), progressMs: 10 });
    expect(told[0]).toMatchObject({ status: "running", start: null, step: 0, totalSteps: 0 });
    expect(Date.parse(told[0]!.created)).toBeLessThanOrEqual(Date.now());
    expect(told.at(-1)).toMatchObject({ status: "done", step: 5, totalSteps: 5 });
  });

  test("a run outlives the SIGKILL of its starter, and another process follows it to the end", async () => {
    const kernel = nodeEval(`
      import { startRun } from ${href("./start.ts")};
      import { fakeSpec, fakeTrainer } from ${href("../testing/run-fixture.ts")};
      import { workspacePaths } from ${href("../config/paths.ts")};
      const lab = { paths: workspacePaths(${JSON.stringify(lab.root)}) };
      const command = fakeTrainer("--steps=100", "--step-ms=40");
      const { key } = await startRun(lab, fakeSpec("outlives"), { command });
      console.log(key);
      setTimeout(() => {}, 60000);`);
    const key = await kernel.line;
    process.kill(-kernel.pid, "SIGKILL"); // the whole group of the kernel
    await kernel.ended;
    expect(readRun(lab, key).status).toBe("running");
    expect(await followRun(lab, key)).toMatchObject({ status: "done", step: 100 });
  });

  test("cancelling ends the trainer and its children, notes the cause; the run can be resumed", async () => {
    const { key } = await startRun(lab, fakeSpec("cancelled"), {
      command: fakeTrainer("--steps=1000", "--step-ms=10", "--child"),
    });
    const { folder } = readRun(lab, key);
    await until(() => existsSync(join(folder, "child")) && readRun(lab, key).step > 5);
    const child = identify(Number(readFileSync(join(folder, "child"), "utf8")))!;
    const watcher = followRun(lab, key);
    expect(await cancelRun(lab, key)).toBe(true);
    expect((await watcher).status).not.toBe("running");
    expect(readRun(lab, key)).toMatchObject({ status: "cancelled", cause: { code: "cancelled" } });
    expect(await waitForExit(child, 2000)).toBe(true);
    expect(isAlive(child)).toBe(false);
    expect(await cancelRun(lab, key)).toBe(false);
    await startRun(lab, fakeSpec("cancelled"), { command: fakeTrainer("--steps=20") });
    expect(await followRun(lab, key)).toMatchObject({ status: "done", cause: null, step: 20 });
  });
});

test("what a run warns of stands on the console, also when it is shown again", async () => {
  const printed: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  try {
    const { key } = await startRun(lab, fakeSpec("warned"), {
      command: fakeTrainer("--steps=2", "--warn=half the rows"),
    });
    for (let times = 1; times <= 2; times++) {
      const { label } = await followRun(lab, key);
      expect(printed).toEqual(Array.from({ length: times }, () => `${label}: half the rows`));
    }
  } finally {
    log.mockRestore();
  }
});
