import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { textOf } from "../lib/testing/judge-rows.ts";
import { judgedText } from "../lib/testing/stub-judge.ts";
import { sendChat, startStub } from "../lib/testing/stub-server.ts";
import type { StubServer } from "../lib/testing/stub-server.ts";
import { runScript } from "../lib/testing/run-script.ts";

let folder: string;
let stub: StubServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bench-judge-"));
  // Gives 10 points to a sum that is right and 8 to one that is wrong: nothing reaches 12, and yet it knows
  // all.
  stub = await startStub(({ body }, response) => {
    const prompt = body.messages.at(-1)!.content;
    const sum = /<<([0-9a-f]+)\n/.test(prompt) ? /(\d+) \+ \1 = (\d+)/.exec(judgedText(prompt)) : null;
    const isRight = sum !== null && 2 * Number(sum[1]) === Number(sum[2]);
    const keys = /consistency/.test(prompt)
      ? ["consistency", "terms", "steps", "coherence", "diversity", "relevance", "instruction"]
      : null;
    const scores = keys
      ? keys.map((key) => `"${key}": true`)
      : ["logic", "accuracy"]
          .map((key) => `"${key}": ${isRight ? 3 : 2}`)
          .concat('"completeness": 2', '"conciseness": 2');
    sendChat(response, { content: `{"reason": "so", ${scores.join(", ")}}` });
  });
});
afterEach(async () => {
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});

const bench = (...args: string[]) => runScript("bench-judge.ts", args, folder);

test("labels a Teacher's texts, asks once in every setting, and shows which mark would tell right " +
  "from wrong", async () => {
  const row = (i: number, sum: number, question = `What is ${i} + ${i}?`) => ({
    ...{ id: `q${i}`, question, gold_answer: String(2 * i), type: "financial_calculation", source: "mine" },
    ...{
      key: `k${i}`,
      sample: 0,
      teacher_output: null,
      failure: null,
      completion_tokens: 9,
      model: "t",
      assembly: "last_boxed",
    },
    response: textOf(`${i} + ${i} = ${sum}`, String(sum)),
  });
  const rows = Array.from({ length: 30 }, (_, i) =>
    row(i, i % 3 === 0 ? 2 * i + 1 : 2 * i, i < 10 ? `${i}加${i}等于多少?` : undefined),
  );
  const distilled = join(folder, "distilled.jsonl");
  writeFileSync(distilled, rows.map((r) => JSON.stringify(r)).join("\n"));
  const args = ["--judge", "owner/judge", "--url", stub.url, "--distilled", distilled];
  const { code, out, err } = await bench(...args);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/check +rules-first-zh +Chinese questions +10/);
  const { rows: found } = JSON.parse(
    readFileSync(join(folder, "reports", "bench-judge", "judge.json"), "utf8"),
  );
  expect(found).toHaveLength(2 * 2 * (2 + 2 + 1));
  expect(found[0]).toMatchObject({
    layout: "rules-first",
    texts: "all",
    mark: 12,
    meanRight: 10,
    meanWrong: 8,
    card: { n: 30, good: 20, bad: 10, auc: { value: 1 }, goodPassed: { value: 0 } },
    best: { mark: 9, kappa: 1, rightPassed: 1, wrongPassed: 0 },
  });
  expect(out).toMatch(/no better than chance[^\n]*another mark would help/);
  const asked = stub.requests.length;
  expect((await bench(...args)).code).toBe(0);
  expect(stub.requests.length - asked).toBeLessThan(3);
}, 300_000);

test("nothing to judge, and a rubric that is none, are said", async () => {
  expect(await bench("--judge", "owner/judge", "--url", stub.url)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/nothing to judge[^]*--distilled/),
  });
  expect(await bench("--rubrics", "eight-virtues")).toMatchObject({
    code: 1,
    err: expect.stringMatching(/--rubrics[^]*seven-criteria[^]*eight-virtues/),
  });
}, 300_000);
