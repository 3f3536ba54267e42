import { expect, test } from "vitest";
import { wideLines } from "./style.ts";

test("a line of 110 characters passes, one of 111 is named with file and line, whatever its letters", () => {
  expect(wideLines("a.ts", `${"x".repeat(110)}\n${"净".repeat(110)}`)).toEqual([]);
  expect(wideLines("a.ts", `short\n${"净".repeat(111)}\n`)).toEqual(["a.ts:2: 111 characters, at most 110"]);
  expect(wideLines("a.ts", "😀".repeat(110))).toEqual([]);
});
