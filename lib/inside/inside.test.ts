import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exampleStep, writeSteps } from "../testing/example-step.ts";
import { pageScript } from "../widget/page-script.ts";
import { isWidget } from "../widget/widget.ts";
import type { InsideData } from "./data.ts";
import { slopeOf, tokenFormula } from "./formula.ts";
import { insideStep } from "./inside.ts";
import { clipsNext, k3, push, shade, tokensOf, totalsOf } from "./measures.ts";
import type { TokenNumbers } from "./measures.ts";
import { stepReading } from "./reading.ts";
import { readStep } from "./step-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "inside-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const token = (changes: Partial<TokenNumbers> = {}): TokenNumbers => ({
  sampled: null,
  before: Math.log(0.5),
  after: Math.log(0.55),
  reference: Math.log(0.25),
  weight: 1,
  slope: -0.01,
  advantage: 1,
  ...changes,
});
const line = (name: string, of: TokenNumbers, klGradient: "paper" | "unbiased" = "paper") => {
  const settings = { beta: 0.1, klGradient, clip: [0.8, 1.2] as [number, number] };
  const totals = { ...totalsOf(exampleStep()), answers: 4, tokens: 100, push: 0.5 };
  return tokenFormula(of, settings, totals, 20).lines.find((one) => one.name === name)!;
};

describe("the numbers of a token", () => {
  test("k3 is o/p − log(o/p) − 1, and nothing where policy and start agree", () => {
    expect(k3(token())).toBeCloseTo(0.5 - Math.log(0.5) - 1, 12);
    expect(k3(token({ reference: Math.log(0.5) }))).toBe(0);
    expect(k3(token({ reference: null }))).toBeNull();
  });

  test("a second update is clipped where the ratio is beyond the bound that the advantage pulls to", () => {
    const ratio = (by: number) => Math.log(0.5) + Math.log(by);
    const clip: [number, number] = [0.8, 1.2];
    expect(clipsNext(token({ after: ratio(1.21) }), clip)).toBe(true);
    expect(clipsNext(token({ after: ratio(1.19) }), clip)).toBe(false);
    expect(clipsNext(token({ after: ratio(0.7) }), clip)).toBe(false);
    expect(clipsNext(token({ after: ratio(0.7), advantage: -1 }), clip)).toBe(true);
    expect(clipsNext(token({ after: ratio(1.3), advantage: -1 }), clip)).toBe(false);
  });

  test("a token that was certain gets no push, however large its slope", () => {
    expect(push(token({ before: 0, slope: -5 }))).toBeCloseTo(0, 12);
    expect(push(token())).toBeCloseTo(0.01 * 0.5, 12);
  });

  test("the shares of a step add up to 1, and colours are full between −1 and 1", () => {
    const step = exampleStep();
    const totals = totalsOf(step);
    const seen = step.questions.flatMap(({ answers }) =>
      answers.flatMap((one) => tokensOf(one).flatMap(({ numbers }) => numbers ?? [])),
    );
    expect(totals).toMatchObject({ answers: 4, tokens: 23 });
    expect(seen.reduce((sum, one) => sum + push(one) / totals.push, 0)).toBeCloseTo(1, 12);
    const shades = seen.map((one) => shade("moved", one, { clip: step.clip, totals })!);
    expect(Math.max(...shades)).toBe(1);
    expect(Math.min(...shades)).toBeCloseTo(-Math.sqrt(0.3 / 0.33), 12);
  });
});

describe("the formula", () => {
  test("has the token's numbers in it: worked by hand for p 0.5, o 0.25, A 1, β 0.1, n 20, N 4", () => {
    // k3 = 0.25/0.5 − log 0.5 − 1 = 0.1931; −(1 − 0.1 × 0.1931) / 80 = −0.01226
    expect(line("KL (k3)", token()).value).toBe("0.193");
    expect(line("its term of the loss", token()).value).toBe("−0.0123");
    expect(line("ratio after the step", token())).toMatchObject({ value: "1.1", note: "within 0.8 … 1.2" });
    // 0.01 × 0.5 of 0.5 is 1 %, once the mean of 100 tokens
    expect(line("share of the gradient", token())).toMatchObject({
      value: "1 %",
      note: "1 times the mean token's",
    });
  });

  test("its slope is what the file says, for either gradient of the KL", () => {
    const settings = { beta: 0.1, clip: [0.8, 1.2] as [number, number] };
    // paper: 1 − o/p = 0.5; unbiased: log p − log o = log 2
    expect(slopeOf(token(), { ...settings, klGradient: "paper" }, 20, 4)).toBeCloseTo(-(1 - 0.05) / 80, 12);
    expect(slopeOf(token(), { ...settings, klGradient: "unbiased" }, 20, 4)).toBeCloseTo(
      -(1 - 0.1 * Math.log(2)) / 80,
      12,
    );
  });

  test("names vLLM's weight where vLLM answered, and says when a token went against its push", () => {
    const sampled = token({ sampled: Math.log(0.48), weight: 0.9 });
    expect(line("vLLM against the trainer", sampled)).toMatchObject({
      value: "1.042",
      note: "weight w = 0.9",
    });
    expect(line("gain", sampled).value).toBe("0.9");
    expect(line("vLLM against the trainer", token())).toBeUndefined();
    const settings = { beta: 0, klGradient: "paper" as const, clip: [0.8, 1.2] as [number, number] };
    const totals = totalsOf(exampleStep());
    expect(tokenFormula(token(), settings, totals, 20).sentence).toMatch(
      /pushed this token up, and it has become more/,
    );
    expect(tokenFormula(token({ slope: 0.01 }), settings, totals, 20).sentence).toMatch(
      /pushed this token down, yet/,
    );
  });
});

