import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LabError } from "../errors.ts";
import { listRuns, readRun } from "./run.ts";
import { followRun } from "./follow.ts";
import { cancelRun, startRun } from "./start.ts";
import { runKey } from "./key.ts";
import { fakeSpec, fakeTrainer, temporaryWorkspace } from "../testing/run-fixture.ts";

const lab = temporaryWorkspace();
afterAll(() => lab.remove());

const run = async (name: string, ...options: string[]) => {
  const { key } = await startRun(lab, fakeSpec(name), { command: fakeTrainer(...options) });
  return await followRun(lab, key);
};

describe.concurrent("a run that ends well", () => {
  test("it is followed event by event to its end, and its metrics are columns", async () => {
    const { key } = await startRun(lab, fakeSpec("plain"), { command: fakeTrainer("--steps=6") });
    const seen: string[] = [];
    const shown: number[] = [];
    const done = await followRun(lab, key, {
      onEvent: (e) => seen.push(e.event),
      onProgress: (r) => shown.push(r.step),
      progressMs: 0,
    });
    expect(done).toMatchObject({
      status: "done",
      cause: null,
      step: 6,
      totalSteps: 6,
      stage: "sft",
      label: "plain",
    });
    expect(done.metrics.step).toEqual([1, 2, 3, 4, 5, 6]);
    expect(done.metrics.loss).toEqual([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6]);
    expect(done.metrics.learning_rate![0]).toBeNull();
    expect(seen).toEqual(["start", "step", "step", "step", "step", "checkpoint", "step", "step", "end"]);
    expect(shown.at(-1)).toBe(6);
    expect(existsSync(join(done.output, "adapter_model.safetensors"))).toBe(true);
    expect(readRun(lab, key)).toEqual(done);
  });

  test("an unchanged spec shows the finished run; force trains again and keeps the old folder", async () => {
    const first = await run("again");
    expect(await startRun(lab, fakeSpec("again"))).toEqual({ key: first.key, started: false });
    expect(await startRun(lab, fakeSpec("again"), { force: true, command: fakeTrainer() })).toEqual({
      key: first.key,
      started: true,
    });
    expect((await followRun(lab, first.key)).status).toBe("done");
    const kept = readdirSync(lab.paths.runs).filter((name) => name.startsWith(`${first.key}.old-`));
    expect(kept).toHaveLength(1);
    expect(readRun(lab, kept[0]!).metrics).toEqual(first.metrics);
  });

  test("of two starters at the same moment one starts and both follow the same process", async () => {
    const starts = await Promise.all(
      [1, 2, 3].map(() => startRun(lab, fakeSpec("together"), { command: fakeTrainer("--steps=20") })),
    );
    expect(starts.filter((s) => s.started)).toHaveLength(1);
    const runs = await Promise.all(starts.map(({ key }) => followRun(lab, key)));
    expect(
      runs.every((r) => r.status === "done" && r.events.filter((e) => e.event === "start").length === 1),
    ).toBe(true);
  });

  test("completions of GRPO are kept by step", async () => {
    const spec = fakeSpec("completions", { stage: "grpo" });
    const { key } = await startRun(lab, spec, { command: fakeTrainer("--steps=3") });
    const { samples } = await followRun(lab, key);
    expect(samples.map((s) => s.samples[0]!.completion)).toEqual(["step 1", "step 2", "step 3"]);
  });
});

