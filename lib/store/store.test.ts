import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createRandom } from "../stats/random.ts";
import { openStore } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const fresh = () => join(root, String(folders++), "rows.jsonl");

const Row = z.object({ id: z.string(), text: z.string() });
const open = (path: string) => openStore(path, { schema: Row, key: (row) => row.id });
const CHILD = join(dirname(fileURLToPath(import.meta.url)), "..", "testing", "store-child.ts");
const lines = (path: string) => readFileSync(path, "utf8").split("\n").filter(Boolean);

/** Writes three rows and returns the file's bytes. */
async function threeRows(path: string): Promise<Buffer> {
  const store = open(path);
  await store.append({ id: "a", text: "涨幅 5%" }, { id: "b", text: "second" }, { id: "c", text: "third €" });
  await store.close();
  return readFileSync(path);
}

describe("openStore", () => {
  test("what was appended is there again, the last version of a key in the place of the first", async () => {
    const path = fresh();
    let store = open(path);
    await store.append({ id: "a", text: "1" }, { id: "b", text: "2" });
    await store.append({ id: "a", text: "3" });
    expect(store.rows()).toEqual([{ id: "a", text: "3" }, { id: "b", text: "2" }]);
    await store.close();
    store = open(path);
    expect(store.rows()).toEqual([{ id: "a", text: "3" }, { id: "b", text: "2" }]);
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
    await expect(store.append({ id: "a", text: 5 as unknown as string })).rejects.toThrow(/field text[\s\S]*expected: a text[\s\S]*found: +5/);
    await store.close();
    expect(statSync(path).size).toBe(0);
    await expect(store.append({ id: "a", text: "" })).rejects.toThrow("open store");
  });

  test("a row of one megabyte, newlines and lone surrogates included, comes back as it went in", async () => {
    const path = fresh();
    const text = `${"\n\r\u2028\"\\".repeat(150_000)}\ud800`;
    let store = open(path);
    await store.append({ id: "big", text });
    await store.close();
    expect(lines(path)).toHaveLength(1);
    store = open(path);
    expect(store.get("big")!.text).toBe(text);
    await store.close();
  });
});

describe("a killed writer", () => {
  test("SIGKILL after k random rows: every acknowledged row is kept, the resumed set equals the uninterrupted one", async () => {
    const whole = fresh();
    const uninterrupted = spawnSync("node", [CHILD, whole, "40", "0"], { encoding: "utf8" });
    expect(uninterrupted.stderr).toBe("");
    const random = createRandom("kill");
    const killed = fresh();
    for (let round = 0; round < 4; round++) {
      const acknowledged = await killAfter(random.int(1, 10), killed);
      const store = open(killed); // the parent takes over the dead child's lock
      for (const id of acknowledged) expect(store.has(id), id).toBe(true);
      expect(store.report.staleLocks).toHaveLength(1);
      await store.close();
    }
    expect(spawnSync("node", [CHILD, killed, "40", "0"], { encoding: "utf8" }).stderr).toBe("");
    expect(readFileSync(killed, "utf8")).toBe(readFileSync(whole, "utf8"));
  }, 20_000);

  test("the last record cut at every byte: the rows before it stay, the rest is cut and counted", async () => {
    const path = fresh();
    const bytes = await threeRows(path);
    const lastStart = bytes.subarray(0, -1).lastIndexOf(10) + 1;
    for (let cut = lastStart; cut < bytes.length; cut++) {
      writeFileSync(path, bytes.subarray(0, cut));
      const store = open(path);
      expect(store.rows().map((r) => r.id)).toEqual(["a", "b"]);
      expect(store.report.tornBytes).toBe(cut - lastStart);
      expect(store.report.message === null).toBe(cut === lastStart);
      expect(statSync(path).size).toBe(lastStart);
      await store.append({ id: "c", text: "third €" });
      await store.close();
      expect(readFileSync(path).equals(bytes)).toBe(true);
    }
  });
});

/** Starts the child, kills it as soon as it has acknowledged k rows, returns what it acknowledged. */
function killAfter(k: number, path: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn("node", [CHILD, path, "40", "2"], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    child.stdout.on("data", (data) => {
      out += data;
      if ((out.match(/row-/g) ?? []).length >= k) child.kill("SIGKILL");
    });
    child.stderr.on("data", (data) => reject(new Error(String(data))));
    child.on("close", () => resolve(out.split("\n").filter((l) => l.startsWith("row-"))));
  });
}

