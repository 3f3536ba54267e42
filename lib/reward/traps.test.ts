import { describe, expect, test } from "vitest";
import { checkAnswer } from "../answer/index.ts";
import { generateQuestions } from "../world/generate.ts";
import { isOfWorld, trapQuestions, trapsBeside } from "./traps.ts";

const traps = trapQuestions(64, 7);
const value = (answer: string) => Number(/-?\d+(\.\d+)?/.exec(answer)![0]);

describe("traps", () => {
  test("each has a shortcut: with fewer equations, near the right value, and wrong by the checker", () => {
    for (const { question, right, shortcut } of traps) {
      expect(question.gold_answer).toBe(right.answer);
      expect(shortcut.steps.join("\n").split("=").length).toBeLessThan(
        right.steps.join("\n").split("=").length,
      );
      const [truth, near] = [value(right.answer), value(shortcut.answer)];
      expect(Math.abs(near - truth) / truth, question.prompt).toBeLessThanOrEqual(0.05);
      expect(
        checkAnswer({ question: question.prompt, gold: right.answer, prediction: right.answer }).verdict,
      ).toBe("right");
      expect(
        checkAnswer({ question: question.prompt, gold: right.answer, prediction: shortcut.answer }).verdict,
      ).toBe("wrong");
    }
  });

  test("are of several kinds and both languages, and no question comes twice", () => {
    expect(new Set(traps.map(({ question }) => question.kind)).size).toBeGreaterThanOrEqual(3);
    expect(new Set(traps.map(({ question }) => question.prompt)).size).toBe(traps.length);
    expect(new Set(traps.map(({ question }) => /[\u4e00-\u9fff]/.test(question.prompt))).size).toBe(2);
  });

  test("a narrower tolerance leaves only nearer shortcuts; the seed decides which are drawn", () => {
    for (const { right, shortcut } of trapQuestions(8, 7, 0.03))
      expect(Math.abs(value(shortcut.answer) / value(right.answer) - 1)).toBeLessThanOrEqual(0.03 + 1e-9);
    expect(trapQuestions(64, 7)).toEqual(traps);
    expect(trapQuestions(64, 8)[0]).not.toEqual(traps[0]);
  });

  test("no question of the bench is among them, though the bench has such questions, too", () => {
    const asked = new Set(traps.map(({ question }) => question.prompt));
    const bench = generateQuestions(500, 1, "bench");
    expect(bench.some(({ kind }) => kind === "fall_then_rise")).toBe(true);
    expect(bench.filter(({ question }) => asked.has(question))).toEqual([]);
  });

  test("generated questions are of the world, a reader's own are not, even of an equal kind", () => {
    expect(
      generateQuestions(50, 1, "lab").every(isOfWorld) && traps.every(({ question }) => isOfWorld(question)),
    ).toBe(true);
    expect(
      [{ source: "mine" }, { source: "mine", kind: "growth_rate" }, { source: "finance-basics" }, {}].some(
        isOfWorld,
      ),
    ).toBe(false);
  });

  test("what cannot be drawn is an error, not an endless search", () => {
    expect(() => trapQuestions(1, 7, 0)).toThrow("found 0 within 0");
  });
});

test("traps are laid beside questions of the world, and beside no others", () => {
  const ours = generateQuestions(3, 1, "lab");
  expect(trapsBeside(ours, 8, 7)).toEqual(trapQuestions(8, 7));
  expect(trapsBeside([{ source: "mine", kind: undefined }], 8, 7)).toEqual([]);
});
