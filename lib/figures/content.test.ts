/** What each figure draws, on rows small enough to count by hand. */
import { describe, expect, test } from "vitest";
import { takeCensus } from "../train/census.ts";
import * as f from "./index.ts";
import { funnelOf } from "../filter/funnel.ts";
import type { EvalDetail } from "../records.ts";
import { metrics } from "../testing/example-figures.ts";

const title = (figure: f.Figure) => (figure.layout.title as { text: string }).text;
const menu = (figure: f.Figure) =>
  (figure.layout.updatemenus as { buttons: { label: string; args: [Record<string, unknown[][]>, Record<string, string>] }[] }[])[0]!.buttons;
const rows = (...types: string[]) => types.map((type) => ({ type }));

describe("progress", () => {
  test("verdicts without a token count are drawn without an axis of tokens", () => {
    const figure = f.distillProgress({ total: 4, done: 2, failed: 0, tokensPerSecond: null, etaSeconds: 3, history: [{ seconds: 1, done: 2, tokensPerSecond: null }] }, { title: "Verdicts on disk", unit: "verdicts" });
    expect(figure.data.map((trace) => trace.name)).toEqual(["verdicts"]);
    expect(figure.layout.yaxis2).toBeUndefined();
    expect(title(figure)).toContain("Verdicts on disk");
  });
});

describe("preparation", () => {
  test("bars are shares of their own set, so that sets of different size compare", () => {
    const [before, after, asked] = f.typeBars(
      rows("financial_concept", "financial_concept", "financial_analysis", "financial_analysis"),
      rows("financial_concept"),
      { financial_concept: 1 },
    ).data;
    expect(before!.y).toEqual([50, 50]);
    expect(after!.y).toEqual([100, 0]);
    expect(after!.text).toEqual(["1", "0"]);
    expect(asked!.y).toEqual([100]);
  });

  test("a source with nothing but rows set aside is still a bar", () => {
    const figure = f.sourceBars(
      [{ source: "a" }],
      [
        { source: "b", reason: "no_gold" },
        { source: "b", reason: "no_gold" },
      ],
    );
    expect(figure.data.map((trace) => [trace.name, trace.y, trace.x])).toEqual([
      ["kept", ["a", "b"], [1, 0]],
      ["set aside: no gold", ["a", "b"], [0, 2]],
    ]);
  });

  test("many reasons are put together, and no row is lost", () => {
    const setAside = Array.from({ length: 9 }, (_, i) => ({ source: "s", reason: `r${i}` }));
    const drawn = f.sourceBars([], setAside).data.flatMap((trace) => trace.x as number[]);
    expect(drawn.reduce((a, b) => a + b, 0)).toBe(9);
  });

  test("a length equal to the limit fits", () => {
    expect(title(f.lengthHistogram([191, 192, 193], { title: "Length", unit: "tokens", limit: 192, beyond: "set aside" }))).toContain("1 set aside (33.3 %)");
  });

  test("a limit far beyond the data does not squeeze the bars", () => {
    const { range } = f.lengthHistogram([10, 20], { title: "Length", unit: "tokens", limit: 2048 }).layout.xaxis as { range: [number, number] };
    expect(range[1]).toBeLessThan(30);
  });

  test("each slice of the lengths has bins of its own, and its menu entry counts its own long questions", () => {
    const short = Array.from({ length: 50 }, (_, i) => ({ type: "financial_concept", source: "mine", tokens: 20 + i }));
    const figure = f.questionLengths([...short, { type: "financial_analysis", source: "filings", tokens: 3000 }], 60);
    expect(title(figure)).toContain("10 over the limit of 60");
    const [all, , analysis, , filings] = menu(figure);
    expect([all!.label, analysis!.label, filings!.label]).toEqual(["all questions", "type: analysis", "source: filings"]);
    const mine = menu(figure).find((entry) => entry.label === "source: mine")!;
    expect(mine.args[1]["title.text"]).toContain("9 over the limit of 60");
    expect(Math.max(...(mine.args[0].x![0] as number[]))).toBeLessThan(100);
    expect((mine.args[0].y as number[][]).flat().reduce((a, b) => a + b, 0)).toBe(50);
  });

  test("duplicates whose golds differ come first", () => {
    const view = f.duplicatesTable(
      [
        { id: "b", of: "a", goldDiffers: false },
        { id: "d", of: "c", goldDiffers: true },
      ],
      [{ id: "a", question: "What?" }],
    );
    expect(view.text.indexOf("d ")).toBeLessThan(view.text.indexOf("b "));
    expect(view.text).toContain("What?");
  });
});

