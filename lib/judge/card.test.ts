import { describe, expect, test } from "vitest";
import { blindnessOf, cardLines, cardRows, judgeCard } from "./card.ts";
import type { JudgedLabel } from "./card.ts";
import type { JudgeStatus } from "./vote.ts";

const judged = (fault: string | null, status: JudgeStatus, logic = 5): JudgedLabel => ({
  fault,
  judgement: {
    id: "x",
    status,
    reason: status === "not_judged" ? "no_json" : "",
    message: "",
    points: status === "not_judged" ? null : 4 * logic,
    scores: status === "not_judged" ? null : { logic },
    votePoints: [],
  },
});
const many = (n: number, row: JudgedLabel): JudgedLabel[] => Array.from({ length: n }, () => row);
const quick = { resamples: 300 };

describe("the judge card", () => {
  test("found faults are positives: 45 of 50 found, 5 of 50 clean ones failed: kappa 0.8", () => {
    const rows = [
      ...many(45, judged("padding", "failed")),
      ...many(5, judged("padding", "passed")),
      ...many(5, judged(null, "failed")),
      ...many(45, judged(null, "passed")),
    ];
    const card = judgeCard(rows, quick);
    expect(card).toMatchObject({
      n: 100,
      judged: 100,
      precision: { value: 0.9 },
      recall: { value: 0.9 },
      falsePositiveRate: { value: 0.1 },
      unreadable: { value: 0 },
      faultsPassed: { value: 0.1 },
      errorRate: { value: 0.1 },
    });
    expect(card.kappa!.value).toBeCloseTo(0.8, 12);
    expect(card.kappa!.low).toBeLessThan(0.8);
    expect(card.kappa!.high).toBeGreaterThan(0.8);
    expect(card.byFault).toMatchObject({ padding: { n: 50, recall: { value: 0.9 } } });
  });

  test("a share of 0 or 1 has an interval with a width, which narrows with n", () => {
    const perfect = (n: number) =>
      judgeCard([...many(n, judged("padding", "failed")), ...many(n, judged(null, "passed"))], quick);
    expect(perfect(300).falsePositiveRate).toEqual({ value: 0, low: 0, high: expect.closeTo(0.0126, 4) });
    expect(perfect(300).recall).toEqual({ value: 1, low: expect.closeTo(0.9874, 4), high: 1 });
    expect(perfect(5).byFault.padding!.recall!.low).toBeCloseTo(0.566, 3);
    expect(perfect(300).unreadable!.high).toBeCloseTo(3.8415 / 603.8415, 4);
  });

  test("a Judge that passes everything has kappa 0, recall 0 and no precision", () => {
    const card = judgeCard(
      [...many(10, judged("padding", "passed")), ...many(10, judged(null, "passed"))],
      quick,
    );
    expect(card).toMatchObject({
      kappa: { value: 0 },
      recall: { value: 0 },
      precision: null,
      faultsPassed: { value: 1 },
    });
  });

  test("unreadable verdicts are counted apart: they are neither found faults nor passes", () => {
    const card = judgeCard(
      [
        judged("padding", "failed"),
        judged("padding", "not_judged"),
        judged(null, "passed"),
        judged(null, "not_judged"),
      ],
      quick,
    );
    expect(cardLines(card)).toContain("unreadable_no_json 2");
    expect(card).toMatchObject({
      n: 4,
      judged: 2,
      unreadable: { value: 0.5 },
      unreadableBy: { no_json: 2 },
      recall: { value: 1 },
      falsePositiveRate: { value: 0 },
      kappa: { value: 1 },
      faultsPassed: { value: 0 },
    });
  });

  test("what was held back was not judged and is not counted", () => {
    expect(judgeCard([judged("padding", "held_back")], quick)).toMatchObject({
      n: 0,
      judged: 0,
      recall: null,
      kappa: null,
    });
  });

  test("of nothing has nothing measured, and says so without NaN", () => {
    const lines = cardLines(judgeCard([], quick));
    expect(lines).toContain("kappa not measured");
    expect(lines.join()).not.toMatch(/NaN|undefined|null/);
  });

  test("the heat-map has a cell for every criterion and label, in the order of the planted kinds", () => {
    const { heat } = judgeCard(
      [
        judged("padding", "failed", 2),
        judged("wrong_step", "failed", 1),
        judged(null, "passed", 5),
        judged("padding", "failed", 3),
        judged("mine", "not_judged"),
      ],
      quick,
    );
    expect(heat).toEqual([
      { criterion: "logic", label: "none", value: 5, n: 1 },
      { criterion: "logic", label: "wrong_step", value: 1, n: 1 },
      { criterion: "logic", label: "padding", value: 2.5, n: 2 },
      { criterion: "logic", label: "mine", value: null, n: 0 },
    ]);
  });

  test("prints one figure a line by name", () => {
    const lines = cardLines(
      judgeCard([...many(9, judged("padding", "failed")), ...many(9, judged(null, "passed"))], quick),
    );
    for (const line of lines)
      expect(line).toMatch(
        /^[a-z_]+ (\d+|not measured|-?\d\.\d{3}( \[-?\d\.\d{3}, -?\d\.\d{3}\])?( n=\d+)?)$/,
      );
    expect(lines).toContain("recall_padding 1.000 [0.701, 1.000] n=9");
    expect(lines).toContain("mean_logic_of_padding 5.000 n=9");
  });

  test("as rows: every share beside the number of texts it is of", () => {
    const rows = [
      ...many(6, judged("padding", "failed")),
      ...many(2, judged("wrong_step", "passed")),
      ...many(3, judged(null, "failed")),
      ...many(9, judged(null, "passed")),
      judged(null, "not_judged"),
    ];
    const card = judgeCard(rows, quick);
    expect(
      cardRows(card).map(({ measure, value, n }) => [
        measure.split(":")[0],
        value && Number(value.value.toFixed(3)),
        n,
      ]),
    ).toEqual([
      ["kappa", Number(card.kappa!.value.toFixed(3)), 20],
      ["precision", 0.667, 9],
      ["recall", 0.75, 8],
      ["false alarms", 0.25, 12],
      ["recall on wrong step", 0, 2],
      ["recall on padding", 1, 6],
    ]);
    expect(cardRows(judgeCard([], quick))).toEqual([]);
  });

  test("says which kinds of fault it does not see", () => {
    const seen = [...many(4, judged("padding", "failed")), judged(null, "passed")];
    expect(blindnessOf(judgeCard(seen, quick))).toBe("It finds at least half of every kind of fault.");
    expect(blindnessOf(judgeCard([...seen, ...many(3, judged("wrong_step", "passed"))], quick))).toBe(
      "**It is blind to: wrong step.** It finds less than half of these.",
    );
    expect(blindnessOf(judgeCard([], quick))).toBe("No faulty text was judged.");
  });
});
