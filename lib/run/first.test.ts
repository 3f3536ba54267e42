import { expect, test } from "vitest";
import { putFirst } from "./first.ts";

test("the named rows come first, in the order of the list; the count holds for all", () => {
  const rows = ["a", "b", "c", "d"].map((id) => ({ id }));
  expect(putFirst(rows, [{ id: "d" }, { id: "b" }, { id: "absent" }], 3).map(({ id }) => id)).toEqual([
    "b",
    "d",
    "a",
  ]);
  expect(putFirst(rows, [], 9)).toEqual(rows);
});
