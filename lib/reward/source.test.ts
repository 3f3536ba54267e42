import { describe, expect, test } from "vitest";
import { LabError } from "../errors.ts";
import { sha256 } from "../store/hash.ts";
import { defineReward } from "./source.ts";

const outside = 0.3;

describe("defineReward", () => {
  test("a self-contained function becomes a module that exports it, named by its hash", async () => {
    const { source, sha256: hash } = defineReward((row) => {
      const brevity = Math.max(0, 1 - row.tokens / 512);
      return { accuracy: row.score.accuracy ?? 0, brevity, total: (row.score.accuracy ?? 0) + 0.1 * brevity };
    });
    expect(hash).toBe(sha256(source));
    const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
    expect(module.reward({ tokens: 256, score: { accuracy: 1 } })).toEqual({
      accuracy: 1,
      brevity: 0.5,
      total: 1.05,
    });
  });

  test.each([
    ["an arrow", "(row) => ({ total: row.score.format })"],
    ["a declaration with a semicolon", "function reward(row) { return { total: 1 }; };"],
    ["TypeScript", "(row: { tokens: number }): Record<string, number> => ({ total: row.tokens as number })"],
    ["a comment at its end", "(row) => ({ total: 1 }) // done"],
    ["a part that is not judged", "(row) => ({ accuracy: row.score.accuracy, judge: null, total: 1 })"],
  ])("%s is taken", (_, text) => expect(defineReward(text).source).toContain("export const reward = "));

  test("a variable of the notebook is refused by name, with what to do", () => {
    expect(() => defineReward(() => ({ total: outside }))).toThrow(LabError);
    expect(() => defineReward("(row) => ({ total: myWeight * row.tokens })")).toThrow(
      /myWeight is not defined[^]*into the function/,
    );
    // Also where only a wrong answer gets there.
    expect(() => defineReward("(row) => ({ total: row.score.accuracy === 1 ? 1 : partial(row) })")).toThrow(
      "partial is not defined",
    );
  });

  test("what the kernel makes of a notebook's variable is refused by its name", () => {
    expect(() => defineReward('(row) => ({ total: row.id === "rare" ? exports.myWeight : 0 })')).toThrow(
      "myWeight, a variable or import",
    );
  });

  test.each([
    ["a number", "(row) => 1", "named numbers"],
    ["nothing", "(row) => {}", "named numbers"],
    ["no parts", "(row) => ({})", "named numbers"],
    ["a list", "(row) => [1]", "named numbers"],
    ["a promise", "async (row) => ({ total: 1 })", "named numbers"],
    ["NaN for the empty answer", "(row) => ({ total: 1 / row.tokens })", 'total for the answer ""'],
    ["no total", "(row) => ({ total: null })", "total"],
    ["text", "(row) => ({ total: 'high' })", "high"],
    ["an exception", "(row) => ({ total: row.nothing.here })", "TypeError"],
    ["an endless loop", "(row) => { for (;;); }", "timed out"],
    ["half a function", "(row) => {", "not a function"],
    ["a class's method", "reward(row) { return { total: 1 } }", "not a function"],
    ["native code", String(Math.max), "not a function"],
  ])("%s is refused", (_, text, message) => expect(() => defineReward(text)).toThrow(message));
});
