import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runScript } from "../lib/testing/run-script.ts";

test.each([
  ["bench-explore.ts", ["--nonsense"], "Unknown option '--nonsense'"],
  ["bench-grpo.ts", ["--nonsense"], "Unknown option '--nonsense'"],
  ["bench-grpo.ts", ["--base", "."], "An option is missing (--rows)"],
])("%s %j: told in words, status 1", async (script, args, words) => {
  const { code, out, err } = await runScript(script, args, tmpdir());
  expect([code, out]).toEqual([1, ""]);
  expect(err.trim()).toMatch(new RegExp(`^${words.replace(/[()]/g, "\\$&")}`));
  expect(err).not.toContain("    at ");
});
