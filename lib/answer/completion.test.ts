import { describe, expect, it } from "vitest";
import { checkAnswer } from "./check-answer.ts";
import { extractAnswer } from "./completion/extract.ts";
import { checkFormat } from "./completion/format.ts";
import { readGold } from "./gold.ts";
import { scoreCompletion } from "./score.ts";

describe("the format gate", () => {
  it.each([
    ["<think>a</think><answer>b</answer>", "ok"],
    ["<think>\r\na\r\n</think>\r\n\r\n<answer>\r\nb\r\n</answer>\r\n", "ok"],
    ["\u3000<think>a</think>\u00a0<answer>b</answer>", "ok"],
    ["<think>a</think><answer>b</answer>\u200b", "text_after"],
    ["<think>a</think><answer>\u200b</answer>", "blank_answer"],
    ["<think></think><answer>b</answer>", "blank_think"],
    ["<think>a</think><answer>b</answer><answer>c</answer>", "repeated_answer"],
    ["<think>a</think><think>b</think><answer>c</answer>", "repeated_think"],
    ["a</think><answer>b</answer>", "missing_think"],
    ["<think>a<answer>b</answer></think>", "wrong_order"],
    ["<think>a</think><answer>b", "missing_answer_close"],
    ["<Think>a</Think><answer>b</answer>", "missing_think"],
    ["", "missing_think"],
  ])("%j: %s", (text, reason) => expect(checkFormat(text)).toEqual({ ok: reason === "ok", reason }));
});

describe("where the answer is", () => {
  it.each([
    ["<think>a</think><answer>800</answer>", "800", "800"],
    ["<answer>800</answer> and more", "800", "800"],
    ["<think>a</think><answer>1</answer><answer>2</answer>", null, "2"],
    ["<think>a</think><answer>800", null, "800"],
    ["<think>the <answer>1</answer> is</think> Answer: 2", null, "2"],
    ["step\nSo the answer is 800.", null, "800"],
    ["步骤\n答案：800", null, "800"],
    ["Answer: 1\n最终答案：2", null, "2"],
    ["one\ntwo\n800\n", null, "800"],
    ["<think>a\nb</think>\n800", null, "800"],
    ["the answer", null, "the answer"],
    ["", null, null],
    ["  \n ", null, null],
  ])("%j: strictly %j, leniently %j", (text, strict, lenient) => {
    expect(extractAnswer(text, "strict")).toBe(strict);
    expect(extractAnswer(text, "lenient")).toBe(lenient);
  });

  it("the score holds both readings; no block is no accuracy", () => {
    const score = scoreCompletion({ question: "", gold: "800", completion: "So the answer is 800." });
    expect([score.format, score.strict.verdict, score.strict.reason, score.lenient.verdict]).toEqual([
      false,
      "unreadable",
      "no_answer_block",
      "right",
    ]);
    expect(JSON.parse(JSON.stringify(score)).lenient).toEqual({
      verdict: "right",
      reason: "equal",
      message: "gold 800; answer 800: equal under the rules",
    });
  });
});

describe("the kind of an answer", () => {
  const options = "毛利率？\nA. 10%\nB. 12.5%";
  it.each([
    ["", "12.5%", true, "number", "one_number"],
    ["", "B", true, "choice", "letters"],
    [options, "B", true, "choice", "letters_of_options"],
    [options, "12.5%", true, "choice", "value_of_an_option"],
    ["", "A,C", true, "choice", "letters"],
    ["", "AAA", true, "text", "free_text"],
    ["", "是", true, "yesno", "yes_or_no"],
    ["", "3%-5%", true, "range", "one_range"],
    ["", ">10%", true, "inequality", "one_inequality"],
    ["", "3:2", true, "ratio", "one_number"],
    ["", "2019年12月31日", true, "date", "one_date"],
    ["", "增强", true, "text", "free_text"],
    ["", "reduced the tax rate from 35% to 21%", true, "text", "free_text"],
    ["", "", false, "text", "gold_empty"],
    ["", "N/A", false, "text", "gold_says_nothing"],
    ["", "1,23", false, "text", "gold_malformed_number"],
    ["", "9".repeat(5000), false, "text", "gold_too_long"],
  ])("of %j, %j: readable %j, %s by %s", (question, gold, readable, kind, reason) =>
    expect(readGold(question, gold)).toEqual({ readable, kind, reason }),
  );
});

describe("the length of an answer", () => {
  it.each([
    ["800" + " ".repeat(6000), "right"],
    ["8".repeat(5000), "unreadable"],
    [`800 ${"x ".repeat(4000)}`, "unreadable"],
  ])("is capped without the blanks around it (%#)", (prediction, verdict) =>
    expect(checkAnswer({ question: "", gold: "800", prediction }).verdict).toBe(verdict),
  );
});
