import { expect, test } from "vitest";
import { textOutcome } from "./outcome.ts";

const row = (
  response: string | null,
  failure: string | null = null,
  gold_answer = "800",
  assembly: string | null = null,
) => ({ question: "收入多少万元?", gold_answer, response, assembly, failure });
const text = (answer: string) => `<think>\n500+300=800\n</think>\n<answer>\n${answer}\n</answer>`;

test("a text that is whole, well formed and right has nothing against it", () => {
  expect(textOutcome(row(text("800万元")))).toBeNull();
});

test("the first thing wrong is what counts: the request, the format, the answer", () => {
  expect(textOutcome(row(null, "http_500"))).toBe("http_500");
  expect(textOutcome(row(text("800"), "length"))).toBe("length");
  expect(textOutcome(row(null))).toBe("no_text");
  expect(textOutcome(row(null, null, "800", "no_answer"))).toBe("no_answer");
  expect(textOutcome(row(`${text("700")} and more`))).toBe("bad_format");
  expect(textOutcome(row(text("700")))).toBe("wrong_answer");
  expect(textOutcome(row(text("N/A")))).toBe("unreadable_answer");
});

test("what rules cannot decide is not called wrong", () => {
  expect(textOutcome(row(text("市场需求强劲"), null, "需求旺盛,价格上涨"))).toBe("undecided");
});
