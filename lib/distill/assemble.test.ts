import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ASSEMBLY_RULES, assemble } from "./assemble.ts";
import { checkFormat, extractAnswer } from "../answer/index.ts";
import { findTags } from "../answer/completion/tags.ts";

/**
 * One text as a model writes it. `expect` names the rule that makes its training text, or why there is none.
 */
interface Case {
  name: string;
  question: string;
  text: string;
  reasoning: string | null;
  expect: string;
  /** Null with a rule: any answer will do. */
  answer: string | null;
}

const GOLDEN = join(import.meta.dirname, "golden");
const rulesByName = new Set(ASSEMBLY_RULES.map(({ name }) => name));

describe.each(readdirSync(GOLDEN).filter((file) => file.endsWith(".jsonl")))("texts of %s", (file) => {
  const cases = readFileSync(join(GOLDEN, file), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Case);
  test.each(cases)("$name: $expect", ({ text, reasoning, expect: expected, answer }) => {
    const made = assemble({ text, reasoning });
    expect(made.text === null ? made.reason : made.rule, made.text ?? "").toBe(expected);
    if (made.text === null) return;
    expect(checkFormat(made.text)).toEqual({ ok: true, reason: "ok" });
    if (answer !== null) expect(extractAnswer(made.text, "strict")).toBe(answer);
  });
});

describe("the rules", () => {
  test("are in the order of the page that shows them, each with its own name", () => {
    expect([...rulesByName]).toEqual([
      "as_written",
      "reasoning_field",
      "think_block",
      "other_tags",
      "answer_tag",
      "boxed",
      "closing_line",
      "answer_first",
    ]);
    expect(ASSEMBLY_RULES.every(({ description }) => description.length > 20)).toBe(true);
  });

  test("keep the sentence that states the answer, its box unwrapped, and drop what follows it", () => {
    const made = assemble({
      text: "6 × 7 = 42.\nSo it is\n\\[\n\\boxed{42}\n\\]\nThanks for asking!",
      reasoning: null,
    });
    expect(made).toEqual({
      text: "<think>\n6 × 7 = 42.\nSo it is\n\\[\n42\n\\]\n</think>\n<answer>42</answer>",
      rule: "boxed",
    });
  });

  test("take the answer of a thinking model from what it says, not from what it thought", () => {
    const made = assemble({
      text: "<think>\nThe answer is 5? No.\n</think>\n\n2 + 2 makes four: \\boxed{4}",
      reasoning: null,
    });
    expect(made).toEqual({
      text: "<think>\nThe answer is 5? No.\n</think>\n<answer>4</answer>",
      rule: "think_block",
    });
  });
});

const PIECES = [
  "<think>",
  "</think>",
  "<answer>",
  "</answer>",
  "<Answer>",
  "<reasoning>",
  "</reasoning>",
  "<|begin_of_thought|>",
  "<|end_of_thought|>",
  "<solution>",
  "<|im_end|>",
  "<thi",
  "nk>",
  "<ans",
  "wer>",
  "\\boxed{",
  "}",
  "{",
  "\\",
  "\\[",
  "$",
  "$$",
  "**",
  "The answer is ",
  "答案：",
  "因此，利润为",
  "Therefore, it is ",
  "故选",
  "B",
  "12.5%",
  "800",
  "= ",
  ". ",
  "。",
  "\n",
  " ",
  "\u200b",
  "\u00a0",
  "we add",
  "净利率",
  "#### 7",
  "\\<think\\>",
  "\\text{a}",
];
const anyText = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 25 }).map((parts) => parts.join("")),
  },
  fc.string({ unit: "binary", maxLength: 200 }),
);

describe("any text at all", () => {
  test("gives a text that passes the format gate, stays as it is the second time and holds no other " +
    "tag, or a reason", () => {
    fc.assert(
      fc.property(anyText, fc.option(anyText, { freq: 4 }), fc.boolean(), (content, reasoning, isJoined) => {
        const text =
          reasoning !== null && isJoined
            ? `<think>\n${reasoning.trim()}\n</think>\n${content.trimStart()}`
            : content;
        const made = assemble({ text, reasoning });
        if (made.text === null) {
          expect(["no_answer", "no_reasoning", "repeats_answer"]).toContain(made.reason);
          return;
        }
        expect(rulesByName.has(made.rule)).toBe(true);
        expect(checkFormat(made.text).ok).toBe(true);
        expect(assemble({ text: made.text, reasoning: null })).toEqual({
          text: made.text,
          rule: "as_written",
        });
        if (made.rule !== "as_written")
          expect(findTags(made.text).map(({ name }) => name)).toEqual(["think", "think", "answer", "answer"]);
      }),
      { numRuns: 20_000 },
    );
  }, 300_000);

  test("of a megabyte takes time in proportion", () => {
    const units = [
      "<think>",
      "</think>a",
      "<answer>",
      "<answer>1</answer>",
      "\\boxed{",
      "{",
      "\\boxed{1}",
      "answer is ",
      "答案",
      "答案：\n",
      "answer:\n",
      "Therefore, it is 1. ",
      "因此为1。",
      "\n",
      " ",
      "*",
      ". ",
      "= ",
      "选B",
      "####",
      "a",
    ];
    const million = (unit: string) => unit.repeat(1e6 / unit.length);
    for (const unit of units) {
      for (const source of [
        { text: million(unit), reasoning: null },
        { text: `<think>${million(unit)}</think>${million(unit)}`, reasoning: null },
        { text: `<think>\n${million(unit)}\n</think>\nThe answer is 5.`, reasoning: million(unit) },
      ]) {
        const start = process.cpuUsage();
        assemble(source);
        const { user, system } = process.cpuUsage(start);
        // ms of the processor, up to 3 MB; quadratic time would be minutes
        expect((user + system) / 1000, unit).toBeLessThan(600);
      }
    }
  }, 120_000);
});
