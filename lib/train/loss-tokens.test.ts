import { expect, test } from "vitest";
import { LabError } from "../errors.ts";
import { loadTokenizer, type Tokenizer } from "../model/tokens.ts";
import { lossTokens, rowTokens } from "./loss-tokens.ts";

const row = {
  id: "q1",
  prompt: "某公司营收为200元，成本为150元。毛利率是多少？",
  response: "<think>\n200 - 150 = 50\n50 / 200 = 25%\n</think>\n<answer>\n25%\n</answer>",
};
const base = () => loadTokenizer("ckpts/tiny/base");
const joined = (tokens: { text: string; fate: string }[], fate: string) =>
  tokens
    .filter((token) => token.fate === fate)
    .map(({ text }) => text)
    .join("");

test("the loss grades the answer and the end of the turn, and nothing of the prompt", async () => {
  const tokenizer = await base();
  const { tokens, counts, refusal } = rowTokens(tokenizer, row, { system: "Be brief.", maxLength: 512 });
  expect(refusal).toBeNull();
  expect(joined(tokens, "trained")).toBe(`${row.response}<|im_end|>`);
  expect(joined(tokens, "masked")).toMatch(/^<\|im_start\|>system\nBe brief\.[^]*<\|im_start\|>assistant\n$/);
  // what the template writes behind the end of the turn
  expect(joined(tokens, "cut")).toBe("\n");
  const all = counts.trained + counts.masked + counts.cut;
  expect(all).toBe(tokenizer.countRowTokens({ question: row.prompt, system: "Be brief." }, row.response));
  expect(counts.masked).toBe(tokenizer.countPromptTokens({ question: row.prompt, system: "Be brief." }));
});

test("a row of one token too many is refused whole, and what would be cut is its end", async () => {
  const tokenizer = await base();
  const { counts } = rowTokens(tokenizer, row, { maxLength: 512 });
  const length = counts.trained + counts.masked;
  expect(rowTokens(tokenizer, row, { maxLength: length }).refusal).toBeNull();
  const refused = rowTokens(tokenizer, row, { maxLength: length - 1 });
  expect(refused.counts.trained).toBe(0);
  expect(joined(refused.tokens, "cut")).toBe("<|im_end|>\n");
  expect(refused.refusal).toMatch(`it has ${length} tokens, and sft.maxLength is ${length - 1}`);
});

test("a blank answer trains nothing, not even where to stop", async () => {
  const { counts, refusal } = rowTokens(await base(), { ...row, response: " \n" }, { maxLength: 512 });
  expect(counts.trained).toBe(0);
  expect(refusal).toMatch(/blank/);
});

test("a template that rewrites the answer or never ends it is refused as by the trainer", async () => {
  const tokenizer = await base();
  const other: Tokenizer = {
    ...tokenizer,
    render: (chat, answered) => tokenizer.render(chat, answered).replace(/<think>[^]*<\/think>\n/, ""),
  };
  expect(() => rowTokens(other, row, { maxLength: 512 })).toThrow(LabError);
  const endless = { ...tokenizer, endToken: "<|never|>" };
  expect(() => rowTokens(endless, row, { maxLength: 512 })).toThrow(/end token/);
});

test("its tokens are text in the page, whatever they hold", async () => {
  const response = "<script>alert(1)</script> costs $5 to $6";
  const { html, text } = lossTokens(await base(), { ...row, response }, { maxLength: 512 });
  expect(html).not.toContain("<script");
  expect(html.replace(/<[^>]*>/g, "")).toContain("alert(1)");
  expect(text).toContain("── trained\n<script>alert(1)</script> costs $5 to $6<|im_end|>");
});
