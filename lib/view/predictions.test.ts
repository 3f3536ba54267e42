import { expect, test } from "vitest";
import { checkPredictions } from "./predictions.ts";

const one = { question: "rows kept", measured: 100, because: "copies go" };
const textOf = (mine: number | string | null, more = {}) =>
  checkPredictions([{ ...one, mine, ...more }]).text;

test("nothing is given away before a prediction is made", () => {
  expect(textOf(null)).not.toContain("100");
  expect(textOf(null)).not.toContain("copies go");
});

test("a number is right within a tenth, or within what is said", () => {
  expect(textOf(109)).toContain("✓");
  expect(textOf(111)).toContain("✗");
  expect(textOf(111, { within: 0.2 })).toContain("✓");
  expect(textOf(0, { measured: 0 })).toContain("✓");
});

test("a word is right in any case; what was not measured has no verdict", () => {
  expect(textOf("concept", { measured: "Concept" })).toContain("✓");
  expect(textOf("concept", { measured: null })).toMatch(/not measured in this run +·/);
});

test("who fell for a likely error is told why it tempts, and nobody else", () => {
  const tempting = [{ mine: 200, but: "that counts copies twice" }];
  expect(textOf(200, { tempting })).toContain("that counts copies twice. Rather: copies go");
  for (const mine of [null, 100, 300]) expect(textOf(mine, { tempting })).not.toContain("twice");
  expect(textOf(200, { tempting, measured: null })).not.toContain("twice");
});
