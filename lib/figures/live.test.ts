import { describe, expect, test } from "vitest";
import { lossCurve } from "./curves.ts";
import { passCurve } from "./passes.ts";
import { rewardByComponent } from "./reward.ts";
import { runPanels } from "./run-panels.ts";
import type { Figure } from "./theme.ts";
import { metrics } from "../testing/example-runs.ts";
import { title } from "../testing/figure-parts.ts";
import type { Underway } from "../run/progress.ts";

const going = (change: Partial<Underway> = {}): Underway => ({
  ...{ status: "running", step: 34, totalSteps: 100, start: { device: "cpu" } as Underway["start"] },
  ...{ created: new Date().toISOString(), config: { profile: "tiny" } },
  metrics: metrics(34, { loss: () => 0.5, secondsPerStep: () => 0.5 }),
  ...change,
});
const starting = going({ start: null, step: 0, totalSteps: 0, metrics: metrics(0, {}) });
const noteOf = (figure: Figure) => (figure.layout.annotations as { text: string }[])[0]!.text;
const axis = (figure: Figure) => figure.layout.xaxis as { range?: number[]; domain?: number[] };

describe("the curve of a run that goes on", () => {
  test("says before the first step what it waits for", () => {
    expect(noteOf(lossCurve([{ ...starting, name: "sft" }]))).toMatch(/^Starting Python and torch/);
    expect(noteOf(rewardByComponent([], { run: starting }))).toMatch(/^Starting Python and torch/);
    expect(noteOf(runPanels([{ ...starting, name: "sft" }], "sft"))).toMatch(/^Starting Python and torch/);
  });

  test("says how far it is, on an axis that reaches to the last step", () => {
    const figure = lossCurve([{ ...going(), name: "sft" }]);
    expect(title(figure)).toContain("SFT: 34 of 100 steps · 0.5 s a step · 0:33 left");
    expect(axis(figure).range).toEqual([0, 101]);
    const label = "SFT, epochs 100, batchSize 3, learningRate 0.0005, maxLength 200, saveSteps 400";
    const long = title(lossCurve([{ ...going(), name: "sft", label }]));
    expect(long).toContain("learningRate 0.0005, maxLengt…: 34 of 100 steps · 0.5 s a step · 0:33 left");
    const done = lossCurve([{ ...going({ status: "done" }), name: "sft" }]);
    expect(title(done)).toContain("SFT: 34 steps");
    expect(axis(done).range).toEqual([0, 101]);
  });

  test("beside one that is done: what it waits for stands above the other's curve", () => {
    const done = { ...going({ status: "done" }), name: "sft" };
    expect(title(lossCurve([done, { ...starting, name: "sft", label: "slow" }]))).toMatch(
      /SFT: 34 steps.*Starting Python and torch/,
    );
  });
});

test("passes over the same questions: how far the run is, once for all its lines", () => {
  const samples = [
    { step: 1, samples: [{ id: "q", group: 0, completion: "", tokens: 5, advantage: 0 }] },
  ].map(({ step, samples }) => ({
    step,
    samples: samples.map((answer) => ({ ...answer, reward: 1, rewards: { accuracy: 1 } })),
  }));
  const lines = (run: Underway, of: typeof samples) => [
    { ...run, samples: of, label: "paid", measure: "reward" },
    { ...run, samples: of, label: "right", measure: "accuracy", again: true },
  ];
  const options = { title: "Passes", yTitle: "share" };
  expect(noteOf(passCurve(lines(starting, []), options))).toMatch(/^Starting Python/);
  expect(title(passCurve(lines(going(), samples), options)).match(/34 of 100 steps/g)).toHaveLength(1);
  expect(title(passCurve(lines(going({ status: "done" }), samples), options))).toContain("bars: 95 %");
});

describe("the reward of a run that goes on", () => {
  const hostile = "<think>\n<img src=x onerror=alert(1)>\n</think>";
  const answer = { id: "q", group: 0, reward: 0.3, rewards: { format: 1 }, completion: hostile };
  const questions = [{ id: "q", prompt: "What is <b>ROE</b>?" }];
  const draw = (run: Underway) => rewardByComponent([{ step: 34, samples: [answer] }], { run, questions });

  test("has one answer beside it, as text that nothing reads as markup", () => {
    const text = noteOf(draw(going()));
    expect(text).toContain("step 34, an answer paid 0.3");
    expect(text).toContain("What is &lt;b&gt;ROE&lt;/b&gt;?");
    expect(text).toContain("&lt;img src=x onerror=alert(1)&gt;");
    expect(text.replace(/<\/?(?:b|i|br)>/g, "")).not.toMatch(/</);
    expect(axis(draw(going())).domain![1]).toBeLessThan(0.7);
  });

  test("has the whole width when it is done", () => {
    const done = draw(going({ status: "done" }));
    expect(done.layout.annotations).toBeUndefined();
    expect(axis(done).domain).toBeUndefined();
  });
});

describe("runs over each other", () => {
  const columns = { reward: () => 0.5, kl: () => 0.1, frac_reward_zero_std: () => 0.25, entropy: () => 1 };
  const run = (label: string) => ({
    ...{ ...going({ status: "done" }), metrics: metrics(5, columns) },
    ...{ name: "sft_grpo", label },
  });
  const figure = runPanels([run("a"), run("b")], "grpo");

  test("four panels of GRPO; the share of silent groups in per cent", () => {
    expect(new Set(figure.data.map((trace) => trace.yaxis))).toEqual(new Set(["y", "y2", "y3", "y4"]));
    const silent = figure.data.find((trace) => trace.yaxis === "y3")!;
    expect(silent.y).toEqual([25, 25, 25, 25, 25]);
  });

  test("one colour a run in all panels, and one line in the legend", () => {
    const colours = Map.groupBy(figure.data, (trace) => trace.name);
    for (const traces of colours.values())
      expect(new Set(traces.map((trace) => (trace.line as { color: string }).color)).size).toBe(1);
    expect(figure.data.filter((trace) => trace.showlegend).map((trace) => trace.name)).toEqual(["a", "b"]);
  });

  test("a run that logs no KL is named by another panel", () => {
    const without = { ...run("no kl"), metrics: metrics(5, { entropy: () => 1 }) };
    const drawn = runPanels([without, run("b")], "grpo");
    expect(
      drawn.data
        .filter((trace) => trace.showlegend)
        .map((trace) => trace.name)
        .sort(),
    ).toEqual(["b", "no kl"]);
  });
});
