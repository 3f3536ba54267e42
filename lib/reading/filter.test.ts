import { describe, expect, test } from "vitest";
import type { FilterDetail, FilterStats } from "../filter/record.ts";
import type { Survival } from "../filter/survival.ts";
import type { LayoutCard } from "../judge/quick.ts";
import type { SetCard } from "../judge/set-card.ts";
import type { Distilled } from "../records.ts";
import * as filter from "./filter.ts";

const layer = (name: string, came: number, out: number) => ({
  ...{ layer: name, in: came, out, skipped: false, reasons: {}, byType: {}, bySource: {} },
});
const rows = { sft: 40, rl: 80, test: 20 };

test("funnel: quality apart from room", () => {
  const stats = (layers: FilterStats["layers"]) => ({ layers, rows });
  const more = { ...stats([layer("split", 9, 9)]), settings: { generatedTest: 800 } };
  expect(filter.funnel(more)).toMatch(/for the test, 800 of them generated for it alone\./);
  expect(filter.funnel(stats([layer("split", 9, 9)]))).toContain("No text was dropped for its quality.");
  const told = filter.funnel(stats([layer("answer", 80, 60), layer("judge", 60, 55), layer("size", 55, 40)]));
  expect(told).toContain("Of 25 texts dropped for quality, 80.0 % fell at the layer “answer”.");
  expect(told).toContain("15 good texts had no place");
});

const detail = (reason: string | null, more: Partial<FilterDetail> = {}): FilterDetail =>
  ({ layer: "answer", reason, points: null, ...more }) as FilterDetail;

test("reasons: none, the most frequent one, and what the original's rule would have taken", () => {
  expect(filter.reasons([detail(null)], [])).toContain("dropped nothing");
  const text = (key: string, answer: string): Distilled =>
    ({ key, gold_answer: "5.2亿", response: `<think>x</think><answer>${answer}</answer>` }) as Distilled;
  const told = filter.reasons(
    [
      detail("value_differs", { key: "a" }),
      detail("value_differs", { key: "b" }),
      detail("no_unit", { key: "c" }),
    ],
    [text("a", "5.2万"), text("b", "7"), text("c", "8")],
  );
  expect(told).toContain("3 texts for 2 reasons; “value differs” is 66.7 %");
  expect(told).toContain("taken **1** of these");
});

test("survival: all through, some sources lost, all lost", () => {
  const row = (source: string, asked: number, judge: number) => ({ source, asked, judge }) as Survival;
  expect(filter.survival([])).toContain("asked nothing");
  expect(filter.survival([row("a", 10, 9), row("all", 10, 1)])).toContain("a fifth or more");
  expect(filter.survival([row("a", 10, 9), row("b", 50, 1)])).toContain("**b (1 of 50)**");
  expect(filter.survival([row("b", 50, 1)])).toContain("fails every source");
});

test("own files: none, of use, beyond the Teacher", () => {
  const row = { source: "mine", read: 9, tooLong: 1, asked: 8, sft: 3 } as Survival;
  const mine = { sources: [{ source: "mine", origin: "own" }] };
  const texts = (right: number) =>
    Array.from({ length: 10 }, (_, i) => ({
      ...{ source: "mine", question: "1+1?", gold_answer: "2", failure: null, assembly: null },
      response: `<think>1+1</think><answer>${i < right ? 2 : 3}</answer>`,
    })) as Distilled[];
  expect(filter.ownFiles({ sources: [] }, [row], [])).toBe("");
  expect(filter.ownFiles(mine, [row], texts(4))).toMatch(/4 answered correctly.*is of use/);
  expect(filter.ownFiles(mine, [row], texts(1))).toContain("fails most");
});

test("fates: those asked for, kept or where they fell", () => {
  const details = [detail(null, { id: "a" }), detail("other_choice", { id: "b" }), detail(null, { id: "c" })];
  expect(filter.fates(details, [{ id: "a" }, { id: "b" }])).toMatchObject([
    { id: "a", kept: "yes", reason: null },
    { id: "b", kept: "no: answer", reason: "other_choice" },
  ]);
});

