import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { overlapReport } from "./overlap.ts";
import { createRandom } from "../stats/random.ts";
import { QUESTION_TYPES } from "../records.ts";
import type { QuestionType } from "../records.ts";
import { largestRemainder, splitQuestions } from "./split.ts";

const make = (n: number, type: QuestionType = QUESTION_TYPES[0], from = 0) =>
  Array.from({ length: n }, (_, i) => ({
    id: `${type}_${from + i}`,
    question: `某公司营收 ${from + i} 万元，${type}？`,
    type,
  }));

describe("splitQuestions", () => {
  test("each type gives its share, and the whole its share too", () => {
    const questions = [
      ...make(41, QUESTION_TYPES[0]),
      ...make(29, QUESTION_TYPES[1]),
      ...make(23, QUESTION_TYPES[2]),
      ...make(7, QUESTION_TYPES[3]),
    ];
    const { train, test: held } = splitQuestions(questions, { testShare: 0.2, seed: 42 });
    expect(held).toHaveLength(20);
    expect(train).toHaveLength(80);
    expect(QUESTION_TYPES.map((t) => held.filter((q) => q.type === t).length)).toEqual([8, 6, 5, 1]);
  });

  test("the same seed gives the same split whatever the order and the ids, another seed another", () => {
    const questions = make(200);
    const texts = (qs: readonly { question: string }[], seed: number) =>
      splitQuestions(qs as ReturnType<typeof make>, { testShare: 0.2, seed })
        .test.map((q) => q.question)
        .sort();
    const shuffled = createRandom(1)
      .shuffle(questions)
      .map((q, i) => ({ ...q, id: `other_${i}` }));
    expect(texts(shuffled, 42)).toEqual(texts(questions, 42));
    expect(texts(questions, 43)).not.toEqual(texts(questions, 42));
  });

  test("planted copies never stand on both sides", () => {
    const dress = [
      (s: string) => s,
      (s: string) => `3、${s}`,
      (s: string) => s.replace(/ /g, ""),
      (s: string) => s.replace(/\d/g, (d) => "零一二三四五六七八九"[Number(d)]!),
      (s: string) => s.replace(/，/g, ",\n"),
    ];
    const any = fc.array(fc.tuple(fc.integer({ min: 10, max: 60 }), fc.nat(4), fc.nat(3)), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(
        any,
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        fc.nat(99),
        (drawn, testShare, seed) => {
          const questions = drawn.map(([n, d, t], i) => ({
            id: `q${i}`,
            question: dress[d]!(`营收 ${n} 万元，利润？`),
            type: QUESTION_TYPES[t]!,
          }));
          const { train, test: held } = splitQuestions(questions, { testShare, seed });
          expect(train.length + held.length).toBe(questions.length);
          expect(overlapReport(train, held).copies).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("none, one, two: no crash, and a test question as soon as there are two", () => {
    expect(splitQuestions([], { testShare: 0.2, seed: 1 })).toEqual({ train: [], test: [] });
    expect(splitQuestions(make(1), { testShare: 0.2, seed: 1 }).test).toHaveLength(0);
    expect(splitQuestions(make(2), { testShare: 0.2, seed: 1 }).test).toHaveLength(1);
    expect(() => splitQuestions(make(2), { testShare: 1, seed: 1 })).toThrow("0 < testShare < 1");
  });

  test("adding questions of another type moves nobody", () => {
    const before = splitQuestions(make(50), { testShare: 0.2, seed: 7 }).test;
    const after = splitQuestions([...make(50), ...make(30, QUESTION_TYPES[2])], {
      testShare: 0.2,
      seed: 7,
    }).test;
    expect(after.filter((q) => q.type === QUESTION_TYPES[0])).toEqual(before);
  });
});

test("largestRemainder sums to the total and stays next to what was wanted", () => {
  expect([
    ...largestRemainder(
      new Map([
        ["a", 0.5],
        ["b", 1.5],
        ["c", 1],
      ]),
      3,
    ).values(),
  ]).toEqual([1, 1, 1]);
  const wanted = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(wanted, (values) => {
      const total = Math.round(values.reduce((a, b) => a + b, 0));
      const quotas = [...largestRemainder(new Map(values.map((v, i) => [String(i), v])), total).values()];
      expect(quotas.reduce((a, b) => a + b, 0)).toBe(total);
      quotas.forEach((q, i) => expect(Math.abs(q - values[i]!)).toBeLessThanOrEqual(1 + 1e-6));
    }),
  );
});
