import { describe, expect, test } from "vitest";
import { lastBoxed, unwrapBoxes } from "./boxed.ts";
import { ANSWER_WITHIN, findAnswer, onlyLine } from "./find-answer.ts";
import { stripTags } from "./tags.ts";

describe("the final answer of a text", () => {
  test.each([
    ["<answer>5</answer>\nSo \\boxed{6}", "answer_tag", "5"],
    ["<answer> </answer> The answer is 5.", "closing_line", "5"],
    ["It is \\boxed{5}.\nThe answer is 6.", "closing_line", "6"],
    ["The answer is 5.\nNo: \\boxed{6}", "boxed", "6"],
    ["\\boxed{5} and then \\boxed{", "boxed", "5"],
    ["\\boxed{\\frac{1}{3}}", "boxed", "1/3"],
    ["\\boxed{\\text{12.5\\% of it}}", "boxed", "12.5% of it"],
    ["The answer is 1,200 - 800 = 400.", "closing_line", "400"],
    ["The answer to the question is 5 million dollars.", "closing_line", "5 million dollars"],
    ["To answer this, we need what is missing.\nTherefore, it is 5.", "closing_line", "5"],
    ["The answer is U.S. Treasury bonds.", "closing_line", "U.S. Treasury bonds"],
    ["The answer is 12.5. This follows from the table.", "closing_line", "12.5"],
    ["The answer is -5%.", "closing_line", "-5%"],
    ["答案：>10%", "closing_line", ">10%"],
    ["答案是A、C。", "closing_line", "A、C"],
    ["最终答案如下：\n\n800万元", "closing_line", "800万元"],
    ["因此选择B", "closing_line", "B"],
    ["Hence, the profit is $20 - $5 = $15.", "closing_line", "$15"],
    ["So the ratio is \\( \\frac{3}{4} \\), because equity is larger.", "closing_line", "3/4"],
    ["a\n#### 1,200", "closing_line", "1,200"],
  ])("%j: %s, %s", (text, rule, answer) => expect(findAnswer(text)).toMatchObject({ rule, answer }));

  test.each([
    "",
    "I cannot answer this question.",
    "Is the answer 5?",
    "Let me find the answer",
    "答案是否正确还不知道",
    "选项A是错误的，选项B也有问题",
    "The answer is as follows",
    "Answer: To find the profit we subtract the costs",
    "\\boxed{}",
    "So what is asked here?",
    "#### Step 1",
    "如果投资者选择A股市场",
  ])("%j states none", (text) => expect(findAnswer(text)).toBeNull());

  test("stands where start and end say", () => {
    const text = "5 + 3 = 8.\nSo the answer is 8. Bye.";
    const { start, end } = findAnswer(text)!;
    expect(text.slice(start, end)).toBe("answer is 8.");
    const boxed = `${"a".repeat(ANSWER_WITHIN)}\\boxed{8} b`;
    const found = findAnswer(boxed)!;
    expect(boxed.slice(found.start, found.end)).toBe("\\boxed{8}");
  });

  test("is looked for in the last characters only", () => {
    expect(findAnswer(`\\boxed{8}${" ".repeat(ANSWER_WITHIN)}`)).toBeNull();
  });
});

test("boxes are unwrapped, inner ones too, and one that is never closed stays", () => {
  expect(unwrapBoxes("a \\boxed{b \\fbox{c}} \\boxed {d} \\boxed{e")).toBe("a b c d \\boxed{e");
  expect(lastBoxed("\\\\boxed{7}")).toEqual({ content: "7" });
});

test("tags of every name go, and what stood on both sides of one makes no new tag", () => {
  expect(stripTags("<thi<think>nk>a</Reasoning><|end_of_solution|><|im_end|>b").replace(/ +/g, " ")).toBe(
    "<thi nk>a b",
  );
});

test("the only line that says something", () => {
  expect(onlyLine("\n```\n66\n```\n")).toBe("66");
  expect(onlyLine("a\nb")).toBeNull();
  expect(onlyLine("a".repeat(81))).toBeNull();
});