test("caught: nobody asked, nothing dropped, some dropped", () => {
  const none = { seen: 0, dropped: 0, right: 0, samples: [] };
  expect(filter.caught(none)).toContain("No Judge was asked");
  expect(filter.caught({ ...none, seen: 5 })).toContain("dropped none");
  expect(filter.caught({ ...none, seen: 5, dropped: 3, right: 2 })).toContain(
    "dropped **3**: **2** with a right",
  );
});

describe("pass mark", () => {
  const scored = (...all: number[]) => all.map((points) => ({ points }));
  test("a gap of marks that keep the same texts", () => {
    const told = filter.passMark(scored(20, 20, 20, 11), 12);
    expect(told).toContain("**Every mark from 12 to 20 keeps the same texts**");
    expect(told).toContain("75.0 % of the 4 verdicts give the full 20 points: this Judge says yes or no");
  });
  test("a mark whose neighbours keep others, and scores spread out", () => {
    const told = filter.passMark(scored(11, 12, 13), 12);
    expect(told).toContain("Moving the mark of");
    expect(told).toContain("spread out");
  });
  test("no verdict", () => expect(filter.passMark([{ points: null }], 12)).toContain("No verdict"));
});

test("judge's worth: flattered, better at work, the same, not measured", () => {
  const set = (name: string, value: number, low: number, high: number) =>
    ({ name, badPassed: { value, low, high } }) as SetCard;
  const made = ["made"];
  const worth = (real: SetCard) => filter.judgeWorth([set("made", 0.16, 0.09, 0.23), real], made);
  expect(worth(set("real", 0.33, 0.24, 0.43))).toContain("**The exam flatters the Judge:**");
  expect(worth(set("real", 0.05, 0.02, 0.1))).toContain("fewer bad texts");
  expect(worth(set("real", 0.2, 0.1, 0.3))).toContain("the same picture");
  expect(filter.judgeWorth([set("made", 0.1, 0, 0.2)], made)).toContain("not measured here");
});

test("layouts: the same, apart, overlapping", () => {
  const card = (layout: string, value: number, low: number, high: number) =>
    ({ layout, n: 40, errorRate: { value, low, high } }) as LayoutCard;
  expect(filter.layouts([])).toContain("not compared");
  expect(filter.layouts([card("a", 0.1, 0, 0.2), card("b", 0.1, 0, 0.2)])).toContain("makes no difference");
  expect(filter.layouts([card("a", 0.1, 0, 0.2), card("b", 0.5, 0.4, 0.6)])).toContain("a errs less than b");
  expect(filter.layouts([card("a", 0.1, 0, 0.2), card("b", 0.15, 0, 0.3)])).toContain("cannot tell");
});

test("overlap: fair or not", () => {
  const report = (copies: { train: string; test: string }[], meanShare: number | null) => ({
    ...{ train: 80, test: 20, copies, copiesWithin: { train: 1, test: 0 } },
    ngram: { n: 13, meanShare, medianShare: null, most: [] },
  });
  expect(filter.overlap(report([], 0.09))).toContain("**No test question has a near-copy in training**");
  expect(filter.overlap(report([], 0.09))).toContain("shares 9.0 % of its runs of 13");
  expect(filter.overlap(report([], null))).toContain("1 near-copy stayed together");
  expect(filter.overlap(report([{ train: "a", test: "b" }], null))).toContain("the test is not fair");
});

test("rows by type: a row for each type of the first layer", () => {
  const stats = { layers: [{ byType: { a: {}, b: {} } }] } as unknown as FilterStats;
  const rows = (...types: string[]) => types.map((type) => ({ type }));
  expect(filter.rowsByType({ stats, sft: rows("a", "a"), rl: rows("a", "b"), test: [] })).toEqual([
    { type: "a", sft: 2, rl: 1, test: 0 },
    { type: "b", sft: 0, rl: 1, test: 0 },
  ]);
});
