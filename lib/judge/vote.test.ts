import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countVotes, judgementOf } from "./vote.ts";
import type { JudgeVote } from "./vote.ts";

const vote = (logic: number, accuracy: number, completeness: number, conciseness: number): JudgeVote => ({
  verdict: {
    scores: { logic, accuracy, completeness, conciseness },
    reason: `${logic}${accuracy}${completeness}${conciseness}`,
  },
  problem: null,
  message: null,
});
const unreadable: JudgeVote = { verdict: null, problem: "no_json", message: 'no JSON object in ":"' };

describe("votes", () => {
  test("one vote decides by itself", () => {
    expect(judgementOf("a", [vote(5, 5, 5, 5)], "four-dimensions", 12)).toEqual({
      id: "a",
      status: "passed",
      reason: "passed",
      message: "5555",
      points: 20,
      scores: { logic: 5, accuracy: 5, completeness: 5, conciseness: 5 },
      votePoints: [20],
    });
    expect(judgementOf("a", [vote(3, 1, 3, 3)], "four-dimensions", 12)).toMatchObject({
      status: "failed",
      reason: "weak_accuracy",
      message: "3133",
      points: 10,
    });
  });

  test("an unreadable vote is not judged: null, not 0", () => {
    expect(judgementOf("a", [unreadable], "four-dimensions", 12)).toEqual({
      id: "a",
      status: "not_judged",
      reason: "no_json",
      message: 'no JSON object in ":"',
      points: null,
      scores: null,
      votePoints: [null],
    });
  });

  test("exactly the needed points pass", () => {
    expect([countVotes([12], 12), countVotes([11], 12)]).toEqual(["passed", "failed"]);
  });

  test.each([
    [[20, 20, 8], "passed"],
    [[20, 8, 8], "failed"],
    [[20, 8], "failed"],
    [[20, null], "not_judged"],
    [[20, null, null], "not_judged"],
    [[20, 20, null], "passed"],
    [[8, null], "failed"],
    [[20, 8, null], "not_judged"],
  ] as const)("%j are %s", (points, status) => expect(countVotes(points, 12)).toBe(status));

  test("making a vote unreadable never turns a text into a passed one", () => {
    const votes = fc.array(fc.option(fc.integer({ min: 4, max: 20 })), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(votes, fc.nat(), (points, at) => {
        const fewer = points.map((p, i) => (i === at % points.length ? null : p));
        if (countVotes(points, 12) !== "passed") expect(countVotes(fewer, 12)).not.toBe("passed");
      }),
    );
  });

  test("seven criteria: one that does not hold fails the text and is its reason", () => {
    const scores = {
      consistency: true,
      terms: true,
      steps: false,
      coherence: true,
      diversity: true,
      relevance: true,
      instruction: true,
    };
    const judged = judgementOf(
      "a",
      [{ verdict: { scores, reason: "too few" }, problem: null, message: null }],
      "seven-criteria",
      7,
    );
    expect(judged).toMatchObject({ status: "failed", reason: "weak_steps", points: 6 });
  });
});
