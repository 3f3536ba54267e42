import { expect, test } from "vitest";
import { loadTokenizer } from "../model/tokens.ts";
import { rowTokens } from "./loss-tokens.ts";
import { rowLogits } from "./row-logits.ts";

const row = {
  prompt: "Revenue 200, cost 150. Gross margin?",
  response: "<think>\nmargin=profit/revenue\n200-150=50\n50/200=25%\n</think>\n<answer>\n25%\n</answer>",
};
const MODEL = "ckpts/tiny/base";

test("what is masked and what is graded is as the row's colours have it, token by token", async () => {
  const { counts } = rowTokens(await loadTokenizer(MODEL), row, { maxLength: 512 });
  const { tokens, isMasked, logits } = await rowLogits(MODEL, row);
  expect(tokens).toHaveLength(counts.masked + counts.trained);
  expect(isMasked.filter(Boolean)).toHaveLength(counts.masked);
  expect(isMasked.indexOf(false)).toBe(counts.masked);
  expect(logits).toHaveLength(tokens.length);
});

test("the token that ends the turn is graded, and the model knows where it comes", async () => {
  const { tokens, logits } = await rowLogits(MODEL, row);
  const likeliest = logits
    .at(-2)!
    .reduce((best, score, token, all) => (score > all[best]! ? token : best), 0);
  expect(likeliest).toBe(tokens.at(-1));
});

test("what does not fit the model is not read", async () => {
  const { tokens } = await rowLogits(MODEL, { ...row, prompt: "How much? ".repeat(2000) });
  expect(tokens.length).toBeLessThanOrEqual(1024);
});
