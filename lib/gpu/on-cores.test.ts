import { join } from "node:path";
import { expect, test } from "vitest";
import { REPO_ROOT } from "../config/paths.ts";
import { processesOnCpu } from "./on-cores.ts";

test("a small model has a process a core, four at most; a large one, or one of unknown size, has one", () => {
  const tiny = join(REPO_ROOT, "ckpts", "tiny", "base");
  expect([1, 2, 3, 4, 5, 64].map((cores) => processesOnCpu(tiny, cores))).toEqual([1, 2, 3, 4, 4, 4]);
  expect(processesOnCpu("Qwen/Qwen2.5-0.5B-Instruct", 8)).toBe(1);
  expect(processesOnCpu("someone/something", 8)).toBe(1);
});
