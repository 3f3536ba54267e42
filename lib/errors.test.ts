import { inspect } from "node:util";
import { expect, test } from "vitest";
import { LabError } from "./errors.ts";

test("printed, an error is its sentences, without a stack or its parts", () => {
  const error = new LabError({ what: "No rows", where: "sft.jsonl", found: "0", todo: "Run 03_filter." });
  const printed = "No rows (sft.jsonl)\n  found:    0\n  to do:    Run 03_filter.";
  expect(inspect(error)).toBe(printed);
  expect(error.stack).toContain("errors.test.ts"); // still there for whoever looks for it
});
