import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

/**
 * A room imports only from itself and from those before it. Tests, and what they share in testing/, may look
 * anywhere.
 */
const ROOMS = [
  "store",
  "config",
  "stats",
  "question",
  "view",
  "widget",
  "answer",
  "model",
  "gpu",
  "forward",
  "prompt",
  "world",
  "prepare",
  "serving",
  "run",
  "completions",
  "distill",
  "judge",
  "filter",
  "reward",
  "toy",
  "train",
  "evaluate",
  "deploy",
  "reading",
  "figures",
  "explore",
  "chat",
  "inside",
  "show",
  "compare",
  "report",
];

const lib = join(import.meta.dirname, "..");
const roomOf = (path: string): string => path.split("/")[0]!;
const sources = globSync("*/**/*.ts", { cwd: lib }).filter(
  (file) => !file.endsWith(".test.ts") && roomOf(file) !== "testing",
);

/** Paths below lib that a source names in its imports, `import()` and re-exports included. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(lib, file), "utf8");
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) =>
    join(dirname(file), match[1]!),
  );
}

/** Those of them that are loaded when the source runs: types are not. */
function loadedBy(file: string): string[] {
  const text = readFileSync(join(lib, file), "utf8").replace(/^(?:import|export) type [^;]*;/gm, "");
  return [...text.matchAll(/\bfrom\s*"(\.[^"]+)"/g)].map((match) => join(dirname(file), match[1]!));
}

/** All files that `next` leads to from `file`, itself included only when it is reached again. */
function reached(file: string, next: (file: string) => string[]): Set<string> {
  const found = new Set<string>();
  const open = next(file);
  while (open.length > 0) {
    const path = open.pop()!;
    if (found.has(path)) continue;
    found.add(path);
    open.push(...next(path));
  }
  return found;
}

describe("the rooms of lib", () => {
  test("are all in the order", () => {
    expect([...new Set(sources.map(roomOf))].sort()).toEqual([...ROOMS].sort());
  });

  test("import downwards only", () => {
    const upward = sources.flatMap((file) =>
      importsOf(file)
        .filter(
          (path) =>
            path.includes("/") &&
            !(ROOMS.indexOf(roomOf(path)) <= ROOMS.indexOf(roomOf(file)) && ROOMS.includes(roomOf(path))),
        )
        .map((path) => `${file} imports ${path}`),
    );
    expect(upward).toEqual([]);
  });

  test("hold no circle of files, types included", { timeout: 300_000 }, () => {
    const imports = new Map(sources.map((file) => [file, importsOf(file)]));
    const circular = sources.filter((file) =>
      reached(file, (path) => [...(imports.get(path) ?? [])]).has(file),
    );
    expect(circular).toEqual([]);
  });

  test("draw a figure without loading a stage: at most 45 files", () => {
    const figures = sources.filter((file) => roomOf(file) === "figures");
    const loaded = new Set(figures.flatMap((file) => [file, ...reached(file, loadedBy)]));
    expect(loaded).toContain("figures/theme.ts");
    expect(loaded.size).toBeLessThanOrEqual(45);
  });

  test("hold imports that this test can read", () => {
    expect(importsOf("deploy/deploy.ts")).toContain("completions/models.ts");
    expect(sources.length).toBeGreaterThan(150);
  });
});
