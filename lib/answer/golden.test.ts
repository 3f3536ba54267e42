import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkAnswer } from "./check-answer.ts";
import { checkFormat } from "./format.ts";

const lines = <T>(name: string): T[] =>
  readFileSync(new URL(`./golden/${name}`, import.meta.url), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as T);

describe("the owner's cases", () => {
  for (const c of lines<{ id: string; question: string; gold: string; prediction: string; verdict: string; why: string }>("answers.jsonl")) {
    it(`${c.id}: ${JSON.stringify(c.gold)} against ${JSON.stringify(c.prediction)} is ${c.verdict} (${c.why})`, () => {
      const judged = checkAnswer(c);
      expect(judged.verdict, judged.message).toBe(c.verdict);
    });
  }
  for (const c of lines<{ id: string; text: string; ok: boolean; why: string }>("formats.jsonl")) {
    it(`${c.id}: ${c.why} is ${c.ok ? "well formed" : "refused"}`, () => {
      expect(checkFormat(c.text).ok).toBe(c.ok);
    });
  }
});