describe("a damaged line in the middle", () => {
  test.each([
    ["a NUL", (line: Buffer) => void (line[10] = 0), "json"],
    ["half a UTF-8 character", (line: Buffer) => void (line[line.indexOf(0xe6) + 1] = 0x20), "encoding"],
    ["a flipped bit in a brace", (line: Buffer) => void (line[0]! ^= 4), "json"],
    ["a flipped bit in a text, which is still JSON", (line: Buffer) => void (line[line.indexOf("5%")]! ^= 1), "checksum"],
    ["another schema", (line: Buffer) => void line.write('{"id":7,"text":"x","pad":"', 0), "checksum"],
  ])("%s: it is set aside with its bytes, line and reason, the others stay", async (_, damage, reason) => {
    const path = fresh();
    const bytes = await threeRows(path);
    const firstEnd = bytes.indexOf(10);
    damage(bytes.subarray(0, firstEnd));
    const damaged = Buffer.from(bytes.subarray(0, firstEnd));
    writeFileSync(path, bytes);

    let store = open(path);
    expect(store.rows().map((r) => r.id)).toEqual(["b", "c"]);
    expect(store.report.setAside).toMatchObject([{ line: 1, reason }]);
    expect(store.report.message).toContain("set line 1 aside");
    const [entry] = lines(`${path}.corrupt`).map((l) => JSON.parse(l));
    expect(entry.line).toBe(1);
    expect(Buffer.from(entry.base64, "base64").equals(damaged)).toBe(true);
    await store.append({ id: "a", text: "again" });
    await store.close();

    store = open(path);
    expect(store.rows().map((r) => r.id)).toEqual(["b", "c", "a"]);
    expect(store.report.message).toBe(null);
    await store.close();
  });

  test("killed after setting aside and before rewriting: the line is not set aside twice", async () => {
    const path = fresh();
    const bytes = await threeRows(path);
    bytes[5] = 0;
    writeFileSync(path, bytes);
    await open(path).close();
    writeFileSync(path, bytes);
    await open(path).close();
    expect(lines(`${path}.corrupt`)).toHaveLength(1);
  });

  test("a file of rows of another kind is refused and left as it is", () => {
    const path = fresh();
    mkdirSync(dirname(path), { recursive: true });
    const foreign = '{"prompt":"x"}\n{"prompt":"y"}\n';
    writeFileSync(path, foreign);
    expect(() => open(path)).toThrow(/another kind[\s\S]*line 1, field id[\s\S]*expected: a text[\s\S]*no such field; the row has prompt/);
    expect(readFileSync(path, "utf8")).toBe(foreign);
    expect(readdirSync(dirname(path))).toEqual(["rows.jsonl"]);
  });
});

describe("two writers", () => {
  test("the second process is refused by the id of the first; killed, its lock no longer holds", async () => {
    const path = fresh();
    const first = spawn("node", [CHILD, path, "1000", "50"], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((ready) => first.stdout.once("data", ready));
    expect(() => open(path)).toThrow(new RegExp(`Another process is writing[\\s\\S]*process ${first.pid}`));
    const second = spawnSync("node", [CHILD, join(dirname(path), "other.jsonl"), "1", "0"], { encoding: "utf8" });
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(`process ${first.pid}`);
    first.kill("SIGKILL");
    await new Promise((gone) => first.once("close", gone));
    const store = open(path);
    expect(store.report.staleLocks).toHaveLength(1);
    await store.close();
    expect(readdirSync(dirname(path))).toEqual(["rows.jsonl"]);
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
      Array.from({ length: 8 }, () => new Promise<string>((resolve) => {
        const child = spawn("node", [CHILD, path, "30", "1"], { stdio: ["ignore", "pipe", "ignore"] });
        let out = "";
        child.stdout.on("data", (d) => (out += d));
        child.on("close", () => resolve(out));
      })),
    );
    const acknowledged = runs.flatMap((out) => out.split("\n").filter((l) => l.startsWith("row-")));
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(lines(path).map((l) => JSON.parse(l).id).sort()).toEqual(acknowledged.sort());
  }, 20_000);
});

describe("a disk that refuses", () => {
  test("a file at the system's size limit: the row is refused, the ones before it are whole", async () => {
    const path = fresh();
    const run = spawnSync("bash", ["-c", `ulimit -f 4; exec node "$0" "$@"`, CHILD, path, "1000", "0"], { encoding: "utf8" });
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
  test.skipIf(!canMount)(`a full disk is named, and so is a read-only one${canMount ? "" : " (skipped: no right to mount a small disk)"}`, () => {
    const run = (options: string) => {
      const disk = join(root, `disk-${folders++}`);
      mkdirSync(disk);
      const script = `mount -t tmpfs -o size=16k tmpfs "$1" && mount -o remount,${options} "$1"; exec node "$0" "$1/sub/rows.jsonl" 1000 0`;
      return spawnSync("unshare", ["-rm", "bash", "-c", script, CHILD, disk], { encoding: "utf8" });
    };
    const full = run("rw");
    expect(full.stderr).toMatch(/the disk is full \(ENOSPC\)[\s\S]*to do/);
    expect(full.stdout).toContain("row-0");
    expect(full.status).toBe(1);
    const readOnly = run("ro");
    expect(readOnly.stderr).toMatch(/read-only \(EROFS\)[\s\S]*--workspace/);
    expect(readOnly.status).toBe(1);
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(isRoot)(`a folder without permission is named${isRoot ? " (skipped: root may write everywhere)" : ""}`, () => {
    const path = fresh();
    mkdirSync(dirname(path), { recursive: true });
    chmodSync(dirname(path), 0o555);
    expect(() => open(path)).toThrow(/no permission \(EACCES\)/);
  });
});
