import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { REPO_ROOT } from "../config/paths.ts";
import type { FilterDetail } from "../filter/record.ts";
import type { Distilled } from "../records.ts";
import { metrics } from "../testing/example-runs.ts";
import { checkPredictions } from "../view/predictions.ts";
import type { Prediction } from "../view/predictions.ts";
import { quiz } from "./quiz.ts";
import type { Mine } from "./quiz.ts";
import type { TrainedRun } from "./sft.ts";

const text = (thought: string, completion_tokens: number): Distilled =>
  ({
    ...{ key: thought, id: "one", question: "How much?", gold_answer: "4", failure: null, assembly: null },
    ...{ response: `<think>\n${thought}\n</think>\n<answer>\n4\n</answer>`, completion_tokens },
  }) as unknown as Distilled;
const texts = [text("2 + 2 = 4", 50), text("recalled", 30)];
const copy = (id: string, question: string) => ({ id, question, gold_answer: "1" });
const copies = [copy("asked", "What is a bond?"), copy("upper", "WHAT IS A BOND?"), copy("numbered", "1. x")];
const halved = [
  { source: "small", read: 40, kept: 20 },
  { source: "large", read: 900, kept: 450 },
];
const faults = [{ measure: "recall on wrong step", value: { value: 0.2 } }];
const details: FilterDetail[] = [];
const run = (epochs: number): TrainedRun =>
  ({
    metrics: metrics(20, { heldOutLoss: (share: number) => 1 - share / 2 }),
    ...{ config: { sft: { epochs } }, step: 20, totalSteps: 20, start: null },
  }) as unknown as TrainedRun;
const tokenizer = { countTokens: () => 29, countPromptTokens: () => 70 };
const sft = { base: "Qwen/Qwen2.5-7B", row: { prompt: "q", response: "r" }, system: "s", tokenizer };
const toy = { W: [[1, 2]], B: [0.5], A: [1, -1], x: [3, 1] };
const rates = [{ tokensPerSecond: 10 }, { tokensPerSecond: 80 }];
const verdicts = [{ name: "sft_grpo", wrongPassed: { value: 0.6 } }];

/** Each quiz with a run, and what is right there. */
const quizzes: Record<keyof typeof quiz, { of: (mine: Mine) => Prediction[]; right: Mine }> = {
  prepare: { of: (mine) => quiz.prepare(mine, { copies, halved }), right: [1, "large", "too_long", 1] },
  distill: { of: (mine) => quiz.distill(mine, texts), right: [1, 1, 1, 3] },
  filter: { of: (mine) => quiz.filter(mine, { faults, texts, details }), right: ["none", 2, 0, 0] },
  sft: { of: (mine) => quiz.sft(mine, { ...sft, run: run(8) }), right: [8, "yes", 0.3, 0.5] },
  grpo: { of: (mine) => quiz.grpo(mine), right: [1.5, 0.125, "no", "gspo", Math.LN2, "yes"] },
  evaluate: { of: (mine) => quiz.evaluate(mine, verdicts), right: [3, 0.6, 100, "none"] },
  deploy: { of: (mine) => quiz.deploy(mine, { toy, rates }), right: [9, 8, 4, "no"] },
  ablation: { of: (mine) => quiz.ablation(mine), right: ["no", 0.008, 2, "no"] },
};

describe.each(Object.entries(quizzes))("the quiz of %s", (_name, { of, right }) => {
  test("gives nothing away without a prediction, and names what it asks", () => {
    const shown = checkPredictions(of([])).text;
    for (const { question, because } of of([])) {
      expect(shown).toContain(question);
      expect(shown).not.toContain(because);
    }
    expect(shown.match(/write yours into this cell first/g)).toHaveLength(right.length);
    expect(shown).not.toMatch(/[✓✗]/);
  });

  test("a likely error is none of the right answers, and is told why", () => {
    of(right).forEach((one, i) => {
      for (const { mine, but } of one.tempting ?? []) {
        const asked = of(right.map((answer, j) => (i === j ? mine : answer)));
        const { text } = checkPredictions(asked);
        if (text.includes("✗")) expect(text).toContain(but.slice(0, 20));
        else expect(String(mine)).toBe(String(one.measured)); // as this run came out
      }
    });
  });

  test("knows a right prediction, and a wrong one", () => {
    const view = checkPredictions(of(right)).text;
    expect(view.match(/✓/g)).toHaveLength(right.length);
    for (const { because } of of(right)) expect(view).toContain(because.slice(0, 20));
    expect(checkPredictions(of(right.map(() => "?"))).text.match(/✗/g)).toHaveLength(right.length);
  });
});

test("a notebook's cell has a place for each prediction, and no answer", () => {
  const cells = globSync("notebooks/*.ipynb", { cwd: REPO_ROOT }).flatMap((file) =>
    (JSON.parse(readFileSync(join(REPO_ROOT, file), "utf8")) as { cells: { source: string[] }[] }).cells
      .map(({ source }) => source.join(""))
      .filter((source) => source.includes("checkPredictions(quiz.") || /^ +quiz\./m.test(source)),
  );
  expect(cells.length).toBeGreaterThanOrEqual(7);
  for (const cell of cells) {
    const { right } = quizzes[/quiz\.(\w+)\(/.exec(cell)![1] as keyof typeof quiz];
    expect(cell.match(/\bnull\b(?=[,\]])/g)).toHaveLength(right.length);
    expect(cell).not.toMatch(/measured|because/);
  }
});

test("what this run cannot say has no verdict", () => {
  expect(quiz.sft([null, "yes"], { ...sft, run: run(2) })[1]!.measured).toBeNull();
  expect(quiz.evaluate([3, 0.5], [])[1]!.measured).toBeNull();
});
