import { expect, test } from "vitest";
import { compareWithRules } from "./preference.ts";
import type { JudgeStatus } from "./vote.ts";
import { textOf } from "../testing/judge-rows.ts";

const row = (id: string, answer: string) => ({
  id,
  question: "What is 1 + 1?",
  gold: "2",
  completion: textOf("we add", answer),
});
const judgement = (status: JudgeStatus) => ({
  id: "",
  status,
  reason: "",
  message: "as the Judge says",
  points: null,
  scores: null,
  votePoints: [],
});

test("right answers it failed and wrong ones it passed are listed, with both sides' words", () => {
  const rows = [row("a", "2"), row("b", "2"), row("c", "3"), row("d", "3")];
  const compared = compareWithRules(
    rows,
    [judgement("passed"), judgement("failed"), judgement("failed"), judgement("passed")],
    { resamples: 200 },
  );
  expect(compared).toMatchObject({
    n: 4,
    agreement: { value: 0.5 },
    kappa: { value: 0 },
    wrongPassed: { value: 0.5 },
  });
  expect(compared.disagreements.map((d) => [d.id, d.rule, d.judge])).toEqual([
    ["b", "right", "failed"],
    ["d", "wrong", "passed"],
  ]);
  expect(compared.disagreements[1]).toMatchObject({
    judgeMessage: "as the Judge says",
    ruleMessage: expect.stringMatching(/3/),
  });
});

test("where either did not decide, nothing is compared", () => {
  const compared = compareWithRules(
    [row("a", "2"), { ...row("b", "2"), completion: "2" }, row("c", "3")],
    [judgement("not_judged"), judgement("passed"), judgement("held_back")],
  );
  expect(compared).toEqual({ n: 0, agreement: null, kappa: null, wrongPassed: null, disagreements: [] });
});

test("a missing judgement is an error", () => {
  expect(() => compareWithRules([row("a", "2")], [])).toThrow(/judgement for every row/);
});
