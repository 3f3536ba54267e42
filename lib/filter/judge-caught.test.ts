import { expect, test } from "vitest";
import { caughtByJudge } from "./judge-caught.ts";
import { distilled, filterBench, question, right } from "../testing/filter-fixture.ts";
import { textOf } from "../testing/judge-rows.ts";

const bench = filterBench();

test("counts what the Judge dropped, right or undecided by the rules, and shows some of each", async () => {
  const questions = Array.from({ length: 40 }, (_, i) =>
    question(i + 1, undefined, i % 4 === 3 ? { gold_answer: "because inflation erodes the real value" } : {}),
  );
  const texts = questions.map((q, i) =>
    distilled(
      q,
      i % 4 === 3
        ? textOf("fault: padding", "prices rise and money buys less")
        : right(q, i % 4 === 0 ? "fault: missing_step" : "we add"),
    ),
  );
  const { details } = await bench.run(questions, texts);
  const held = new Set(details.filter((row) => row.layer === "split").map((row) => row.key));
  const count = (which: number) => texts.filter((row, i) => i % 4 === which && !held.has(row.key)).length;
  const caught = caughtByJudge(details, texts);
  const [first] = caughtByJudge(details, texts, ({ question }) => `${question} in English`).samples;
  expect(first!.gloss).toBe(`${first!.title} in English`);
  expect(caught).toMatchObject({ seen: 32, dropped: count(0) + count(3), right: count(0) });
  expect(caught.samples.map(({ reason, ok }) => [reason, ok])).toEqual([
    ...Array(3).fill(["weak_completeness", false]),
    ...Array(2).fill(["weak_conciseness", false]),
  ]);
  expect(caught.samples[0]!.text).toContain("fault: missing_step");
});

test("without a Judge nothing was seen or dropped", async () => {
  const questions = Array.from({ length: 10 }, (_, i) => question(i + 1));
  const texts = questions.map((q) => distilled(q, right(q, "fault: padding")));
  const { details } = await bench.run(questions, texts, { "filter.useJudge": false });
  expect(caughtByJudge(details, texts)).toEqual({ seen: 0, dropped: 0, right: 0, samples: [] });
});
