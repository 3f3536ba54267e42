import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { lastBoxed } from "../answer/completion/boxed.ts";
import { goldOfOutput } from "./boxed.ts";
import { readQuestions } from "./read-questions.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-forms-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const file = (name: string, content: string) => {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
};

describe("DianJin's form", () => {
  test(
    "the gold is the last box in the answer block, the shipped reasoning goes to its own field, " +
      "the rest is set aside",
    () => {
      const output = (think: string, answer: string) =>
        `<think>\n${think}\n</think>\n<answer>\n${answer}\n</answer>`;
      const rows = [
        ["a?", output("first \\boxed{1}", "so \\boxed{2}, no: \\boxed{\\frac{1}{2}}")],
        ["b?", output("\\boxed{in the think block only}", "answer 3")],
        ["c?", "<think>x</think>\\boxed{4}"],
        ["d?", output("", "\\boxed{ }")],
        ["e?", output("t", "\\boxed{{5}")],
      ].map(([instruction, o]) => ({ instruction, output: o }));
      const { questions, setAside } = readQuestions(file("cflue_oe.json", JSON.stringify(rows)));
      expect(questions).toEqual([
        {
          id: "cflue_oe_0",
          question: "a?",
          gold_answer: "\\frac{1}{2}",
          type: "financial_concept",
          source: "cflue_oe",
          reasoning: "first \\boxed{1}",
        },
      ]);
      expect(setAside.map((s) => [s.reason, s.field])).toEqual([
        ["no_boxed", "output"],
        ["no_answer_block", "output"],
        ["empty_boxed", "output"],
        ["unbalanced_boxed", "output"],
      ]);
    },
  );

  test.each([
    ["\\boxed{A}", "A"],
    ["\\boxed {12\\%}", "12\\%"],
    ["x \\boxed{\\text{是}} y", "\\text{是}"],
    ["\\boxed{\\{a\\}}", "\\{a\\}"],
    ["\\boxed{1}\\boxed{ 2 }", "2"],
  ])("the last box of %s holds %s", (text, content) => expect(lastBoxed(text)).toEqual({ content }));

  test("a hostile megabyte takes linear time", () => {
    for (const unit of ["\\boxed{", "{", "<answer>", "</answer><answer>\\boxed{"]) {
      const start = process.cpuUsage();
      goldOfOutput(`<answer>${unit.repeat(1e6 / unit.length)}</answer>`);
      // Of the processor: others on it do not count. Quadratic work would take minutes.
      expect(process.cpuUsage(start).user / 1e6, unit).toBeLessThan(0.2);
    }
  });
});
