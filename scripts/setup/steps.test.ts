import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { findPython, pythonEnvironment } from "./python.mjs";
import { runQuietly, runSteps, SetupError } from "./steps.mjs";

let folder: string;
let runs: number;
const step = (fingerprint: string) => ({
  name: "a step",
  stamp: join(folder, "made", "stamp"),
  fingerprint: () => fingerprint,
  run: () => `done ${++runs}`,
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "steps-"));
  runs = 0;
});

test("a step runs once, again when what it depends on changed or when its folder is gone", () => {
  const said: string[] = [];
  const log = vi.spyOn(console, "error").mockImplementation((line: string) => void said.push(line));
  runSteps([step("a")]);
  runSteps([step("a")]);
  expect(runs).toBe(1);
  runSteps([step("b")]);
  expect(readFileSync(step("b").stamp, "utf8")).toBe("b");
  rmSync(join(folder, "made"), { recursive: true });
  runSteps([step("b")]);
  log.mockRestore();
  expect(runs).toBe(3);
  expect(said).toHaveLength(3); // one line a run, none for a step that is done
});

test("a step that fails leaves no stamp", () => {
  const failing = {
    ...step("a"),
    run: () =>
      runQuietly(process.execPath, ["-e", "console.error('no space'); process.exit(3)"], {
        todo: "make room",
      }),
  };
  expect(() => runSteps([failing])).toThrow(SetupError);
  expect(existsSync(failing.stamp)).toBe(false);
});

test("a program that fails is told with its status, its last words and what to do", () => {
  const run = () =>
    runQuietly(process.execPath, ["-e", "console.error('no space'); process.exit(3)"], { todo: "make room" });
  expect(run).toThrow(/exit status 3\nno space\n {2}to do: make room/);
  expect(() => runQuietly("no-such-program", [], { todo: "install it" })).toThrow(/ENOENT[\s\S]*install it/);
});

test("a Python that is too old is passed over", () => {
  expect(findPython(["no-such-python"])).toBeNull();
  expect(findPython()).toMatch(/python/);
});

test("without any Python the step says what to install", () => {
  const path = process.env.PATH;
  process.env.PATH = folder;
  try {
    expect(() => pythonEnvironment.run()).toThrow(/no Python 3\.11 or newer[\s\S]*apt-get install python3/);
  } finally {
    process.env.PATH = path;
  }
});
