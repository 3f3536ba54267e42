import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import type { EvalDetail, RlRow } from "../records.ts";
import { textOf } from "../testing/judge-rows.ts";
import { perfectVerdict, startStubJudge, stubJudge } from "../testing/stub-judge.ts";
import { judgeOnArms } from "./arms.ts";

test("the Judge sees answers that keep the format; each arm is a set with a sentence", async () => {
  const folder = mkdtempSync(join(tmpdir(), "arms-"));
  const stub = await startStubJudge(({ prompt }) => perfectVerdict(prompt));
  const detail = (id: string, completion: string, format = true): EvalDetail => ({
    ...{
      id,
      type: "financial_calculation",
      mode: "greedy",
      sample: 0,
      completion,
      format,
      strict: false,
      lenient: false,
    },
    ...{ reason: "", message: "", judge: null, tokens: 1 },
  });
  const questions = ["a", "b", "c"].map(
    (id): RlRow => ({
      id,
      prompt: `${id}: what is 2 × 2?`,
      gold_answer: "4",
      type: "financial_calculation",
    }),
  );
  const answers = {
    sft: [
      detail("a", textOf("2 × 2 = 4", "4")),
      detail("b", textOf("2 × 2 = 5", "5")),
      detail("c", "4", false),
    ],
    base: [],
  };
  const lab = openLab({}, { FTMODEL_WORKSPACE: folder });
  const judged = await judgeOnArms(lab, answers, questions, { judge: stubJudge(stub.url) });
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
  expect(stub.requests).toHaveLength(2);
  // The stub sees no fault in either text: it passes the wrong one, too.
  expect(judged.sft).toMatchObject({
    n: 2,
    wrongPassed: { value: 1 },
    disagreements: [{ id: "sft/b", rule: "wrong", judge: "passed" }],
  });
  expect(judged.sft.set).toMatchObject({
    name: "the answers of SFT",
    good: 1,
    bad: 1,
    badPassed: { value: 1 },
  });
  expect(judged.sft.set.sentence).toMatch(/On the answers of SFT \(n = 2\)[^]*no better than chance/);
  expect(judged.base).toMatchObject({
    n: 0,
    wrongPassed: null,
    set: { n: 0, sentence: "On the answers of Base nothing was measured." },
  });
});
