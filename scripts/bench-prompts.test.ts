import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PromptReport, PromptText } from "../lib/distill/prompt-report.ts";
import { readJsonl } from "../lib/store/jsonl.ts";
import { sendChat, sendJson, startStub } from "../lib/testing/stub-server.ts";
import type { StubServer } from "../lib/testing/stub-server.ts";
import { runScript } from "../lib/testing/run-script.ts";

let folder: string;
let stub: StubServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bench-prompts-"));
  stub = await startStub(({ body }, response) => {
    if (body.structured_outputs)
      return sendJson(response, JSON.stringify({ error: { message: "no grammar here" } }), 400);
    sendChat(response, {
      content:
        body.messages.length > 2
          ? "<think>\nThe sum is 4, as two and two are.\n</think>\n<answer>4</answer>"
          : "4",
      completion_tokens: 20,
    });
  });
  writeFileSync(
    join(folder, "mine.jsonl"),
    Array.from({ length: 30 }, (_, i) =>
      JSON.stringify({
        id: `q${i}`,
        question: `What is 4 + ${i} - ${i}?`,
        gold_answer: 4,
        source: i < 20 ? "a" : "b",
      }),
    ).join("\n"),
  );
});
afterEach(async () => {
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: string[]) => runScript("bench-prompts.ts", args, folder);

test("prints the table, keeps it with all texts, names a refused prompt, asks nothing twice", async () => {
  const args = [
    "--url",
    stub.url,
    "--model",
    "owner/teacher",
    "--questions",
    join(folder, "mine.jsonl"),
    "--count",
    "12",
    "--prompts",
    "tags,grammar,example",
  ];
  const first = await run(...args);
  expect(first.code).toBe(1);
  expect(first.err).toContain(
    "prompt grammar: 8 of 8 answers could not be had; the first: http_400: no grammar here",
  );
  expect(first.out).toContain("12 of 30 questions, 3 prompts, owner/teacher");
  const reports = () => readdirSync(join(folder, "reports")).filter((name) => name.startsWith("prompts_"));
  const [json, jsonl] = reports();
  const report = PromptReport.parse(JSON.parse(readFileSync(join(folder, "reports", json!), "utf8")));
  expect(report).toMatchObject({
    model: "owner/teacher",
    sources: { a: 8, b: 4 },
    settings: { temperature: 0.6, seed: 42 },
  });
  expect(report.rows.map(({ prompt, asked, right }) => [prompt, asked, right.value])).toEqual([
    ["tags", 12, 0],
    ["example", 12, 1],
  ]);
  expect(readJsonl(join(folder, "reports", jsonl!), PromptText)).toHaveLength(24);
  const before = stub.requests.length;
  await run(...args.slice(0, -1), "tags,example");
  expect(stub.requests).toHaveLength(before);
  expect(reports()).toHaveLength(4);
}, 120_000);

test("a missing or misspelt option ends with what to do", async () => {
  const [missing, misspelt] = await Promise.all([run("--model", "x"), run("--modle", "x")]);
  expect(missing).toMatchObject({ code: 1, err: expect.stringContaining("--questions") });
  expect(misspelt!.err).toContain("did you mean --model?");
}, 120_000);
