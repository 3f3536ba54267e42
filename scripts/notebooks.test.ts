import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("a workspace that is a file, or below one, is told in a sentence and without a stack", () => {
  const folder = mkdtempSync(join(tmpdir(), "ftmodel-start-"));
  try {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const script = fileURLToPath(new URL("./notebooks.ts", import.meta.url));
    for (const workspace of [file, join(file, "below")]) {
      const args = [script, "--workspace", workspace, "--only", "01"];
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      expect(status).toBe(1);
      expect(stderr).toMatch(/cannot be written \(.*[^]*ENOTDIR[^]*to do:/);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
