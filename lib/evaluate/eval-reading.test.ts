import { describe, expect, test } from "vitest";
import type { EvalDetail, QuestionType } from "../records.ts";
import { readEvaluation } from "./eval-reading.ts";

type Answers = { strict: (i: number) => boolean; lenient: (i: number) => boolean };

const answer = (i: number, changes: Partial<EvalDetail>): EvalDetail => ({
  ...{ id: `q${i}`, type: "financial_concept", mode: "greedy", sample: 0, completion: "x", format: true },
  ...{ strict: true, lenient: true, reason: "equal", message: "", judge: null, tokens: 10 },
  ...changes,
});
const arm = (name: string, { strict, lenient }: Answers, type?: (i: number) => QuestionType) => ({
  name,
  details: Array.from({ length: 100 }, (_, i) =>
    answer(i, {
      ...{ strict: strict(i), lenient: lenient(i), reason: lenient(i) ? "equal" : "value_differs" },
      ...(type && { type: type(i) }),
    }),
  ),
});
const always = () => true;
const never = () => false;
const half = (i: number) => i % 2 === 0;

/** `right` of `k` sampled answers to each of 100 questions, and a greedy one. */
const tried = (name: string, k: number, right: (i: number, sample: number) => boolean) => ({
  name,
  details: Array.from({ length: 100 }, (_, i) => [
    answer(i, { lenient: right(i, 0) }),
    ...Array.from({ length: k }, (__, sample) =>
      answer(i, { mode: "sampled", sample, lenient: right(i, sample) }),
    ),
  ]).flat(),
});

