import { expect, test } from "vitest";
import { firstSteps, putFirst } from "./first.ts";

test("the beginning of a run holds its first steps, gaps and completions, and all else that it had", () => {
  const samples = [1, 2, 4].map((step) => ({ event: "samples" as const, time: 0, step, samples: [] }));
  const run = { key: "grpo-1", metrics: { step: [1, 2, 4], kl: [null, 0.1, 0.2] } as never, samples };
  expect(firstSteps(run, 3)).toEqual({ key: "grpo-1", metrics: { step: [1, 2], kl: [null, 0.1] }, samples: samples.slice(0, 2) });
  expect(firstSteps(run, 9)).toEqual(run);
});

test("the named rows come first, in the order of the list; the count holds for all", () => {
  const rows = ["a", "b", "c", "d"].map((id) => ({ id }));
  expect(putFirst(rows, [{ id: "d" }, { id: "b" }, { id: "absent" }], 3).map(({ id }) => id)).toEqual(["b", "d", "a"]);
  expect(putFirst(rows, [], 9)).toEqual(rows);
});
