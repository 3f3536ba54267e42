import { describe, expect, it } from "vitest";
import { checkAnswer } from "../../../lib/answer/check-answer.ts";
import { generatePairs } from "./pairs.ts";

const COUNT = 24_000;

describe("pairs generated from the policy's text, without the checker in view", () => {
  for (const seed of [1, 2, 3]) {
    it(`accepts no wrong pair and refuses no right one among ${COUNT} (seed ${seed})`, () => {
      const falseAccepts: string[] = [];
      const falseRejects: string[] = [];
      let expectedRight = 0;
      for (const pair of generatePairs(COUNT, seed)) {
        const { verdict, message } = checkAnswer(pair);
        if (pair.expected === "right") expectedRight++;
        if (pair.expected === "wrong" && verdict === "right")
          falseAccepts.push(
            `${pair.rule} ${JSON.stringify([pair.question, pair.gold, pair.prediction])}: ${message}`,
          );
        if (pair.expected === "right" && verdict !== "right")
          falseRejects.push(
            `${pair.rule} ${JSON.stringify([pair.question, pair.gold, pair.prediction])}: ${message}`,
          );
      }
      expect(falseAccepts).toEqual([]);
      expect(falseRejects.length, falseRejects.slice(0, 20).join("\n")).toBeLessThanOrEqual(
        expectedRight * 0.001,
      );
      expect(expectedRight).toBeGreaterThan(COUNT * 0.4);
      expect(expectedRight).toBeLessThan(COUNT * 0.7);
    });
  }

  it("are the same for the same seed, and each family is drawn", () => {
    expect(generatePairs(50, 9)).toEqual(generatePairs(50, 9));
    expect(new Set(generatePairs(5000, 1).map((p) => p.rule)).size).toBeGreaterThan(60);
  });
});
