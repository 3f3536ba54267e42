import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { CHILD, lines, open, storeFolder, threeRows } from "../testing/store-fixture.ts";

const { fresh } = storeFolder();

describe("two writers", () => {
  test("the second process is refused by the id of the first; killed, its lock no longer holds", async () => {
    const path = fresh();
    const first = spawn("node", [CHILD, path, "1000", "50"], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((ready) => first.stdout.once("data", ready));
    expect(() => open(path)).toThrow(new RegExp(`Another process is writing[\\s\\S]*process ${first.pid}`));
    const second = spawnSync("node", [CHILD, join(dirname(path), "other.jsonl"), "1", "0"], {
      encoding: "utf8",
    });
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(`process ${first.pid}`);
    first.kill("SIGKILL");
    await new Promise((gone) => first.once("close", gone));
    const store = open(path);
    expect(store.report.staleLocks).toHaveLength(1);
    await store.close();
    expect(readdirSync(dirname(path))).toEqual(["rows.jsonl"]);
  });

  test("whoever finds the folder held is told at once: this process stands still for nobody", async () => {
    const path = fresh();
    const first = spawn("node", [CHILD, path, "1000", "50"], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((ready) => first.stdout.once("data", ready));
    // the lock is no longer one of somebody who claims the folder at this moment
    await new Promise((old) => setTimeout(old, 200));
    const wait = vi.spyOn(Atomics, "wait");
    try {
      expect(() => open(path)).toThrow("Another process is writing");
      expect(wait).not.toHaveBeenCalled();
    } finally {
      wait.mockRestore();
      first.kill("SIGKILL");
      await new Promise((gone) => first.once("close", gone));
    }
  });

  test("a lock whose process id now belongs to another process is stale", async () => {
    const path = fresh();
    await threeRows(path);
    const { hostname } = await import("node:os");
    const lock = join(dirname(path), `.writer-${hostname()}-1.lock`);
    writeFileSync(lock, JSON.stringify({ pid: 1, start: "long ago", host: hostname() }));
    const store = open(path);
    expect(store.report.staleLocks).toHaveLength(1);
    expect(existsSync(lock)).toBe(false);
    await store.close();
  });

  test("a lock of another container with this host's name counts as held", async () => {
    const path = fresh();
    await threeRows(path);
    const { hostname } = await import("node:os");
    const lock = join(dirname(path), `.writer-${hostname()}-7-1.lock`);
    writeFileSync(lock, JSON.stringify({ pid: 1, start: "long ago", host: hostname(), namespace: "7" }));
    expect(() => open(path)).toThrow(/process 1 in another container[^]*delete \.writer-.*-7-1\.lock/);
    rmSync(lock);
    await open(path).close();
  });

  test("one process opens two files of a folder, but no file twice", async () => {
    const path = fresh();
    const a = open(path);
    const b = open(join(dirname(path), "b.jsonl"));
    expect(() => open(path)).toThrow("open for writing already");
    await a.close();
    await b.append({ id: "1", text: "still locked" });
    expect(spawnSync("node", [CHILD, path, "1", "0"]).status).toBe(1);
    await b.close();
    expect(spawnSync("node", [CHILD, path, "1", "0"]).status).toBe(0);
  });

  test("eight processes that start together: exactly the rows of those that got in, each once", async () => {
    const path = fresh();
    const runs = await Promise.all(
      Array.from(
        { length: 8 },
        () =>
          new Promise<string>((resolve) => {
            const child = spawn("node", [CHILD, path, "30", "1"], { stdio: ["ignore", "pipe", "ignore"] });
            let out = "";
            child.stdout.on("data", (d) => (out += d));
            child.on("close", () => resolve(out));
          }),
      ),
    );
    const acknowledged = runs.flatMap((out) => out.split("\n").filter((l) => l.startsWith("row-")));
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(
      lines(path)
        .map((l) => JSON.parse(l).id)
        .sort(),
    ).toEqual(acknowledged.sort());
  }, 300_000);
});