describe("what an evaluation says", () => {
  test("tags are told apart from knowledge", () => {
    const [base, sft] = readEvaluation.types([
      arm("base", { strict: never, lenient: half }),
      arm("sft", { strict: half, lenient: half }),
    ]);
    expect(base).toContain("the 50 points between are missing tags");
    expect(sft).toContain("both readings agree");
    const [near] = readEvaluation.types([arm("sft", { strict: (i) => i > 1, lenient: always })]);
    expect(near).toContain("differ by 2 of 100 answers");
  });

  test("steps are compared by name, those with an absent arm are not", () => {
    const arms = {
      base: arm("base", { strict: never, lenient: half }),
      sft: arm("sft", { strict: always, lenient: always }),
    };
    const { rows, reading } = readEvaluation.steps(
      [
        ["base", "sft"],
        ["sft", "sft_grpo"],
      ],
      arms,
    );
    expect(rows).toMatchObject([{ step: "Base → SFT", n: 100, verdict: "better" }]);
    expect(reading).toContain("**1 better**");
  });

  test("types part, or may part by chance", () => {
    const type = (i: number): QuestionType => (i < 50 ? "financial_concept" : "financial_reasoning");
    const of = (lenient: (i: number) => boolean) =>
      readEvaluation.types([arm("sft", { strict: lenient, lenient }, type)]).at(-1);
    expect(of((i) => i < 50)).toContain("do not meet");
    expect(of((i) => i % 50 < (i < 50 ? 26 : 25))).toContain("may be chance");
    const few = readEvaluation.types([arm("sft", { strict: half, lenient: half })]);
    expect(few).toHaveLength(1); // one type alone is not compared
  });

  test("widths: alike answers to a question claim too much", () => {
    const alike = readEvaluation.widths(tried("sft", 4, (i) => half(i)));
    expect(alike.reading).toMatch(/3\.\d times\*\* narrower.*too narrow.*not made/);
    expect(alike.rows).toHaveLength(5);
    const unlike = readEvaluation.widths(tried("sft", 4, (i, sample) => (i * 7 + sample * 3) % 4 < 2));
    expect(unlike.reading).toMatch(/differ as much|too narrow/);
    expect(readEvaluation.widths(arm("sft", { strict: half, lenient: half })).rows).toHaveLength(3);
  });

  test("tries: most in the first, more with several, or alike", () => {
    const weak = tried("base", 4, (i, sample) => sample === i % 4);
    const strong = tried("sft", 4, always);
    expect(readEvaluation.tries([weak, strong]).reading).toMatch(/most in the first try.*still rise/);
    const none = tried("base", 4, never);
    const late = tried("sft", 4, (i, sample) => sample === i % 4);
    expect(readEvaluation.tries([none, late]).reading).toContain("more with several tries");
    expect(readEvaluation.tries([none, strong]).reading).toMatch(/about as much.*flat/);
    expect(readEvaluation.tries([arm("sft", { strict: half, lenient: half })]).reading).toContain(
      "no pass@k",
    );
    expect(readEvaluation.tries([weak, strong]).reading).toContain("Some lines still rise");
    expect(readEvaluation.tries([weak, late]).reading).toMatch(
      /neither in one try nor in several.*The lines still/,
    );
    expect(readEvaluation.tries([strong, weak]).reading).toContain("**lost** right answers");
    // a quarter of the questions surely, three quarters now and then: as many in one try, more in four
    const rare = tried("base", 4, (i, sample) => i % 4 === 0 && sample < 3);
    const often = tried("sft", 4, (i, sample) => i % 4 !== 0 && sample === 1);
    expect(readEvaluation.tries([rare, often]).reading).toContain("more with several tries");
    expect(readEvaluation.tries([often, rare]).reading).toContain("**lost** right answers");
    // half of the questions always, all of them now and then: more in one try, fewer in four
    const narrow = tried("sft", 4, (i) => i % 2 === 0);
    const wide = tried("base", 4, (i, sample) => sample === i % 4);
    expect(readEvaluation.tries([wide, narrow]).reading).toContain("several tries find **less**");
    expect(readEvaluation.tries([wide]).reading).not.toContain("points from");
  });

  test("tries: GRPO sharpens, finds more, or neither", () => {
    const sft = tried("sft", 4, (i, sample) => sample === i % 4);
    const read = (grpo: Parameters<typeof tried>[2]) =>
      readEvaluation.tries([sft, tried("sft_grpo", 4, grpo)]).reading;
    expect(read(always)).toMatch(/by \+75 \[\S+ \S+\] with one try and \+0 .* with 4: it \*\*sharpens\*\*/);
    expect(read((i, sample) => sample === i % 4)).toContain("surer, these questions do **not decide**");
    expect(read((i, sample) => i % 2 === 0 && sample === i % 4)).toContain("**less sure**");
    expect(read((i) => i % 10 !== 0)).toContain("several find **less** than SFT's");
    // as many in one try, in fewer questions or in more of them
    const often = (every: number) => tried("sft", 4, (i, sample) => i % every === 0 && sample < every);
    const gather = (a: number, b: number) =>
      readEvaluation.tries([often(a), { ...often(b), name: "sft_grpo" }]).reading;
    expect(gather(1, 4)).toMatch(/do \*\*not decide\*\*; in several, \*\*less\*\* is found than SFT finds\./);
    expect(gather(4, 1)).toMatch(/do \*\*not decide\*\*; in several, \*\*more\*\* is found than SFT finds\./);
    const half = tried("sft", 4, (i, sample) => i % 2 === 0 && sample === 0);
    expect(readEvaluation.tries([half, tried("sft_grpo", 4, always)]).reading).toContain("**more is found**");
    expect(readEvaluation.tries([sft]).reading).not.toContain("GRPO moves");
  });

  test("where some questions alone were sampled, greedy is compared with sampled on those", () => {
    // the 50 that are sampled are wrong greedily, the others right: 0.5 of all, 0 of these
    const { details } = tried("sft", 4, (i) => i >= 50);
    const part = {
      name: "sft",
      details: details.filter(({ id, mode }) => mode === "greedy" || Number(id.slice(1)) < 50),
    };
    const [row] = readEvaluation.tries([part]).rows;
    expect(row).toMatchObject({ questions: 50, greedy: { value: 0 }, "lost by sampling (points)": 0 });
    const { rows, reading } = readEvaluation.widths(part);
    expect(rows.slice(3).map(({ questions, answers }) => [questions, answers])).toEqual([
      [50, 50],
      [200, 200],
      [50, 200],
    ]);
    expect(reading).toContain("of the same questions narrower");
  });

  test("failures: the commonest reasons, and those of one arm alone", () => {
    const base = arm("base", { strict: half, lenient: half });
    const odd = { name: "sft", details: [answer(0, { lenient: false, reason: "no_value" })] };
    expect(readEvaluation.failures([base, odd])).toMatch(/In one arm alone: .*value differs.*no value/);
    const other = { name: "sft", details: [answer(1, { lenient: false, reason: "value_differs" })] };
    expect(readEvaluation.failures([base, other])).toContain("No reason belongs");
    expect(readEvaluation.failures([base, base])).not.toContain("alone");
    expect(readEvaluation.failures([base, { ...base, name: "base_prompted" }, odd])).toMatch(
      /alone: \*no value\* \(SFT: 1\)\. Only in Base and Base, prompted, .*: \*value differs\* \(50\)/,
    );
    const open = { name: "sft", details: [answer(0, { lenient: false, reason: "free_text" })] };
    expect(readEvaluation.failures([base, open])).toContain(
      "SFT: no wrong answer; 1 that rules cannot decide.",
    );
    expect(readEvaluation.failures([arm("sft", { strict: always, lenient: always })])).toContain("no wrong");
  });

  test("a reason is not called common that is one of several as rare", () => {
    const reasons = [...Array<string>(8).fill("value_differs"), "several_values", "other_choice"];
    const details = reasons.map((reason, i) => answer(i, { lenient: false, reason }));
    expect(readEvaluation.failures([{ name: "base", details }])).toBe(
      "Base: 10 wrong, 80 % of them by *value differs*.",
    );
    const more = [...details, answer(10, { lenient: false, reason: "other_choice" })];
    expect(readEvaluation.failures([{ name: "base", details: more }])).toContain("or *other choice*");
  });

  test("the Judge's rows: what the rules pass and the Judge fails is counted", () => {
    const disagreements = [{ rule: "right" }, { rule: "wrong" }, { rule: "right" }];
    const arm = { arm: "SFT", n: 9, agreement: null, kappa: null, wrongPassed: null, disagreements, set: {} };
    const { verdicts, columns } = readEvaluation.judgeRows({ sft: arm } as never);
    expect(verdicts).toMatchObject([{ name: "sft", arm: "SFT", n: 9, failed: 2 }]);
    expect(verdicts[0]).not.toHaveProperty("set");
    expect(columns).toHaveLength(6);
    expect(readEvaluation.judgeRows({}).verdicts).toEqual([]);
  });

  test("the Judge: what it passes of the wrong answers, a hint or a finding", () => {
    const around = (value: number) => ({ value, low: value - 0.05, high: value + 0.05 });
    const of = (name: string, value: number, low: number, high: number, passed = 0.4, agreed = 0.9) => ({
      ...{
        name,
        n: 100,
        kappa: { value, low, high },
        wrongPassed: around(passed),
        agreement: around(agreed),
      },
    });
    const read = readEvaluation.judge;
    const sft = of("sft", 0.65, 0.5, 0.8);
    const fooled = (passed: number, agreed?: number) => of("sft_grpo", 0.3, 0.2, 0.4, passed, agreed);
    expect(read([sft, fooled(0.45)])).toContain("hint, not a finding");
    expect(read([sft, fooled(0.7)])).toMatch(
      /\*\*more\*\* wrong answers of SFT \+ GRPO \(0\.70.*than of SFT \(0\.40.*Agreement does not show it/,
    );
    expect(read([sft, fooled(0.7, 0.6)])).not.toContain("Agreement");
    expect(read([of("sft", 0.65, 0.5, 0.8)])).toContain("cannot stand in");
    expect(read([of("sft", 0.9, 0.85, 0.95)])).toContain("could stand in");
    expect(read([])).toMatch(/was not asked .*nothing to compare/);
    const two = { ...of("base", 0, 0, 0), n: 2 };
    expect(read([two, of("sft", 0.65, 0.5, 0.8)])).not.toContain("Base");
    expect(read([two])).toContain("nothing to compare");
  });
});
