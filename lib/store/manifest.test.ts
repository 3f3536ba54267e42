import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { writeFileAtomic } from "./atomic.ts";
import { readJsonl } from "./jsonl.ts";
import { assertMadeTogether, finishJsonl, manifestPath, readManifest } from "./manifest.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-manifest-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let path: string;
let n = 0;
beforeEach(() => void (path = join(root, String(n++), "raw.jsonl")));

/** Runs code in a process of its own that kills itself; returns its signal. */
function killed(code: string): NodeJS.Signals | null {
  const script =
    `import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module"; const die = () ` +
    `=> process.kill(process.pid, "SIGKILL"); ${code}`;
  return spawnSync("node", ["--input-type=module", "-e", script], { cwd: import.meta.dirname }).signal;
}
const FINISH =
  `const { finishJsonl } = await import("./manifest.ts"); finishJsonl(PATH, [{ id: "new" }], { ` +
  "seed: 2 });";

describe("a manifest marks a finished file", () => {
  test("rows, hash, inputs and versions are there, and the same inputs find it", () => {
    const manifest = finishJsonl(path, [{ id: "a" }, { id: "b" }], { seed: 1, sources: { "x.jsonl": "00" } });
    expect(manifest).toMatchObject({
      file: "raw.jsonl",
      rows: 2,
      inputs: { seed: 1 },
      versions: { node: process.version },
    });
    expect(readManifest(path)).toEqual(manifest);
    expect(readManifest(path, { sources: { "x.jsonl": "00" }, seed: 1 })).toEqual(manifest);
    expect(readManifest(path, { seed: 2, sources: { "x.jsonl": "00" } })).toBe(null);
  });

  test("a changed file, half a manifest, or none: not finished", () => {
    finishJsonl(path, [{ id: "a" }], {});
    const whole = readFileSync(manifestPath(path));
    writeFileSync(manifestPath(path), whole.subarray(0, whole.length / 2));
    expect(readManifest(path)).toBe(null);
    writeFileSync(manifestPath(path), whole);
    expect(readManifest(path)).not.toBe(null);
    writeFileSync(path, '{"id":"b"}\n');
    expect(readManifest(path)).toBe(null);
    rmSync(manifestPath(path));
    expect(readManifest(path)).toBe(null);
  });

  test("a flipped bit in a finished file is told with its line by whoever reads it", () => {
    finishJsonl(
      path,
      [
        { id: "a", text: "2 + 2" },
        { id: "b", text: "3 + 3" },
      ],
      {},
    );
    const row = z.object({ id: z.string(), text: z.string() });
    expect(readJsonl(path, row)).toEqual([
      { id: "a", text: "2 + 2" },
      { id: "b", text: "3 + 3" },
    ]);
    writeFileSync(path, readFileSync(path, "utf8").replace("3 + 3", "3 + 2"));
    expect(() => readJsonl(path, row)).toThrow(/line 2[^]*another checksum: the line was damaged, or edited/);
  });

  test(
    "killed between write and rename: the old file is still the finished one, the temp file goes " +
      "with the next write",
    () => {
      const before = finishJsonl(path, [{ id: "old" }], { seed: 1 });
      expect(
        killed(
          `fs.renameSync = die; syncBuiltinESMExports(); ${FINISH.replace("PATH", JSON.stringify(path))}`,
        ),
      ).toBe("SIGKILL");
      expect(readManifest(path, { seed: 1 })).toEqual(before);
      expect(readFileSync(path, "utf8")).toBe('{"id":"old","crc":"8dee91e1"}\n');
      expect(readdirSync(join(path, "..")).filter((f) => f.endsWith(".tmp"))).toHaveLength(1);
      finishJsonl(path, [{ id: "new" }], { seed: 2 });
      expect(readdirSync(join(path, "..")).sort()).toEqual(["raw.jsonl", "raw.jsonl.manifest.json"]);
    },
  );

  test(
    "killed between rename and manifest: the new file is whole but not taken for finished, " +
      "whatever the inputs",
    () => {
      finishJsonl(path, [{ id: "old" }], { seed: 1 });
      const second =
        "const rename = fs.renameSync; let times = 0; fs.renameSync = (...a) => (times++ === 0 ? " +
        "rename(...a) : die()); syncBuiltinESMExports();";
      expect(killed(`${second} ${FINISH.replace("PATH", JSON.stringify(path))}`)).toBe("SIGKILL");
      expect(readFileSync(path, "utf8")).toBe('{"id":"new","crc":"d3e6eaf2"}\n');
      expect(readManifest(path)).toBe(null);
      expect(readManifest(path, { seed: 1 })).toBe(null);
      expect(readManifest(path, { seed: 2 })).toBe(null);
    },
  );
});

describe("assertMadeTogether", () => {
  test("files of other inputs are refused with both names; equal ones, or no manifest, pass", () => {
    const [a, b] = ["a", "b"].map((name) => `${path}.${name}.jsonl`) as [string, string];
    finishJsonl(a, [{ id: "x" }], { seed: 1 });
    finishJsonl(b, [{ id: "y" }], { seed: 1 });
    assertMadeTogether(a, b, "again");
    finishJsonl(a, [{ id: "x" }], { seed: 2 });
    expect(() => assertMadeTogether(a, b, "Run it again.")).toThrow(
      /different runs[^]*a\.jsonl, [^]*b\.jsonl[^]*Run it again/,
    );
    writeFileSync(b, '{"id":"mine"}\n');
    assertMadeTogether(a, b, "again");
    rmSync(b);
    assertMadeTogether(a, b, "again");
  });
});

describe("writeFileAtomic", () => {
  test("a write that fails leaves the old content and no temp file", () => {
    writeFileAtomic(path, "old");
    const blocked = `${path}/below/a/file`;
    expect(() => writeFileAtomic(blocked, "new")).toThrow(/could not be written[\s\S]*ENOTDIR/);
    expect(readFileSync(path, "utf8")).toBe("old");
    const script =
      "ulimit -f 1; exec node --input-type=module -e 'const { writeFileAtomic } = await " +
      `import("./atomic.ts"); writeFileAtomic(process.argv[1], "x".repeat(9999));' "$0"`;
    const run = spawnSync("bash", ["-c", script, path], { cwd: import.meta.dirname, encoding: "utf8" });
    expect(run.stderr).toContain("EFBIG");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(join(path, ".."))).toEqual(["raw.jsonl"]);
    expect(existsSync(blocked)).toBe(false);
  });
});
