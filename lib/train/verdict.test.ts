import { describe, expect, test } from "vitest";
import { watchedRun } from "../testing/watched-run.ts";
import type { WatchedShape } from "../testing/watched-run.ts";
import { readVerdicts } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

const verdictsOf = (shape: WatchedShape, seed = "a", steps = 60): Verdict[] =>
  readVerdicts(watchedRun(seed, steps, shape)).map(({ verdict }) => verdict);

describe("the verdict of a run", () => {
  test("comes with the second probe", () => {
    const run = watchedRun("a", 60, { right: () => 0.5 });
    expect(readVerdicts({ ...run, probes: run.probes.slice(0, 1) })).toEqual([]);
    expect(readVerdicts({ ...run, probes: [] })).toEqual([]);
    expect(readVerdicts(run).map(({ step }) => step)).toEqual([
      5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60,
    ]);
  });

  test("right answers rise and pay with them: learning, and never a hack on the way", () => {
    const verdicts = verdictsOf({ right: (t) => 0.4 + 0.35 * t });
    expect(verdicts.at(-1)).toBe("learning");
    expect(verdicts).not.toContain("hack");
  });

  test("pay rises and right answers stay: a hack, before half of the run", () => {
    const verdicts = verdictsOf({ right: () => 0.5, paid: (right, t) => 0.3 + 0.7 * right + 2 * t });
    expect(verdicts.slice(0, 6)).toContain("hack");
  });

  test("pay rises and right answers sink: a hack", () => {
    const verdicts = verdictsOf({ right: (t) => 0.6 - 0.5 * t, paid: (right, t) => right - 8 + 6 * t });
    expect(verdicts.at(-1)).toBe("hack");
  });

  test("the scale of the reward does not count", () => {
    const shape = (scale: number): WatchedShape => ({
      right: () => 0.5,
      paid: (right, t) => scale * (right + 2 * t),
    });
    expect(verdictsOf(shape(1))).toContain("hack");
    expect(verdictsOf(shape(1000))).toContain("hack");
  });

  test("entropy and texts go, right answers do not come: collapse", () => {
    const shape = { texts: (t: number) => (t < 0.5 ? 5 - 8 * t : 1), entropy: (t: number) => 0.05 * (1 - t) };
    const called = ["a", "b", "c", "d", "e"].map((seed) => verdictsOf({ ...shape, right: () => 0.4 }, seed));
    expect(called.filter((verdicts) => verdicts.at(-1) === "collapse").length).toBeGreaterThanOrEqual(4);
    // What is learned needs no variety.
    expect(verdictsOf({ ...shape, right: (t) => 0.3 + 0.6 * t })).not.toContain("collapse");
  });

  test("where nothing moves at most one run in twenty is ever called anything", () => {
    const called = Array.from({ length: 60 }, (_, i) =>
      verdictsOf({ right: () => 0.5 }, `still ${i}`, 40).some((verdict) => verdict !== "nothing"),
    );
    // 3 of 60 are the level's bound for each verdict; the tests are exact or conservative.
    expect(called.filter(Boolean).length).toBeLessThanOrEqual(3);
  });

  test("a sound run that learns slowly is not called a hack", () => {
    const called = Array.from({ length: 60 }, (_, i) =>
      verdictsOf({ right: (t) => 0.5 + 0.15 * t }, `slow ${i}`, 40).includes("hack"),
    );
    expect(called.filter(Boolean).length).toBeLessThanOrEqual(1);
  });

  test("learned in training alone, it says so", () => {
    const rising = watchedRun("a", 60, { right: (t) => 0.4 + 0.35 * t });
    const probes = rising.probes.map((probe) => ({ ...probe, answers: rising.probes[0]!.answers }));
    expect(readVerdicts({ ...rising, probes }).at(-1)!.sentence).toMatch(
      /^Learning: right answers rise in training; of 64 held-out/,
    );
    expect(readVerdicts(rising).at(-1)!.sentence).toMatch(/^Learning: of 64 held-out questions/);
  });

  test("says in one sentence on what it rests", () => {
    const [first] = readVerdicts(watchedRun("a", 60, { right: () => 0.5 }));
    expect(first!.sentence).toMatch(/^Nothing to call yet: of 64 held-out questions [\d.]+ % were/);
  });
});
