import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { createRandom } from "../stats/random.ts";
import { CHILD, lines, open, storeFolder, threeRows } from "../testing/store-fixture.ts";

const { fresh } = storeFolder();

describe("a killed writer", () => {
  test("SIGKILL after k random rows: every acknowledged row is kept, the resumed set equals the " +
    "uninterrupted one", async () => {
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
  }, 300_000);

  test("the last record cut at every byte: the rows before it stay, the rest is cut, counted", async () => {
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
    [
      "a flipped bit in a text, which is still JSON",
      (line: Buffer) => void (line[line.indexOf("5%")]! ^= 1),
      "checksum",
    ],
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

  test.each(['{"prompt":"x"}\n', '{"prompt":"x"}\n{"prompt":"y"}\n'])(
    "a file of rows of another kind is refused and left as it is: %j",
    (foreign) => {
      const path = fresh();
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, foreign);
      expect(() => open(path)).toThrow(
        /another kind[\s\S]*line 1, field id[\s\S]*expected: a text[\s\S]*no such field; the row has prompt/,
      );
      expect(readFileSync(path, "utf8")).toBe(foreign);
      expect(readdirSync(dirname(path))).toEqual(["rows.jsonl"]);
    },
  );
});
