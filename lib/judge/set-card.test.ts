import { describe, expect, test } from "vitest";
import type { JudgedLabel } from "./card.ts";
import { setCard } from "./set-card.ts";
import { inOrder } from "../testing/in-order.ts";

const judged = (fault: string | null, points: number | null, mark = 12): JudgedLabel => ({
  fault,
  judgement: {
    id: "x",
    status: points === null ? "not_judged" : points >= mark ? "passed" : "failed",
    reason: "",
    message: "",
    points,
    scores: null,
    votePoints: [points],
  },
});
const many = (n: number, row: JudgedLabel): JudgedLabel[] => Array.from({ length: n }, () => row);
const [good, bad] = [null, "wrong_answer"];
const quick = { resamples: 300 };
const card = (rows: JudgedLabel[]) => setCard("the Teacher's texts", rows, quick);

describe("a set's card", () => {
  test("counts what passes of the good and of the bad texts; an unreadable verdict passes none", () => {
    const found = card([
      ...many(30, judged(good, 16)),
      ...many(10, judged(good, 8)),
      ...many(5, judged(bad, 16)),
      ...many(30, judged(bad, 8)),
      ...many(5, judged(bad, null)),
    ]);
    expect(found).toMatchObject({
      n: 80,
      good: 40,
      bad: 40,
      goodPassed: { value: 0.75 },
      badPassed: { value: 0.125 },
      unreadable: { value: 0.0625 },
    });
    // 30 of 40 against 5 of 35: kappa and AUC of the 75 that could be read.
    expect(found.kappa!.value).toBeCloseTo(0.602, 3);
    expect(found.auc!.value).toBeCloseTo(0.75 * (30 / 35) + (0.75 * 5 + 0.25 * 30) / 35 / 2, 6);
  });

  test("leaves out what the Judge has not seen", () => {
    const held: JudgedLabel = {
      fault: null,
      judgement: { ...judged(good, 12).judgement, status: "held_back" },
    };
    expect(card([held, held])).toMatchObject({
      n: 0,
      kappa: null,
      auc: null,
      badPassed: null,
      sentence: "On the Teacher's texts nothing was measured.",
    });
  });
});

describe("the sentence of a set", () => {
  test("good texts passed and bad ones failed is better than chance, and what gets through is said", () => {
    const rows = [
      ...many(45, judged(good, 16)),
      ...many(5, judged(good, 8)),
      ...many(20, judged(bad, 16)),
      ...many(30, judged(bad, 8)),
    ];
    expect(card(rows).sentence).toMatch(
      inOrder(
        /^On the Teacher's texts \(n = 100\) the Judge is better than chance /,
        /\(kappa 0\.50 \[0\.\d\d, 0\.\d\d\]\); it passes 40 % \[\d\d, \d\d\] of the bad texts\.$/,
      ),
    );
  });

  test("one that passes everything is no better than chance, at any mark", () => {
    const { sentence, kappa } = card([...many(50, judged(good, 20)), ...many(50, judged(bad, 20))]);
    expect(kappa!.value).toBe(0);
    expect(sentence).toMatch(
      inOrder(
        /\*\*no better than chance\*\* at its pass mark \(kappa 0\.00/,
        /nor do its points tell good from bad \(AUC of its points 0\.50 \[0\.50, 0\.50\]\); it passes 100 %/,
      ),
    );
  });

  test("one that drops everything is no better than chance; where its points know more, that is said", () => {
    const { sentence } = card([...many(50, judged(good, 9)), ...many(50, judged(bad, 6))]);
    expect(sentence).toMatch(
      inOrder(
        /\*\*no better than chance\*\*/,
        /its points do tell more than its pass mark makes of them \(AUC of its points 1\.00/,
        /another mark would help; it passes 0 %/,
      ),
    );
  });

  test("a few texts are not enough to call a lucky Judge good", () => {
    expect(
      card([
        judged(good, 16),
        judged(good, 8),
        judged(good, 16),
        judged(bad, 8),
        judged(bad, 16),
        judged(bad, 8),
      ]).sentence,
    ).toMatch(/no better than chance/);
  });

  test("one that passes the bad texts and fails the good ones is worse than chance", () => {
    const rows = [
      ...many(10, judged(good, 16)),
      ...many(40, judged(good, 8)),
      ...many(40, judged(bad, 16)),
      ...many(10, judged(bad, 8)),
    ];
    expect(card(rows).sentence).toMatch(/\*\*worse than chance\*\* \(kappa -0\.60/);
  });

  test("a Teacher that is always right leaves nothing to tell apart", () => {
    expect(card(many(20, judged(good, 16))).sentence).toBe(
      "On the Teacher's texts (n = 20) there are only good texts: nothing to tell apart.",
    );
    expect(card(many(20, judged(bad, 16))).sentence).toMatch(
      /only bad texts[^]*it passes 100 % \[84, 100\] of the bad texts\.$/,
    );
  });

  test("without a readable verdict that is what is said", () => {
    expect(card([...many(3, judged(good, null)), ...many(3, judged(bad, null))]).sentence).toBe(
      "On the Teacher's texts (n = 6) no verdict could be read.",
    );
    const oneSide = card([...many(3, judged(good, 16)), ...many(3, judged(bad, null))]);
    expect(oneSide.sentence).toMatch(/verdicts on one side only/);
  });
});
