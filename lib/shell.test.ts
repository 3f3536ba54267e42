import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { quoteForShell } from "./shell.ts";

test.each([`a'b "c" $d \\ \n e`, "/home/me/my models", "", "*", "~", "-x"])(
  "%j comes through a real shell as one word",
  (text) => {
    const printed = execFileSync("sh", ["-c", `printf '%s|' ${quoteForShell(text)}`], { encoding: "utf8" });
    expect(printed).toBe(`${text}|`);
  },
);

test("a plain path is shown without quotes", () => {
  expect(quoteForShell("/tmp/ws-1/a_b.jsonl")).toBe("/tmp/ws-1/a_b.jsonl");
});