describe("the reading", () => {
  test("counts what moved, names what moved most, and how many went where the advantage points", () => {
    expect(stepReading(exampleStep())).toBe(
      "Step 10 moved 8 of 23 tokens by more than 10 % of their probability; the 3 that moved most are " +
        "“<think>” (67 % → 93.2 %, in an answer paid 1), “␣/” (15 % → 20.6 %, in an answer paid 1), “46” " +
        "(24.7 % → 33.6 %, in an answer paid 1). Of those that moved by more than 0.1 %, 11 of 14 in " +
        "answers above their group's mean have become more likely, and 9 of 9 in answers below it less " +
        "likely. 1 of 4 answers were cut and left out of the loss.",
    );
  });

  test("of a step whose learning rate was 0, one that saw no answer, and one with equal rewards", () => {
    expect(stepReading(exampleStep({ learningRate: 0 }))).toMatch(/^The learning rate of step 10 was 0/);
    const [, second] = exampleStep().questions;
    const onlyCut = [{ ...second!, answers: second!.answers.slice(1) }];
    expect(stepReading(exampleStep({ questions: onlyCut }))).toMatch(/every answer was left out of the loss/);
    const equal = exampleStep().questions.map((question) => ({
      ...question,
      answers: question.answers.map((one) => ({ ...one, advantage: 0 })),
    }));
    expect(stepReading(exampleStep({ questions: equal }))).toMatch(
      /paid alike, so only the KL moved anything/,
    );
  });
});

describe("a step to show", () => {
  const dataOf = (view: object) =>
    JSON.parse(
      gunzipSync(Buffer.from((view as { packed: string }).packed, "base64")).toString(),
    ) as InsideData;

  test("holds the file as it is; the first of the kept steps unless another is asked for", () => {
    const run = writeSteps(folder, [exampleStep(), exampleStep({ step: 60 })]);
    const view = insideStep(run);
    expect(isWidget(view)).toBe(true);
    expect(dataOf(view)).toMatchObject({ step: 10, left: 0, totals: { answers: 4 } });
    expect(dataOf(insideStep(run, { step: 60 })).step).toBe(60);
    expect(view.text).toContain("Inside step 10 of grpo-0123456789ab; kept, too: 60");
    expect(view.html).toContain("left out of the loss");
    expect(view.html).not.toMatch(/<(script|img)\b/);
  });

  test("of many tokens holds whole questions, those that were paid differently first", () => {
    const step = exampleStep();
    step.questions[0]!.answers.forEach((one) => (one.advantage = 0));
    const data = dataOf(insideStep(writeSteps(folder, [step]), { maxTokens: 5 }));
    expect(data.questions.map(({ id }) => id)).toEqual(["q2"]);
    expect(data).toMatchObject({ left: 1, totals: { answers: 4, tokens: 23 } });
  });

  test("of a run that kept none is a sentence that says how to get it", () => {
    const view = insideStep({ key: "grpo-1", folder });
    expect(isWidget(view)).toBe(false);
    expect(view.text).toContain('openLab({ "grpo.inspectSteps": [10, -1] })');
  });

  test("that was not kept, or whose file is damaged, is an error with its place", () => {
    const { folder: kept } = writeSteps(folder, [exampleStep()]);
    expect(() => readStep(kept, 7)).toThrow(
      /did not keep this step[^]*one of 10[^]*inspectSteps, such as \[7, -1\]/,
    );
    const short = exampleStep();
    short.questions[0]!.answers[1]!.after!.pop();
    writeSteps(folder, [short]);
    expect(() => readStep(kept, 10)).toThrow(/0010\.json, field questions\.0\.answers\.1\.after[^]*9 tokens/);
    writeFileSync(join(folder, "steps", "0010.json"), "{");
    expect(() => readStep(kept, 10)).toThrow(/is not JSON[^]*train again/);
  });

  test("has a script and a style of at most 25 kB", async () => {
    const { script, style } = await pageScript("inside");
    expect(script.length + style.length).toBeLessThan(25_000);
  });
});
