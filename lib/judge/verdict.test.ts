import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectedVerdict, RUBRIC_NAMES, rubricOf } from "./prompt.ts";
import { FAULT_KINDS } from "../world/fault-kind.ts";
import { judgeScale, maxPoints, pointsOf, pointsToPass, readVerdict, verdictJsonSchema } from "./verdict.ts";

const good = '{"reason":"each step follows","logic":5,"accuracy":4,"completeness":5,"conciseness":4}';

describe("a verdict is read", () => {
  test("when the whole reply is one object of the rubric", () => {
    const { verdict } = readVerdict("four-dimensions", ` \n${good}\n`);
    expect(verdict).toEqual({
      scores: { logic: 5, accuracy: 4, completeness: 5, conciseness: 4 },
      reason: "each step follows",
    });
    expect(pointsOf(verdict!)).toBe(18);
  });

  test("after one think block of a reasoning Judge, whatever that block drafts", () => {
    expect(
      readVerdict("four-dimensions", `<think>\nmaybe {"logic":1}\n</think>\n${good}`).verdict,
    ).not.toBeNull();
  });

  test("for every text the tiny Judge is trained on", () => {
    for (const rubric of RUBRIC_NAMES)
      for (const fault of [null, ...FAULT_KINDS]) {
        const { verdict } = readVerdict(rubric, expectedVerdict({ rubric, fault }));
        expect(pointsOf(verdict!) >= pointsToPass(rubric, 12)).toBe(fault === null);
        if (fault === null) expect(pointsOf(verdict!)).toBe(maxPoints(rubric));
      }
  });
});

describe("not judged, and never a pass", () => {
  test.each([
    ["nothing", "", "empty"],
    ["blanks", " \n\t", "empty"],
    ["a master key", ":", "no_json"],
    ["another master key", "Thought process:", "no_json"],
    ["prose", "The solution is excellent.", "no_json"],
    ["an injected score", "score: 5", "no_json"],
    ["a fraction beyond the scale", "11/10", "no_json"],
    ["fenced JSON", `\`\`\`json\n${good}\n\`\`\``, "fenced_json"],
    ["two objects", `${good}\n${good}`, "two_objects"],
    ["an object after prose", `Here it is: ${good}`, "text_around_json"],
    ["an object before prose", `${good} I hope this helps }`, "text_around_json"],
    ["a broken object", good.slice(0, -5), "bad_json"],
    ["a list of verdicts", `[${good}]`, "wrong_shape"],
    ["a score above the scale", good.replace('"logic":5', '"logic":6'), "wrong_shape"],
    ["a score of 0", good.replace('"logic":5', '"logic":0'), "wrong_shape"],
    ["a score as a fraction in text", good.replace('"logic":5', '"logic":"11/10"'), "wrong_shape"],
    ["a score as text", good.replace('"logic":5', '"logic":"5"'), "wrong_shape"],
    ["a broken score", good.replace('"logic":5', '"logic":4.5'), "wrong_shape"],
    ["null for a score", good.replace('"logic":5', '"logic":null'), "wrong_shape"],
    ["a missing criterion", good.replace('"logic":5,', ""), "wrong_shape"],
    ["a criterion too many", good.replace("{", '{"score":5,'), "wrong_shape"],
    ["the same key twice", good.replace('"logic":5', '"logic":1,"logic":5'), "wrong_shape"],
    ["a prototype key", good.replace("{", '{"__proto__":5,'), "wrong_shape"],
    ["no reason", good.replace("each step follows", " "), "wrong_shape"],
    ["the other rubric's verdict", expectedVerdict({ rubric: "seven-criteria", fault: null }), "wrong_shape"],
    ["an endless reply", "{".repeat(30_000), "too_long"],
  ])("%s", (_, reply, code) => {
    const read = readVerdict("four-dimensions", reply);
    expect(read).toMatchObject({ verdict: null, problem: code });
    expect(read.message).toBeTruthy();
  });

  test("a reply of null, and one that was cut although it happens to parse", () => {
    expect(readVerdict("four-dimensions", null).problem).toBe("empty");
    expect(readVerdict("four-dimensions", good, "length").problem).toBe("cut_off");
  });

  test("points where the seven criteria ask for true or false", () => {
    const keys = rubricOf("seven-criteria").criteria.map((c) => `"${c.key}":1`);
    expect(readVerdict("seven-criteria", `{"reason":"x",${keys.join(",")}}`).problem).toBe("wrong_shape");
  });

  test("any text whatever is either a verdict in range or has a problem", () => {
    const pieces = fc.constantFrom(
      good,
      "{",
      "}",
      '"',
      "\\",
      "```",
      "<think>",
      "</think>",
      '{"logic":5}',
      "5",
      ",",
      " ",
      "解",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 8 }), (parts) => {
        const { verdict, problem } = readVerdict("four-dimensions", parts.join(""));
        expect(verdict === null).toBe(problem !== null);
        if (verdict)
          for (const score of Object.values(verdict.scores)) expect([1, 2, 3, 4, 5]).toContain(score);
      }),
    );
  });
});

describe("the schema sent to servers that enforce one", () => {
  test("names every criterion in the rubric's order, after the reason, and forbids others", () => {
    const keys = ["reason", ...rubricOf("seven-criteria").criteria.map((c) => c.key)];
    const schema = verdictJsonSchema("seven-criteria", 512);
    expect(schema).toMatchObject({ type: "object", additionalProperties: false, required: keys });
    expect(Object.keys(schema.properties as object)).toEqual(keys);
  });

  test("holds no keyword but those that every grammar engine enforces", () => {
    const words = new Set<string>();
    const collect = (node: unknown, isSchema: boolean): void => {
      if (typeof node !== "object" || node === null || Array.isArray(node)) return;
      for (const [key, value] of Object.entries(node)) {
        if (isSchema) words.add(key);
        collect(value, key !== "properties");
      }
    };
    for (const rubric of RUBRIC_NAMES) collect(verdictJsonSchema(rubric, 512), true);
    expect([...words].sort()).toEqual([
      "additionalProperties",
      "enum",
      "maxLength",
      "minLength",
      "properties",
      "required",
      "type",
    ]);
  });

  test(
    "scores are what counts and nothing else; the reason fits the tokens there are, a character " +
      "each, and is never long",
    () => {
      const reasonOf = (maxTokens: number) =>
        (verdictJsonSchema("four-dimensions", maxTokens).properties as Record<string, { maxLength: number }>)
          .reason!.maxLength;
      expect(verdictJsonSchema("four-dimensions", 512).properties).toMatchObject({
        logic: { type: "integer", enum: [1, 2, 3, 4, 5] },
        reason: { type: "string", minLength: 1 },
      });
      expect([4096, 512, 364, 264, 64, 8].map(reasonOf)).toEqual([300, 300, 300, 200, 32, 32]);
    },
  );

  test("its verdicts are read, with a tab in the reason, too", () => {
    expect(readVerdict("four-dimensions", good.replace("each step", "each\tstep")).verdict).not.toBeNull();
  });
});

test("a figure's axis is the rubric's: points with a mark, or criteria that all must hold", () => {
  expect(judgeScale({ rubric: "four-dimensions", judgePassScore: 16 })).toEqual({
    ...{ min: 4, max: 20, pass: 16 },
    criterion: [1, 5],
  });
  expect(judgeScale({ rubric: "seven-criteria", judgePassScore: 16 })).toEqual({
    ...{ min: 0, max: 7, pass: 7 },
    criterion: [0, 1],
  });
});
