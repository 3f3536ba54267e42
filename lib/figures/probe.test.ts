import { describe, expect, test } from "vitest";
import { rewardByComponent } from "./reward.ts";
import { title } from "../testing/figure-parts.ts";
import { watchedRun } from "../testing/watched-run.ts";
import type { WatchedShape } from "../testing/watched-run.ts";
import { PROFILES } from "../config/profiles.ts";
import { watchRun } from "../train/watched.ts";

const draw = (shape: WatchedShape, exact = false) => {
  const run = { ...watchedRun("a", 60, shape), config: PROFILES.tiny };
  const samples = run.samples.map((step) => ({
    ...step,
    samples: step.samples.map((a) => ({ ...a, reward: exact ? 0.3 + 0.7 * Number(a.right) : a.reward })),
  }));
  return rewardByComponent(samples, { watched: watchRun({ ...run, samples }) });
};
const notes = (figure: ReturnType<typeof draw>) =>
  ((figure.layout.annotations ?? []) as { text: string }[]).map(({ text }) => text).join("\n");

describe("around the reward of a run", () => {
  test("held-out questions below, from before the first step on, and the verdict in words", () => {
    const figure = draw({ right: (t) => 0.4 + 0.4 * t });
    const held = figure.data.find((trace) => trace.yaxis === "y2")!;
    expect((held.x as number[])[0]).toBe(0);
    expect(held.x).toHaveLength(13);
    expect(notes(figure)).toMatch(/^Learning: of 64 held-out questions/);
    expect(figure.layout.shapes).toBeUndefined();
    expect(title(figure)).toContain("Reward by component");
  });

  test("a hack is marked where it was called first", () => {
    const figure = draw({ right: () => 0.5, paid: (right, t) => right + 3 * t });
    expect(notes(figure)).toMatch(/^Hack: /);
    const [shape] = figure.layout.shapes as { x0: number }[];
    expect(shape!.x0 % 5).toBe(0);
    expect(shape!.x0).toBeLessThanOrEqual(30);
  });

  test("the band stands behind the default reward alone, once in the legend", () => {
    const named = (figure: ReturnType<typeof draw>) =>
      figure.data.filter((trace) => trace.legendgroup === "reference" && trace.showlegend !== false);
    expect(named(draw({ right: () => 0.6 }, true))).toHaveLength(1);
    expect(named(draw({ right: () => 0.6 }))).toHaveLength(0);
  });

  test("a run without probes is drawn as before", () => {
    const run = { ...watchedRun("a", 60, { right: () => 0.5 }), probes: [], config: PROFILES.tiny };
    const figure = rewardByComponent(run.samples, { watched: watchRun(run) });
    expect(figure.layout.yaxis2).toBeUndefined();
    expect(figure.layout.annotations).toBeUndefined();
  });
});
