import { describe, expect, test } from "vitest";
import { around, BETTER, OPEN, result, variant, WORSE } from "../testing/kept-results.ts";
import { keptGrpo } from "./kept-grpo.ts";
import type { KeptResult, KeptVariant } from "./kept-result.ts";

const read = (grpo: KeptVariant[], more: Partial<KeptResult> = {}) =>
  keptGrpo(result([variant("default"), ...grpo], more)).reading;

describe("kept GRPO runs", () => {
  test("a row a recipe, with eight columns at most, and the start before them", () => {
    const { rows, caption } = keptGrpo(
      result(
        [
          variant("default"),
          variant("DAPO", { settings: { "grpo.loss": "dapo" }, difference: OPEN, clipped: 0.0004, kl: null }),
          variant("on-policy distillation", {
            difference: WORSE,
            clipped: null,
            silent: null,
            entropy: null,
          }),
        ],
        { start: { right: around(0.75), gain: BETTER } },
      ),
    );
    expect(caption).toBe(
      "3 recipes from one SFT model: 50 batches of 8 × 8 answers each, one step a batch unless the row " +
        "says otherwise; 2 seeds where the row names no other number, each held against the first recipe's " +
        "same seed; 1,000 test questions a seed, greedy, read leniently, 95 % intervals. KL, entropy and " +
        "silent groups: of the last fifth; clipped: of all updates. " +
        "npm run bench:variants, 2026-01-02",
    );
    expect(rows.every((row) => Object.keys(row).length <= 8)).toBe(true);
    expect(rows[0]).toMatchObject({ recipe: "SFT model", "points to default": "−5.0 [−8.0, −2.0]" });
    expect(rows[1]).toMatchObject({ "what is different": "nothing", clipped: "0 %" });
    expect(rows[2]).toEqual({
      recipe: "DAPO",
      "what is different": "loss dapo",
      "right (%)": "80.0 [78.0, 82.0]",
      "points to default": "+0.4 [−1.0, +1.8]",
      KL: "–",
      entropy: "0.020",
      clipped: "< 0.1 %",
      "silent groups": "20.0 %",
    });
    expect(rows[3]!["what is different"]).toBe("the Teacher's word, no reward; 50 steps");
  });

  test("what the first recipe gains on its start has three outcomes", () => {
    const of = (gain: KeptVariant["difference"]) => read([], { start: { right: around(0.75), gain: gain! } });
    expect(of(BETTER)).toContain("75.0 [73.0, 77.0] → 80.0 [78.0, 82.0] % right, +5.0 [+2.0, +8.0] points");
    expect(of(BETTER)).toContain("it has learned something");
    expect(of(WORSE)).toContain("**it has lost something**");
    expect(of(OPEN)).toContain("nothing that could be told");
  });

  test("who is better, who is worse, and whom these questions cannot tell apart", () => {
    const said = read([
      variant("a", { difference: BETTER }),
      variant("b", { difference: WORSE }),
      variant("c", { difference: OPEN }),
      variant("d", { difference: OPEN }),
    ]);
    expect(said).toContain("**Better than default:** a +5.0 [+2.0, +8.0], p = 0.001.");
    expect(said).toContain("**Worse:** b −5.0 [−8.0, −2.0], p < 0.001.");
    expect(said).toContain("**Not told apart:** c; d. Their intervals reach from −1.0 to +1.8 points");
    expect(said).toContain("Of 4 comparisons at the 5 % level about 0.2 would");
    expect(read([variant("a", { difference: WORSE, seeds: [1] })])).toContain(
      "**From one seed, which decides little:** a (1 seed) −5.0 [−8.0, −2.0], p < 0.001. Another training",
    );
    expect(read([variant("c", { difference: OPEN })])).toContain("**No recipe is better than default**");
    expect(read([])).toContain("Nothing is there yet");
    expect(keptGrpo(result([])).reading).toContain("nothing to hold the others against");
  });

  test("what has broken is told by what became of it, and what ended early by its cause", () => {
    const difference = { delta: -0.7, low: -0.73, high: -0.67, p: 0 };
    const broken = { right: around(0.1), difference, tokens: 90, entropy: 0.5, silent: 0.9 };
    const start = { right: around(0.75), gain: BETTER };
    expect(read([variant("too fast", broken)])).toContain("**Far behind:** too fast (10.0 [8.0, 12.0] %");
    expect(read([variant("too fast", broken)], { start })).toContain(
      "**What SFT taught is unlearned:** too fast (10.0 [8.0, 12.0] % right, 90 tokens an answer, entropy " +
        "0.500, 90.0 % of the groups silent); the first recipe has 80.0 [78.0, 82.0] % right, 50 tokens an " +
        "answer, entropy 0.020, 20.0 % of the groups silent. Their entropy is *higher*, so this is **no " +
        "entropy collapse**",
    );
    expect(read([variant("one answer", { ...broken, entropy: 0.001 })])).toContain("**entropy collapse**");
    expect(read([variant("unknown", { ...broken, entropy: null })])).not.toContain("entropy is");
    const said = read([variant("x", { right: null, failed: { 2: "the gradient is not finite" } })]);
    expect(said).toContain("**Ended before its last step:** x (seed 2): the gradient is not finite.");
    expect(read([variant("b", { difference: WORSE })])).not.toContain("far behind");
  });

  test("what the KL holds at a high learning rate", () => {
    const fast = { "grpo.learningRate": 7e-3 };
    const of = (withKl: number, without: number) =>
      read([
        variant("f", { settings: fast, right: around(withKl), difference: OPEN }),
        variant("g", { settings: { ...fast, "grpo.beta": 0 }, right: around(without), difference: OPEN }),
      ]);
    const start = { right: around(0.75), gain: BETTER };
    const fallen = variant("f", { settings: fast, right: around(0.4), difference: WORSE });
    const lost = variant("g", {
      settings: { ...fast, "grpo.beta": 0 },
      right: around(0.1),
      difference: WORSE,
    });
    expect(read([fallen, lost], { start })).toContain("**the KL slows the fall**");
    expect(of(0.5, 0.1)).toContain("**the KL holds the policy**: 50.0 [48.0, 52.0] % right with it, 10.0");
    expect(of(0.1, 0.5)).toContain("the KL **costs** right answers");
    expect(of(0.5, 0.51)).toContain("no difference that could be told");
    expect(read([])).not.toContain("high learning rate");
  });

  test("at one update a batch two pairs have one gradient, whether or not the runs end alike", () => {
    const of = (loss: string, bySeed: Record<string, number>) =>
      variant(loss, { settings: { "grpo.loss": loss }, seeds: [1], bySeed, difference: OPEN });
    const said = read([of("dapo", { 1: 0.79 }), of("gspo", { 1: 0.8 }), of("cispo", { 1: 0.796 })]);
    expect(said).toContain("the gain of GSPO has the gradient of GRPO's; with the same seed both");
    expect(said).toContain(
      "the gain of CISPO has the gradient of DAPO's; with the same seed the runs end **0.6 points apart**",
    );
    expect(read([of("gspo", { 1: 0.79 })])).toContain("Its KL is weighted by the whole answer's ratio");
    expect(read([of("gspo", {})])).not.toContain("every ratio is 1");
  });

  test("several updates: what is clipped, and of what", () => {
    const again = { "grpo.updatesPerBatch": 4, "grpo.maxSteps": 200 };
    const said = read([
      variant("4 updates", { settings: again, clipped: 0.0003, secondsPerBatch: 2, difference: OPEN }),
      variant("4 × GSPO", { settings: { ...again, "grpo.loss": "gspo" }, clipped: 0.4, difference: OPEN }),
    ]);
    expect(said).toContain("lay beyond a bound: 4 updates < 0.1 %; 4 × GSPO 40.0 % of answers.");
  });

  test("distillation beside the reward has three outcomes", () => {
    const of = (difference: KeptVariant["difference"]) =>
      read([variant("on-policy distillation", { difference })]);
    expect(of(WORSE)).toContain("From 3,200 answers the reward teaches more");
    expect(of(BETTER)).toContain("the Teacher's word on every token teaches more");
    expect(of(OPEN)).toContain("cannot be told apart: 80.0");
  });
});
