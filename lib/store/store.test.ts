import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { CHILD, lines, open, storeFolder } from "../testing/store-fixture.ts";

const { root, fresh } = storeFolder();

describe("openStore", () => {
  test("what was appended is there again, the last version of a key in the place of the first", async () => {
    const path = fresh();
    let store = open(path);
    await store.append({ id: "a", text: "1" }, { id: "b", text: "2" });
    await store.append({ id: "a", text: "3" });
    expect(store.rows()).toEqual([
      { id: "a", text: "3" },
      { id: "b", text: "2" },
    ]);
    await store.close();
    store = open(path);
    expect(store.rows()).toEqual([
      { id: "a", text: "3" },
      { id: "b", text: "2" },
    ]);
    expect(store.report).toMatchObject({ rows: 2, superseded: 1, tornBytes: 0, setAside: [], message: null });
    await store.close();
  });

  test("a thousand rows appended at once are all acknowledged and all there", async () => {
    const path = fresh();
    const store = open(path);
    await Promise.all(Array.from({ length: 1000 }, (_, i) => store.append({ id: `${i}`, text: "x" })));
    await store.close();
    expect(lines(path)).toHaveLength(1000);
    expect(new Set(lines(path).map((l) => JSON.parse(l).id)).size).toBe(1000);
  });

  test("a row that does not fit the schema is refused by field and nothing is written", async () => {
    const path = fresh();
    const store = open(path);
    await expect(store.append({ id: "a", text: 5 as unknown as string })).rejects.toThrow(
      /field text[\s\S]*expected: a text[\s\S]*found: +5/,
    );
    await store.close();
    expect(statSync(path).size).toBe(0);
    await expect(store.append({ id: "a", text: "" })).rejects.toThrow("open store");
  });

  test("a row of one megabyte, newlines and lone surrogates included, comes back as it went in", async () => {
    const path = fresh();
    const text = `${'\n\r\u2028"\\'.repeat(150_000)}\ud800`;
    let store = open(path);
    await store.append({ id: "big", text });
    await store.close();
    expect(lines(path)).toHaveLength(1);
    store = open(path);
    expect(store.get("big")!.text).toBe(text);
    await store.close();
  });
});

describe("a disk that refuses", () => {
  test("a file at the system's size limit: the row is refused, the ones before it are whole", async () => {
    const path = fresh();
    const run = spawnSync("bash", ["-c", `ulimit -f 4; exec node "$0" "$@"`, CHILD, path, "1000", "0"], {
      encoding: "utf8",
    });
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/A row could not be written[\s\S]*EFBIG/);
    const acknowledged = run.stdout.split("\n").filter((l) => l.startsWith("row-"));
    expect(acknowledged.length).toBeGreaterThan(5);
    const store = open(path);
    expect(store.rows().map((r) => r.id)).toEqual(acknowledged);
    expect(store.report.tornBytes).toBe(0);
    await store.close();
  });

  const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", root]).status === 0;
  test.skipIf(!canMount)(
    "a full disk is named, and so is a read-only " +
      `one${canMount ? "" : " (skipped: no right to mount a small disk)"}`,
    () => {
      const run = (options: string) => {
        const disk = dirname(fresh());
        mkdirSync(disk);
        const script =
          `mount -t tmpfs -o size=16k tmpfs "$1" && mount -o remount,${options} "$1"; exec node ` +
          `"$0" "$1/sub/rows.jsonl" 1000 0`;
        return spawnSync("unshare", ["-rm", "bash", "-c", script, CHILD, disk], { encoding: "utf8" });
      };
      const full = run("rw");
      expect(full.stderr).toMatch(/the disk is full \(ENOSPC\)[\s\S]*to do/);
      expect(full.stdout).toContain("row-0");
      expect(full.status).toBe(1);
      const readOnly = run("ro");
      expect(readOnly.stderr).toMatch(/read-only \(EROFS\)[\s\S]*--workspace/);
      expect(readOnly.status).toBe(1);
    },
  );

  const isRoot = process.getuid?.() === 0;
  test.skipIf(isRoot)(
    `a folder without permission is named${isRoot ? " (skipped: root may write everywhere)" : ""}`,
    () => {
      const path = fresh();
      mkdirSync(dirname(path), { recursive: true });
      chmodSync(dirname(path), 0o555);
      expect(() => open(path)).toThrow(/no permission \(EACCES\)/);
    },
  );
});