describe("distillation", () => {
  test("yield is per type: usable and failed add up to 100 %", () => {
    const figure = f.yieldByType([
      { type: "financial_concept", failure: null },
      { type: "financial_concept", failure: null },
      { type: "financial_concept", failure: "length" },
    ]);
    expect(figure.data.map((trace) => (trace.x as number[])[0])).toEqual([expect.closeTo(66.67, 1), expect.closeTo(33.33, 1)]);
  });
});

describe("filter", () => {
  const fates = [
    { layer: "format", reason: "two_answers", type: "financial_concept", source: "a" },
    { layer: "judge", reason: null, type: "financial_concept", source: "a" },
    { layer: "judge", reason: "low_score", type: "financial_analysis", source: "b" },
    { layer: "judge", reason: null, type: "financial_analysis", source: "b" },
  ];

  test("what one layer lets through is what comes into the next", () => {
    const [kept, dropped] = f.funnel(funnelOf(fates, ["format", "judge"])).data;
    expect(kept!.x).toEqual([3, 2]);
    expect(dropped!.x).toEqual([1, 1]);
    expect(title(f.funnel(funnelOf(fates, ["format", "judge"])))).toContain("2 left after 2 layers (50.0 %)");
  });

  test("a layer that the config skips says so", () => {
    const notes = f.funnel(funnelOf(fates.slice(1, 2), ["format", "judge"], ["judge"])).layout.annotations as { text: string }[];
    expect(notes[1]!.text).toBe("skipped by the config");
  });

  test("slicing by source leaves the other source's drops out", () => {
    const figure = f.funnelByReason(fates);
    const slice = menu(figure).find((button) => button.label === "source: a")!;
    expect(slice.args[0].x!.flat().reduce((a, b) => Number(a) + Number(b), 0)).toBe(1);
    expect(slice.args[1]["title.text"]).toContain("n = 2 rows");
  });
});

describe("judge", () => {
  test("the mark itself passes, an unreadable verdict never does", () => {
    const figure = f.judgeThreshold(
      [
        { points: 12, good: true },
        { points: 11, good: false },
        { points: null, good: true },
      ],
      { pass: 12 },
    );
    expect(title(figure)).toContain("1 kept (33.3 %)");
    expect(title(figure)).toContain("1 unreadable");
    expect(title(figure)).toContain("precision 100 %");
  });

  test("a criterion nobody judged is a gap in the heat map, not a 0", () => {
    const figure = f.judgeHeatmap([{ criterion: "logic", label: "none", value: null, n: 0 }]);
    expect(figure.data[0]!.z).toEqual([[null]]);
    expect((figure.layout.annotations as { text: string }[])[0]!.text).toBe("–");
  });
});

describe("training curves", () => {
  test("two runs are drawn over each other, each with a raw and a strong line", () => {
    const loss = metrics(40, { loss: (t) => 1 - t });
    const figure = f.lossCurve([
      { name: "sft", metrics: loss },
      { name: "sft", metrics: loss, label: "lr 3e-3" },
    ]);
    expect(figure.data.length).toBe(4);
    expect(figure.data.filter((trace) => trace.showlegend !== false).map((trace) => trace.name)).toEqual(["SFT", "lr 3e-3"]);
  });

  test("two runs of one arm do not share a colour", () => {
    const loss = metrics(40, { loss: (t) => 1 - t });
    const colours = f
      .lossCurve([
        { name: "sft", metrics: loss },
        { name: "sft", metrics: loss, label: "again" },
      ])
      .data.map((trace) => (trace.line as { color: string }).color);
    expect(new Set(colours).size).toBe(2);
  });

  test("a step that broke is marked, not drawn as 0", () => {
    const figure = f.lossCurve([{ name: "sft", metrics: metrics(3, { loss: (t) => (t > 0.9 ? Number.NaN : 1) }) }]);
    expect(figure.data[0]!.y).toEqual([1, 1, null]);
    expect(figure.layout.shapes).toEqual([expect.objectContaining({ x0: 3 })]);
  });

  test("a metric that some steps did not log has no points there", () => {
    const figure = f.klCurve([{ name: "sft_grpo", metrics: metrics(4, { kl: (t) => (t === 0.5 ? null : t) }) }]);
    expect(figure.data[0]!.x).toEqual([1, 3, 4]);
  });

  test("one step is a point that can be seen", () => {
    expect(f.lossCurve([{ name: "sft", metrics: metrics(1, { loss: () => 2 }) }]).data[0]!.mode).toBe("markers");
  });
});

