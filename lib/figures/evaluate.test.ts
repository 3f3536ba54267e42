import { describe, expect, test } from "vitest";
import { summarizeArm } from "../evaluate/eval-summary.ts";
import { ablation, ablationTable } from "./ablate.ts";
import { deltas, deltasByType } from "./deltas.ts";
import { accuracyByType } from "./evaluate.ts";
import { failureSamples } from "../evaluate/failure-samples.ts";
import type { EvalDetail } from "../records.ts";
import { menu, title } from "../testing/figure-parts.ts";
import { summary } from "../testing/example-evaluation.ts";

describe("evaluation", () => {
  const detail = (id: string, strict: boolean, more: Partial<EvalDetail> = {}): EvalDetail => ({
    id,
    type: "financial_concept",
    source: "a",
    mode: "greedy",
    sample: 0,
    completion: "x",
    format: strict,
    strict,
    lenient: strict,
    reason: strict ? "equal" : "different_value",
    message: "5 is not 6",
    judge: null,
    tokens: 3,
    ...more,
  });

  test("bars hold the share of right answers with Wilson's interval", () => {
    const figure = accuracyByType([
      { name: "sft", details: [detail("1", true), detail("2", true), detail("3", false), detail("4", true)] },
    ]);
    expect((figure.data[0]!.y as number[])[0]).toBe(0.75);
    // Wilson 3 of 4: [0.3006, 0.9544]
    const { array, arrayminus } = figure.data[0]!.error_y as { array: number[]; arrayminus: number[] };
    expect([0.75 - arrayminus[0]!, 0.75 + array[0]!]).toEqual([
      expect.closeTo(0.3006, 3),
      expect.closeTo(0.9544, 3),
    ]);
  });

  test("sampled answers have the interval that their report has", () => {
    const details = Array.from({ length: 60 }, (_, i) =>
      detail(`q${i % 20}`, (i * i) % 3 === 1, { mode: i < 20 ? "greedy" : "sampled", sample: i % 3 }),
    );
    const figure = accuracyByType([{ name: "sft", details }]);
    const { value, low, high } = summarizeArm("sft", details).accuracySampledLenient!;
    const buttons = menu(figure);
    expect(JSON.stringify(buttons)).toContain(JSON.stringify(high - value));
    expect(JSON.stringify(buttons)).toContain(JSON.stringify(value - low));
  });

  test("the menu narrows to a source and n follows", () => {
    const details = [
      detail("1", true),
      detail("2", false, { source: "b" }),
      detail("3", false, { source: "b" }),
    ];
    const only = menu(accuracyByType([{ name: "sft", details }])).find((button) =>
      button.label.endsWith("only b"),
    )!;
    expect(only.args[0].y![0]![0]).toBe(0);
    expect(only.args[1]["title.text"]).toContain("n = 2 questions");
  });

  test("failures to read show each reason once before any comes twice", () => {
    const details = ["1", "2", "3"]
      .map((id) => detail(id, false))
      .concat(detail("4", false, { reason: "no_answer_block" }));
    const view = failureSamples(details, [{ id: "1", prompt: "Why <b>?", gold_answer: "6" }], { max: 2 });
    expect(view.html).toContain("no_answer_block");
    expect(view.html).toContain("4 of 4 answers were not right; here are 2 of them, with 2 of 2 reasons");
    expect(view.html).toContain("Why &lt;b&gt;?");
    expect(view.html).not.toContain("Why <b>");
    expect(view.text).not.toContain("without English");
  });

  test("a bar over a few questions has no number: its whisker would cross it", () => {
    const rows = Array.from({ length: 6 }, (_, i) =>
      detail(`${i}`, true, { type: i < 5 ? "financial_concept" : "financial_analysis" }),
    );
    expect(accuracyByType([{ name: "sft", details: rows }]).data[0]!.text).toEqual(["1.00", "1.00", ""]);
  });

  test("a Chinese question without English says so once", () => {
    const questions = ["1", "2"].map((id) => ({ id, prompt: "利润率是多少?", gold_answer: "6" }));
    const rows = [detail("1", false), detail("2", false)];
    const caption = /Published questions in Chinese come without English/g;
    expect(failureSamples(rows, questions).text.match(caption)).toHaveLength(1);
    expect(failureSamples(rows, questions, { gloss: () => "What is the margin?" }).text).not.toMatch(caption);
  });

  test("a gain that its own test does not call one has no arrow", () => {
    const ids = Array.from({ length: 26 }, (_, i) => `${i}`);
    const arm = (name: string, right: number) => ({
      name,
      details: ids.map((id) => detail(id, Number(id) < right)),
    });
    expect(deltas(deltasByType(arm("base", 10), arm("sft", 14))).data[0]!.text).toEqual(["+15.4", "+15.4"]);
    expect(deltas(deltasByType(arm("base", 10), arm("sft", 20))).data[0]!.text).toEqual([
      "+38.5 ▲",
      "+38.5 ▲",
    ]);
  });

  test("a type that got worse beyond chance is named a regression", () => {
    const ids = Array.from({ length: 40 }, (_, i) => `${i}`);
    const good = { name: "sft", details: ids.map((id) => detail(id, true)) };
    const bad = { name: "sft_grpo", details: ids.map((id) => detail(id, Number(id) % 4 === 0)) };
    const figure = deltas(deltasByType(good, bad));
    expect(figure.data[0]!.text).toEqual(["−75.0 ▼ regression", "−75.0 ▼ regression"]);
    expect(title(figure)).toContain("SFT → SFT + GRPO");
    expect(title(deltas(deltasByType(good, good)))).toContain("no regression beyond chance");
  });
});

test("an ablation says how many of its questions were sampled, where not all were", () => {
  const part = { ...summary, arms: summary.arms.map((arm) => ({ ...arm, sampledN: 50 })) };
  expect(title(ablation(part))).toContain("n = 200 test questions, 50 of them sampled and put to the vote");
  expect(ablationTable(part).text).toContain("n sampled");
  const whole = { ...summary, arms: summary.arms.map((arm) => ({ ...arm, sampledN: 200 })) };
  for (const all of [whole, summary]) {
    expect(title(ablation(all))).toContain("n = 200 test questions · profile");
    expect(ablationTable(all).text).not.toContain("n sampled");
  }
});
