import { describe, expect, test } from "vitest";
import { digits, topP } from "./tokens.ts";

/** Cuts by a pattern, each piece one token. */
const by = (pattern: RegExp) => ({
  pieces: (text: string) => (text.match(pattern) ?? []).map((piece) => ({ text: piece, tokens: 1 })),
});
const single = by(/\d|\D+/g);

describe("numbers as tokens", () => {
  test("a row a text: its pieces, their number, its digits", () =>
    expect(digits(single, ["a 12%", "3.5亿元"], "").rows).toEqual([
      { text: "a 12%", "cut into tokens": "a␣ | 1 | 2 | %", tokens: 4, digits: 2 },
      { text: "3.5亿元", "cut into tokens": "3 | . | 5 | 亿元", tokens: 4, digits: 2 },
    ]));

  test("a character of several tokens says how many", () => {
    const bytes = { pieces: () => [{ text: "龘", tokens: 3 }] };
    expect(digits(bytes, ["龘"], "").rows).toMatchObject([{ "cut into tokens": "龘 (3)", tokens: 3 }]);
  });

  test("digits alone, in groups, or with a sign", () => {
    expect(digits(single, ["945-900"], "").reading).toMatch(/^\*\*Every digit is a token of its own/);
    expect(digits(by(/\d{1,3}|\D/g), ["12345"], "").reading).toContain("hold several digits** (“123”)");
    expect(digits(by(/\d%?|\D/g), ["12%"], "").reading).toContain("a digit and more (“2%”)");
  });

  test("the digits of a solution, each nearly sure, are together less so", () => {
    // 0.99^15 = 0.860
    expect(digits(single, ["1"], "945-900=45 45/900=5% 5%").reading).toMatch(
      /has 15 digits.*in 99 % .*in \*\*86 %\*\*: small slips add up/,
    );
    expect(digits(single, ["1"], "1+1=2").reading).toContain("few digits cost little");
    expect(digits(single, ["1"], "it rises").reading).toMatch(/come from the right\.$/);
  });
});

describe("what top-p cuts", () => {
  const place = (shares: Record<number, number[]>) => ({
    sharesAt: (temperature: number) => Float32Array.from(shares[temperature]!),
    textOf: (token: number) => ["net", " equity", "c", "d"][token]!,
  });

  test("a hotter draw lets more tokens pass", () =>
    expect(
      topP(place({ 0.6: [0.97, 0.02, 0.01, 0], 1: [0.7, 0.27, 0.02, 0.01], 1.5: [0.5, 0.3, 0.18, 0.02] })),
    ).toBe(
      "With top-p 0.95 **2 tokens** of 4 could still be drawn here at temperature 1 (“net” and “␣equity”), " +
        "1 at 0.6 and 3 at 1.5. The hotter, the more tokens pass: top-p follows how open the choice is. " +
        "At 1.5 it cuts 1 token that would be drawn, all together, in 2 % of all cases: seldom at one " +
        "place, but a text has many places.",
    ));

  test("two that share everything are all there is", () => {
    const two = [0.6, 0.4, 0, 0];
    expect(topP(place({ 0.6: two, 1: two, 1.5: two }))).toMatch(
      /between these alone\. .*2 tokens that would be drawn.* less than 1 % of all/,
    );
  });

  test("of many, three are named", () => {
    const even = [0.25, 0.25, 0.25, 0.25];
    expect(topP(place({ 0.6: even, 1: even, 1.5: even }))).toContain("“net”, “␣equity”, “c” and others");
  });
});