describe("rewards", () => {
  const sample = (group: number, format: number, accuracy: number) => ({
    group,
    reward: 0.3 * format + 0.7 * accuracy,
    rewards: { format, accuracy, total: 0.3 * format + 0.7 * accuracy },
  });
  const step = { step: 1, samples: [sample(0, 1, 1), sample(0, 1, 0), sample(1, 1, 1), sample(1, 1, 1)] };

  test("components are means over the step's completions", () => {
    const drawn = Object.fromEntries(f.rewardByComponent([step]).data.map((trace) => [trace.name, (trace.y as number[])[0]]));
    expect(drawn).toEqual({ format: 1, accuracy: 0.75, total: expect.closeTo(0.825, 9) });
  });

  test("0.3 · 1 + 0.7 · 1 is one level, however it was rounded", () => {
    const figure = f.rewardDistribution([step]);
    expect(figure.data.filter((trace) => trace.type === "bar").map((trace) => [trace.name, trace.y])).toEqual([
      ["reward 0.3", [25]],
      ["reward 1", [75]],
    ]);
  });

  test("equal rewards carry no signal", () => {
    expect(title(f.noSignalShare([{ name: "sft_grpo", samples: [step] }]))).toContain("n = 2 groups, 1 without signal (50.0 %)");
  });

  test("the census of 4 answers at p = 0.9 predicts 65.6 % without gradient", () => {
    const rights = [4, 4, 4, 4, 4, 4, 3, 3, 3, 3];
    const figure = f.censusHistogram(takeCensus(rights.map((right, i) => ({ id: `q${i}`, type: "financial_concept", right, answers: 4 }))));
    expect(title(figure)).toContain("p = 0.90 · no gradient: 60.0 %, binomial says 65.6 %");
  });
});

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
    const figure = f.accuracyByType([{ name: "sft", details: [detail("1", true), detail("2", true), detail("3", false), detail("4", true)] }]);
    expect((figure.data[0]!.y as number[])[0]).toBe(0.75);
    // Wilson 3 of 4: [0.3006, 0.9544]
    const { array, arrayminus } = figure.data[0]!.error_y as { array: number[]; arrayminus: number[] };
    expect([0.75 - arrayminus[0]!, 0.75 + array[0]!]).toEqual([expect.closeTo(0.3006, 3), expect.closeTo(0.9544, 3)]);
  });

  test("the menu narrows to a source and n follows", () => {
    const details = [detail("1", true), detail("2", false, { source: "b" }), detail("3", false, { source: "b" })];
    const only = menu(f.accuracyByType([{ name: "sft", details }])).find((button) => button.label.endsWith("only b"))!;
    expect(only.args[0].y![0]![0]).toBe(0);
    expect(only.args[1]["title.text"]).toContain("n = 2 questions");
  });

  test("failures to read show each reason once before any comes twice", () => {
    const details = ["1", "2", "3"].map((id) => detail(id, false)).concat(detail("4", false, { reason: "no_answer_block" }));
    const view = f.failureSamples(details, [{ id: "1", prompt: "Why <b>?", gold_answer: "6" }], 2);
    expect(view.html).toContain("no_answer_block");
    expect(view.html).toContain("Why &lt;b&gt;?");
    expect(view.html).not.toContain("Why <b>");
  });

  test("a type that got worse beyond chance is named a regression", () => {
    const ids = Array.from({ length: 40 }, (_, i) => `${i}`);
    const good = { name: "sft", details: ids.map((id) => detail(id, true)) };
    const bad = { name: "sft_grpo", details: ids.map((id) => detail(id, Number(id) % 4 === 0)) };
    const figure = f.deltas(f.deltasByType(good, bad));
    expect(figure.data[0]!.text).toEqual(["−75.0 ▼ regression", "−75.0 ▼ regression"]);
    expect(title(figure)).toContain("SFT → SFT + GRPO");
    expect(title(f.deltas(f.deltasByType(good, good)))).toContain("no regression beyond chance");
    const [all, concept] = f.deltasByType(good, bad).map((delta) => ({ ...delta, metric: "accuracy" as const, p: 0 }));
    expect(f.deltas(f.deltasOf([{ a: "sft", b: "sft_grpo", metrics: [all!], byType: { financial_concept: concept! } }]))).toEqual(figure);
  });
});