describe.concurrent("a run that dies", () => {
  test(
    "killed at step 7 it is interrupted with the signal and its last words; started again it " +
      "resumes and ends as if nothing had been",
    async () => {
      const died = await run("killed", "--crash-at=7", "--torn");
      expect(died).toMatchObject({ status: "interrupted", step: 6, cause: { code: "process_died" } });
      expect(died.cause!.message).toContain("SIGKILL");
      expect(died.cause!.message).toContain("CUDA error at step 7");
      expect(died.cause!.message).not.toContain("\u001b");

      const left = join(lab.paths.runs, died.key, "failure-1.json"); // another process of it had failed
      writeFileSync(left, '["out_of_memory", "then"]');
      const resumed = await run("killed", "--crash-at=7", "--torn");
      expect(existsSync(left)).toBe(false);
      expect(resumed).toMatchObject({ status: "done", cause: null, step: 10 });
      expect(resumed.start!.step).toBe(4); // the newest complete checkpoint
      expect(resumed.warnings).toEqual([]); // the torn line was cut, not grown into
      expect(resumed.metrics).toEqual((await run("never killed")).metrics);
    },
  );

  test("an attempt that failed by name says so; resumed, it is not failed while it works", async () => {
    const failed = await run("failed", "--fail-at=6");
    expect(failed).toMatchObject({
      status: "failed",
      cause: { code: "non_finite_gradient", message: "grad_norm is nan at step 6" },
    });
    await startRun(lab, fakeSpec("failed"), { command: fakeTrainer("--step-ms=40") });
    const now = readRun(lab, failed.key);
    expect(now).toMatchObject({ status: "running", cause: null });
    expect((await followRun(lab, failed.key)).status).toBe("done");
  });

  test("a trainer that dies while it imports shows its traceback, of the newest attempt alone", async () => {
    const first = await run("import", "--die-at-import");
    expect(first).toMatchObject({ status: "interrupted", step: 0, totalSteps: 0 });
    expect(first.cause!.message).toContain("exited with status 1");
    expect(first.cause!.message).toContain("No module named 'trl'");
    const second = await run("import", "--die-at-import");
    expect(second.cause!.message.match(/No module named/g)).toHaveLength(1);
  });

  test("a program that does not exist is an error at once; the run can be started afterwards", async () => {
    await expect(startRun(lab, fakeSpec("absent"), { command: ["/nowhere/python"] })).rejects.toThrow(
      "could not be started",
    );
    expect(readRun(lab, runKey(fakeSpec("absent")))).toMatchObject({
      status: "interrupted",
      cause: { code: "not_started" },
    });
    expect((await run("absent")).status).toBe("done");
  });

  test("another process with the same pid is not taken for the trainer", async () => {
    const died = await run("recycled", "--crash-at=2");
    const path = join(died.folder, "pid.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), pid: process.pid }));
    expect(readRun(lab, died.key).status).toBe("interrupted");
    expect(await cancelRun(lab, died.key)).toBe(false); // or this test would end here
  });
});

describe.concurrent("what is on disk", () => {
  test("a corrupt event in the middle is shown as a warning and costs no other event", async () => {
    const done = await run("corrupt");
    const path = join(done.folder, "events.jsonl");
    const lines = readFileSync(path, "utf8").split("\n");
    lines.splice(
      3,
      0,
      '{"event":"step","step":"three"}',
      "\u0000\u0000",
      '{"event":"step","time":1,"step":2,"metrics":{"loss":NaN}}',
    );
    writeFileSync(path, lines.join("\n"));
    const read = readRun(lab, done.key);
    expect(read.metrics).toEqual(done.metrics);
    expect(read.warnings.map((w) => w.code)).toEqual([
      "unreadable_event",
      "unreadable_event",
      "unreadable_event",
    ]);
  });

  test("runs are listed newest first; a damaged one is listed with the reason", async () => {
    const a = await run("list a");
    const b = await run("list b");
    expect(
      listRuns(lab)
        .filter((r) => r.label.startsWith("list"))
        .map((r) => r.key),
    ).toEqual([b.key, a.key]);
    writeFileSync(join(a.folder, "run.json"), '{"key":');
    expect(listRuns(lab).find((r) => r.key === a.key)).toMatchObject({ status: "unreadable" });
    expect(listRuns(lab).find((r) => r.key === a.key)!.cause!.message).toContain("not JSON");
    rmSync(a.folder, { recursive: true });
  });

  test("a run that another version wrote is kept aside and trained anew, not an error", async () => {
    // it has written its end and is still there
    const old = await run("of an old version", "--steps=2", "--linger-ms=500");
    const file = JSON.parse(readFileSync(join(old.folder, "run.json"), "utf8")) as {
      config: Record<string, unknown>;
    };
    delete file.config.gpu;
    writeFileSync(join(old.folder, "run.json"), JSON.stringify(file));
    expect(() => readRun(lab, old.key)).toThrow("another version");
    const fresh = await run("of an old version");
    expect(fresh).toMatchObject({ key: old.key, status: "done" });
    expect(readdirSync(lab.paths.runs).filter((name) => name.startsWith(`${old.key}.old-`))).toHaveLength(1);
  });

  test("a key that would leave the runs' folder is refused, and an unknown one is named", () => {
    expect(() => readRun(lab, "../../etc")).toThrow(LabError);
    expect(() => readRun(lab, "-rf")).toThrow("plain name");
    expect(() => readRun(lab, "sft-000000000000")).toThrow("no such run");
  });

  test("events that arrive in pieces, within a character, are read once each", async () => {
    const done = await run("pieces", "--steps=1");
    const path = join(done.folder, "events.jsonl");
    rmSync(path);
    const line = Buffer.from(
      `${JSON.stringify({ event: "warning", time: 1, code: "x", message: "减值" })}\n`,
    );
    const { EventTail } = await import("./events.ts");
    const tail = new EventTail(path);
    const read: unknown[] = [];
    for (const byte of Buffer.concat([line, line])) {
      appendFileSync(path, Buffer.from([byte]));
      read.push(...tail.read());
    }
    expect(read).toMatchObject([
      { offset: 0, event: { message: "减值" } },
      { offset: line.length, event: { message: "减值" } },
    ]);
  });
});
