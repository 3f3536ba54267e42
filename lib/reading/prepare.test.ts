import { describe, expect, test } from "vitest";
import type { QuestionFacts } from "../prepare/prepared.ts";
import { chosen, copies, lengths, mix, oneOfEach, rules, sources } from "./prepare.ts";

const source = (read: number, setAside: Record<string, number>, origin = "generated") => ({
  source: "s",
  origin,
  read,
  kept: read - Object.values(setAside).reduce((sum, n) => sum + n, 0),
  setAside,
});

describe("sources", () => {
  test("nothing read, nothing set aside, reasons by frequency", () => {
    expect(sources({ sources: [] })).toBe("No row was read.");
    expect(sources({ sources: [source(5, {})] })).toContain("**5 of 5 rows are kept.** Nothing");
    const some = sources({ sources: [source(10, { json: 1 }), source(10, { duplicate: 3 })] });
    expect(some).toContain("**16 of 20 rows are kept.** Set aside: duplicate 3, json 1.");
  });
  test("mostly too long is said", () => {
    expect(sources({ sources: [source(10, { too_long: 6 })] })).toContain("too long for this model");
    expect(sources({ sources: [source(10, { too_long: 5 })] })).not.toContain("longer window");
  });
});

const fact = (agrees: boolean, rule = "r", typeGiven = true): QuestionFacts =>
  ({ rule, typeGiven, type: "a", typeByRules: agrees ? "a" : "b" }) as unknown as QuestionFacts;
const facts = (right: number, wrong: number, rule = "r") => [
  ...Array.from({ length: right }, () => fact(true, rule)),
  ...Array.from({ length: wrong }, () => fact(false, rule)),
];

test("rules: no type given, a weak rule, rules that can stand in", () => {
  expect(rules([fact(true, "r", false)])).toContain("No question came with a type");
  const weak = rules([...facts(60, 20), ...facts(2, 18, "bad")]);
  expect(weak).toContain("**62 %** [52, 71] of 100 questions");
  expect(weak).toContain("The weakest, “bad”, agrees in 10 % of 20.");
  expect(weak).toContain("a rough guide: by them 62 % are a, by the source 100 %.");
  expect(rules(facts(400, 4))).toContain("stand in for a person");
  expect(rules(facts(400, 4))).not.toContain("weakest");
});

test("mix: own files alone, as asked, off", () => {
  const share = (value: number) => ({ share: value, wanted: 0, available: 0, taken: 0 });
  const sample = {
    types: {
      financial_calculation: share(0.4),
      financial_reasoning: share(0.6),
      financial_concept: share(0),
      financial_analysis: share(0),
    },
    filledFromOthers: 0,
    missing: 0,
  };
  const types = (a: number, b: number) => [
    { type: "financial_calculation", read: a, fitting: a, kept: a },
    { type: "financial_reasoning", read: b, fitting: b, kept: b },
  ];
  const report = { sources: [source(10, {})], sample, types: types(40, 60) };
  expect(mix({ ...report, sources: [source(10, {}, "own")] })).toContain("none was sampled");
  expect(mix(report)).toContain("the mix that was asked for");
  expect(mix({ ...report, types: types(0, 0) })).toBe("No question is kept.");
  expect(mix({ ...report, types: types(30, 70) })).toContain("10 points");
});

test("lengths: nothing measured, all fit, some do not", () => {
  const row = (tokens: number) => ({ id: "a", source: "s", type: "t", typeGiven: true, tokens, kept: true });
  const limits = { maxPromptTokens: 100, maxLength: 200, overMaxPromptTokens: 0, overMaxLength: 0 };
  expect(lengths({ tokens: [], limits }, 300)).toBe("No question was measured.");
  expect(lengths({ tokens: [row(20), row(80)], limits }, 300)).toContain("the longest has 80 tokens");
  const over = lengths({ tokens: [row(20), row(180)], limits: { ...limits, overMaxPromptTokens: 1 } }, 300);
  expect(over).toContain("**1 of 2 questions need more than 100 tokens**");
  expect(over).toContain("at least 200 for thinking");
});

test("copies: none, agreeing, contradicting", () => {
  const copy = (goldDiffers: boolean) => ({ id: "a", of: "b", goldDiffers, question: "q", ofQuestion: "q" });
  expect(copies([])).toContain("twice");
  expect(copies([copy(false)])).toBe("1 near-copy removed; their gold answers agree.");
  expect(copies([copy(true), copy(false)])).toContain("2 near-copies removed; **1 of them has another gold");
});

test("questions that travel: those of the default run, some of them, others, none", () => {
  const [known, other] = [{ why: "one that SFT repairs" }, {}];
  expect(chosen([])).toContain("none travels");
  expect(chosen([known, known])).toContain("*chosen as* gives it away");
  expect(chosen([known, other])).toContain("1 of 2 of these is among those");
  expect(chosen([other, other])).toContain("None of these are among those");
  expect(chosen([other, other])).toContain("2 questions stand in");
});

test("one row of each reason, the last", () => {
  const rows = ["json", "field", "json"].map((reason, line) => ({ reason, line }));
  expect(oneOfEach(rows)).toEqual([
    { reason: "json", line: 2 },
    { reason: "field", line: 1 },
  ]);
});
