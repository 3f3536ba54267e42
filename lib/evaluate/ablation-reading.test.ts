import { describe, expect, test } from "vitest";
import type { Arm } from "../records.ts";
import type { Run } from "../run/run.ts";
import { orderReading, readAblation } from "./ablation-reading.ts";
import type { ArmPair } from "./ablate.ts";

/**
 * Ten steps of one group of two answers; `format` and `right` say how many keep it and are right, by step.
 */
function runOf(format: (step: number) => number, right: (step: number) => number): Pick<Run, "samples"> {
  const samples = Array.from({ length: 10 }, (_, step) => ({
    step: step + 1,
    samples: [0, 1].map((i) => {
      const rewards = { format: Number(i < format(step)), accuracy: Number(i < right(step)) };
      return { group: 0, reward: 0.3 * rewards.format + 0.7 * rewards.accuracy, rewards };
    }),
  }));
  return { samples } as unknown as Pick<Run, "samples">;
}

describe("what an ablation says", () => {
  test("a run without SFT takes off or not, and where to read how far it got", () => {
    const none = () => 0;
    const two = () => 2;
    const sft = runOf(two, () => 1);
    const silent = { ...runOf(none, none), cause: { code: "no_signal", message: "no group differs" } };
    expect(readAblation.start(silent as typeof sft, sft)).toMatch(/\*\*It has learned nothing:\*\* no group/);
    const later = (step: number) => (step < 4 ? 0 : 2);
    expect(readAblation.start(runOf(none, none), sft)).toMatch(
      /100 % of the groups in the first fifth.*not taken off/,
    );
    expect(readAblation.start(runOf(later, none), sft)).toMatch(/step 5\*\* of 10.*found the \*\*format/);
    expect(readAblation.start(runOf(later, later), sft)).toMatch(
      /100 % are right, against 50 % with SFT: .*the test below says\.$/,
    );
    const sampler = { ...sft, config: { grpo: { dropDeadGroups: true } } } as typeof sft;
    expect(readAblation.start(runOf(later, later), sampler)).toContain("the questions its census kept");
    const once = (step: number) => (step === 4 ? 2 : 0);
    expect(readAblation.start(runOf(once, none), sft)).toMatch(/step 5\*\* of 10.*\*\*not held\*\*/);
    expect(readAblation.start(runOf(later, later))).toMatch(/are right\.$/);
    expect(readAblation.start({ samples: [] })).toContain("no answers");
  });

  test("the honest zero is the highest, read leniently", () => {
    const arm = (name: string, strict: number, lenient: number, n = 1000) =>
      ({
        ...{ name, accuracy: { value: strict }, accuracyLenient: { value: lenient } },
        byType: { financial_concept: { n } },
      }) as unknown as Arm;
    const arms = [arm("base", 0, 0.5), arm("base_prompted", 0, 0.6), arm("sft", 0.7, 0.7)];
    expect(readAblation.zeros({ arms })).toMatch(
      /Base, prompted.*\+70.0 points.*\*\*\+10.0\*\*: the difference is tags and prompt, not better answers/,
    );
    const bare = [arm("base", 0, 0.5), arm("base_prompted", 0, 0.4), arm("sft", 0.7, 0.7)];
    expect(readAblation.zeros({ arms: bare })).toContain("the difference is the tags, not better answers");
    const voted = [...bare, arm("base_majority", 0, 0.6)];
    expect(readAblation.zeros({ arms: voted })).toContain("is tags, prompt and tries, not better answers");
    const tagged = [arm("base", 0.5, 0.5), arm("sft", 0.7, 0.7)];
    expect(readAblation.zeros({ arms: tagged })).toMatch(/\*\*\+20.0\*\*\.$/);
    expect(readAblation.zeros({ arms: [arm("base", 0, 0.5)] })).toContain("best starting point is");
    const vote = [...arms, arm("base_majority", 0, 0.65, 200)];
    expect(readAblation.zeros({ arms: vote })).toMatch(
      /best starting point is \*\*Base, prompted.*Base, majority answers 200 of the 1,000 questions/,
    );
    expect(readAblation.zeros({ arms: [] })).toBe("");
  });

  test("types: better, worse, not decided", () => {
    const row = (group: string, low: number, high: number, p: number) => ({
      ...{ pair: "sft → sft_grpo", group, low, high, p },
    });
    const said = readAblation.byType([
      row("all", 0.1, 0.2, 0.01),
      row("financial_concept", 0.1, 0.2, 0.01),
      row("financial_analysis", -0.2, -0.1, 0.01),
      row("financial_reasoning", -0.1, 0.1, 0.5),
    ]);
    expect(said).toBe(
      "- SFT → SFT + GRPO: better on concept; **worse** on analysis; not decided on reasoning.",
    );
  });

  test("as many decided as by chance are no finding", () => {
    const pair = (p: number) =>
      ({
        ...{ a: "sft", b: "sft_grpo" },
        metrics: [{ metric: "accuracy", n: 10, delta: 0.1, low: p < 0.05 ? 0.05 : -0.1, high: 0.2, p }],
      }) as unknown as ArmPair;
    const chance = Array.from({ length: 20 }, (_, i) => pair(i === 0 ? 0.04 : 0.5));
    expect(readAblation.tests(chance).reading).toMatch(/1 of 20.*about 1\.0.*believe none/);
    expect(readAblation.tests(Array.from({ length: 20 }, () => pair(0.01))).reading).toContain("far more");
  });

  test("arms with the same answers are one arm in the count of comparisons", () => {
    const pair = (a: string, b: string) =>
      ({
        ...{ a, b },
        metrics: [{ metric: "accuracy", n: 10, delta: 0.1, low: 0.05, high: 0.2, p: 0.01 }],
      }) as unknown as ArmPair;
    const pairs = [pair("base", "base_prompted"), pair("base", "sft"), pair("base_prompted", "sft")];
    const said = (completion: string) =>
      ({ details: [{ id: "q", mode: "greedy", sample: 0, completion }] }) as never;
    const count = (prompted: string) =>
      readAblation.tests(pairs, { base: said("5"), base_prompted: said(prompted), sft: said("6") });
    expect(count("5").rows.map(({ step }) => step)).toEqual(["Base → SFT"]);
    expect(count("5").reading).toMatch(/1 of 1 comp.*\(\*Base\* and \*Base, prompted\* gave the same/);
    expect(count("7").rows).toHaveLength(3);
    expect(count("7").reading).not.toContain("one arm");
  });

  test("what was won and lost", () => {
    const some = (n: number) => Array.from({ length: n }, () => ({ type: "financial_concept" }));
    const of = (...steps: [won: number, lost: number][]) =>
      readAblation.changed(
        steps.map(([won, lost], i) => ({
          ...(i === 0 ? { a: "sft", b: "sft_grpo" } : { a: "base", b: "sft" }),
          ...{ gains: some(won), regressions: some(lost) },
        })) as unknown as ArmPair[],
      );
    expect(of([9, 2], [4, 0]).rows).toEqual([
      { step: "SFT → SFT + GRPO", won: 9, lost: 2, "lost in": "concept" },
      { step: "Base → SFT", won: 4, lost: 0, "lost in": null },
    ]);
    expect(of([0, 0]).reading).toBe("No step changed a verdict.");
    expect(of([5, 0]).reading).toBe("Nothing was lost by *SFT → SFT + GRPO*.");
    expect(of([9, 2], [4, 0]).reading).toBe(
      "Nothing was lost by *Base → SFT*; all others lost right answers, too.",
    );
    expect(of([9, 2]).reading).toBe(
      "**No step is free:** the one that changed verdicts also lost right answers.",
    );
    expect(of([9, 2], [2, 5]).reading).toMatch(/all 2 that.*\*\*More lost than won:\*\* \*Base → SFT\*\.$/);
    expect(of([6, 5]).reading).not.toContain("hides");
    expect(of([30, 25]).reading).toMatch(/A small net effect hides many changes in \*SFT → SFT \+ GRPO\*\.$/);
  });

  test("the order of the arms, beside Fin-R1's", () => {
    const arms = [
      { name: "base" as const, average: 65, share: 0.5 },
      { name: "sft" as const, average: 70, share: 0.7 },
    ];
    expect(orderReading(arms)).toBe("Both put the arms in the same order: SFT > Base.");
    expect(orderReading([arms[0]!, { ...arms[1]!, share: 0.4 }])).toContain("ours Base > SFT");
    expect(readAblation.finR1({}).rows).toHaveLength(4);
  });
});
