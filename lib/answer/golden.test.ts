import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isLeftOpen } from "../records.ts";
import { checkAnswer } from "./check-answer.ts";
import { checkFormat } from "./completion/format.ts";
import { scoreCompletion } from "./score.ts";

const lines = <T>(name: string): T[] =>
  readFileSync(new URL(`./golden/${name}`, import.meta.url), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);

interface Case {
  id: string;
  rule?: string;
  question: string;
  gold: string;
  prediction: string;
  /** "!right" is anything but right. */
  verdict: string;
  why?: string;
}

function check(c: Case): void {
  const judged = checkAnswer(c);
  if (c.verdict.startsWith("!")) expect(judged.verdict, judged.message).not.toBe(c.verdict.slice(1));
  else expect(judged.verdict, judged.message).toBe(c.verdict);
  expect(isLeftOpen(judged.reason), judged.reason).toBe(judged.verdict === "judge");
}

describe("the owner's cases", () => {
  for (const c of lines<Case>("answers.jsonl"))
    it(
      `${c.id}: ${JSON.stringify(c.gold)} against ${JSON.stringify(c.prediction)} is ${c.verdict} ` +
        `(${c.why})`,
      () => check(c),
    );
  for (const c of lines<{ id: string; text: string; ok: boolean; why: string }>("formats.jsonl")) {
    it(`${c.id}: ${c.why} is ${c.ok ? "well formed" : "refused"}`, () => {
      expect(checkFormat(c.text).ok).toBe(c.ok);
    });
  }
});

describe("more cases of the same kinds, written by hand from the policy", () => {
  it.each(lines<Case>("more.jsonl"))("$id, rule $rule: $gold against $prediction is $verdict", (c) =>
    check(c),
  );
});

/** One gold and answers to it by verdict, decided from the policy's sentence before the checker was asked. */
interface Sentence {
  rule: string;
  question: string;
  gold: string;
  right?: string[];
  wrong?: string[];
  unreadable?: string[];
  judge?: string[];
  notRight?: string[];
}

describe("every sentence of the policy, against answers that test its edges", () => {
  it.each(lines<Sentence>("policy.jsonl"))(
    "rule $rule: $question $gold",
    ({ rule, question, gold, notRight = [], ...byVerdict }) => {
      for (const verdict of ["right", "wrong", "unreadable", "judge"] as const) {
        for (const prediction of byVerdict[verdict] ?? []) {
          const { verdict: found, reason, message } = checkAnswer({ question, gold, prediction });
          expect(found, `${rule}: ${message}`).toBe(verdict);
          expect(isLeftOpen(reason), reason).toBe(verdict === "judge");
        }
      }
      for (const prediction of notRight)
        expect(checkAnswer({ question, gold, prediction }).verdict, `${rule}: ${prediction}`).not.toBe(
          "right",
        );
    },
  );
});

describe("whole completions against the gold 800: the format, and what reward and filter read", () => {
  it.each(
    lines<{ id: string; completion: string; format: boolean; verdict: string | null; why: string }>(
      "completions.jsonl",
    ),
  )("$id: $why", ({ completion, format, verdict }) => {
    const score = scoreCompletion({ question: "", gold: "800", completion });
    expect(score.format, score.formatReason).toBe(format);
    if (verdict !== null) expect(score.strict.verdict, score.strict.message).toBe(verdict);
  });
});
