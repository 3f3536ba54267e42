import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkAnswer } from "./check-answer.ts";
import { checkFormat } from "./format.ts";

const lines = <T>(name: string): T[] =>
  readFileSync(new URL(`./golden/${name}`, import.meta.url), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as T);

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
}

describe("the owner's cases", () => {
  for (const c of lines<Case>("answers.jsonl")) it(`${c.id}: ${JSON.stringify(c.gold)} against ${JSON.stringify(c.prediction)} is ${c.verdict} (${c.why})`, () => check(c));
  for (const c of lines<{ id: string; text: string; ok: boolean; why: string }>("formats.jsonl")) {
    it(`${c.id}: ${c.why} is ${c.ok ? "well formed" : "refused"}`, () => {
      expect(checkFormat(c.text).ok).toBe(c.ok);
    });
  }
});

describe("more cases of the same kinds, written by hand from the policy", () => {
  it.each(lines<Case>("more.jsonl"))("$id, rule $rule: $gold against $prediction is $verdict", (c) => check(c));
});
