import { expect, test } from "vitest";
import { changesView, shownAnswer } from "./answer-view.ts";
import type { EvalDetail } from "../records.ts";
import { sanitiseHtml } from "../report/sanitise.ts";

const detail = (id: string, lenient: boolean, completion: string): EvalDetail => ({
  id,
  type: "financial_concept",
  mode: "greedy",
  sample: 0,
  completion,
  format: true,
  strict: lenient,
  lenient,
  reason: "r",
  message: "m",
  judge: null,
  tokens: 3,
});
const change = (id: string, gained: boolean) => ({
  id,
  type: "financial_concept" as const,
  before: detail(id, !gained, `before ${id}`),
  after: detail(id, gained, `after ${id} <script>alert(1)</script>`),
});
const questions = ["a", "b", "c", "d"].map((id) => ({ id, prompt: `What is ${id}?`, gold_answer: "2" }));

test("an answer stands under its arm's name with its verdict", () => {
  expect(shownAnswer("sft_grpo", { ...detail("a", true, "x"), format: false })).toEqual({
    title: "SFT + GRPO",
    text: "x",
    ok: true,
    reason: "r",
    message: "m",
    facts: { format: "broken", tokens: 3 },
  });
});

test("each pair is one fold with the counts on it, regressions first, gains not forgotten", () => {
  const pair = {
    a: "base" as const,
    b: "sft" as const,
    regressions: [change("a", false), change("b", false), change("c", false)],
    gains: [change("d", true)],
  };
  const { html, text } = changesView([pair], questions, { max: 3 });
  expect(html).toContain("<summary><b>Base → SFT: 3 regressions, 1 gain</b></summary>");
  expect([...text.matchAll(/(regression|gain): What is (\w)/g)].map((m) => `${m[1]} ${m[2]}`)).toEqual([
    "regression a",
    "regression b",
    "gain d",
  ]);
  expect(text).toContain("1 more in the details files");
});

test("a model's text stays inert, here and in an exported report", () => {
  const { html } = changesView(
    [{ a: "base", b: "sft", regressions: [change("a", false)], gains: [] }],
    questions,
  );
  expect(html).not.toContain("<script>");
  expect(sanitiseHtml(html)).toContain(
    "<details><summary><b>Base → SFT: 1 regression, 0 gains</b></summary>",
  );
});

test("a pair without changes is a fold with nothing in it", () => {
  expect(changesView([{ a: "sft", b: "sft_grpo", regressions: [], gains: [] }], questions).text).toBe(
    "▸ SFT → SFT + GRPO: 0 regressions, 0 gains",
  );
});
