import { describe, expect, test } from "vitest";
import { lossCurve, rewardCurve } from "./curves.ts";
import { rewardByComponent } from "./reward.ts";
import { klAndEntropy } from "./run-panels.ts";
import { censusHistogram, noSignalShare } from "./signal.ts";
import { takeCensus } from "../train/census.ts";
import { metrics } from "../testing/example-runs.ts";
import { title } from "../testing/figure-parts.ts";

describe("training curves", () => {
  test("two runs are drawn over each other, each with a raw and a strong line", () => {
    const loss = metrics(40, { loss: (t) => 1 - t });
    const figure = lossCurve([
      { name: "sft", metrics: loss },
      { name: "sft", metrics: loss, label: "lr 3e-3" },
    ]);
    expect(figure.data.length).toBe(4);
    expect(figure.data.filter((trace) => trace.showlegend !== false).map((trace) => trace.name)).toEqual([
      "SFT",
      "lr 3e-3",
    ]);
  });

  test("two runs of one arm do not share a colour", () => {
    const loss = metrics(40, { loss: (t) => 1 - t });
    const colours = lossCurve([
      { name: "sft", metrics: loss },
      { name: "sft", metrics: loss, label: "again" },
    ]).data.map((trace) => (trace.line as { color: string }).color);
    expect(new Set(colours).size).toBe(2);
  });

  test("a step that broke is marked, not drawn as 0", () => {
    const figure = lossCurve([
      { name: "sft", metrics: metrics(3, { loss: (t) => (t > 0.9 ? Number.NaN : 1) }) },
    ]);
    expect(figure.data[0]!.y).toEqual([1, 1, null]);
    expect(figure.layout.shapes).toEqual([expect.objectContaining({ x0: 3 })]);
  });

  test("a metric that some steps did not log has no points there", () => {
    const figure = rewardCurve([
      { name: "sft_grpo", metrics: metrics(4, { reward: (t) => (t === 0.5 ? null : t) }) },
    ]);
    expect(figure.data[0]!.x).toEqual([1, 3, 4]);
  });

  test("KL and entropy stand over the same steps, and a step far above the mean leaves the frame", () => {
    const spiked = metrics(40, { kl: (t) => (t === 0.5 ? 9 : 0.01), entropy: () => 0.02 });
    const { data, layout } = klAndEntropy({ name: "sft_grpo", metrics: spiked });
    expect(data.map(({ mode, yaxis }) => [mode, yaxis])).toEqual([
      ["markers", "y"],
      ["lines", "y"],
      ["markers", "y2"],
      ["lines", "y2"],
    ]);
    const kl = Math.max(...(data[1]!.y as number[]));
    expect(layout.yaxis).toMatchObject({ range: [0, 1.5 * kl] });
    expect(kl).toBeLessThan(9);
    expect(layout.showlegend).toBe(false);
  });

  test("a short run's steps are whole numbers on the axis, a long one's are Plotly's choice", () => {
    const axis = (steps: number) =>
      lossCurve([{ name: "sft", metrics: metrics(steps, { loss: () => 2 }) }]).layout.xaxis;
    expect(axis(3)).toMatchObject({ dtick: 1, rangemode: "tozero" });
    expect(axis(40)).not.toHaveProperty("dtick");
  });

  test("one step is a point that can be seen", () => {
    expect(lossCurve([{ name: "sft", metrics: metrics(1, { loss: () => 2 }) }]).data[0]!.mode).toBe(
      "markers",
    );
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
    const drawn = Object.fromEntries(
      rewardByComponent([step]).data.map((trace) => [trace.name, (trace.y as number[])[0]]),
    );
    expect(drawn).toEqual({ format: 1, accuracy: 0.75, total: expect.closeTo(0.825, 9) });
  });

  test("of a short run the first fifth is one of its groups, as the sentence below the figure has it", () => {
    const steps = Array.from({ length: 5 }, (_, i) => ({
      step: i + 1,
      samples: Array.from({ length: 8 }, (__, j) =>
        sample(j, 1, Number(8 * i + j >= 32 || (i === 1 && j > 0))),
      ),
    }));
    const six = [...steps, { step: 6, samples: [sample(0, 1, 0), sample(1, 1, 0)] }];
    expect(title(rewardByComponent(six))).toContain("total 0.30 in the first fifth, 0.82 in the last");
  });

  test("equal rewards carry no signal", () => {
    expect(title(noSignalShare([{ name: "sft_grpo", samples: [step] }]))).toContain(
      "n = 2 groups, 1 without signal (50.0 %)",
    );
  });

  test("the census of 4 answers at p = 0.9 predicts 65.6 % without gradient", () => {
    const rights = [4, 4, 4, 4, 4, 4, 3, 3, 3, 3];
    const figure = censusHistogram(
      takeCensus(rights.map((right, i) => ({ id: `q${i}`, type: "financial_concept", right, answers: 4 }))),
    );
    expect(title(figure)).toContain("p = 0.90 · no gradient: 60.0 %, binomial says 65.6 %");
    expect(figure.layout.xaxis).toMatchObject({
      ticktext: [0, 0, 0, 4, 6].map((n, i) => `${i}<br><b>${n}</b>`),
    });
  });
});
