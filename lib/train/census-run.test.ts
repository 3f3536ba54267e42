import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCensus } from "./census-run.ts";
import { createClient } from "../serving/client.ts";
import { openLab } from "../config/lab.ts";
import { textOf } from "../testing/judge-rows.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";
import { writeJsonl } from "../store/jsonl.ts";

let folder: string;
let stub: StubServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "census-"));
  // Question i gets i right answers of 8, whatever the order of the requests.
  const seen = new Map<string, number>();
  stub = await startStub(({ body }, response) => {
    const i = Number(/(\d+) \+/.exec(body.messages.at(-1)!.content)![1]);
    const n = seen.get(String(i)) ?? 0;
    seen.set(String(i), n + 1);
    sendChat(response, { content: textOf("we add", n < i ? String(2 * i) : "-1") });
  });
});
afterEach(async () => {
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});

test("counts the right answers of each group, keeps the answers, and asks nothing twice", async () => {
  const lab = openLab({ "models.base": "owner/base" }, { FTMODEL_WORKSPACE: folder });
  mkdirSync(dirname(lab.paths.rl), { recursive: true });
  writeJsonl(
    lab.paths.rl,
    Array.from({ length: 9 }, (_, i) => ({
      ...{ id: `q${i}`, prompt: `What is ${i} + ${i}?`, gold_answer: String(2 * i) },
      type: "financial_calculation",
    })),
  );
  const client = createClient({ baseURL: stub.url, model: "stub", engine: "transformers" });
  const first = await runCensus(lab, { arm: "base", client });
  expect(first.census).toMatchObject({
    n: 9,
    groupSize: 8,
    histogram: [1, 1, 1, 1, 1, 1, 1, 1, 1],
    accuracy: 0.5,
    gradientShare: 7 / 9,
  });
  expect(first.census.predictedGradientShare).toBeCloseTo(1 - 2 * 0.5 ** 8, 12);
  expect(first.asked).toBe(72);
  expect(
    new Set(stub.requests.map((r) => `${r.body.messages[0]!.content} ${String(r.body.seed)}`)).size,
  ).toBe(72);
  expect(stub.requests[0]!.body).toMatchObject({
    temperature: lab.config.grpo.temperature,
    max_tokens: lab.config.grpo.maxTokens,
  });
  const second = await runCensus(lab, { arm: "base", client });
  expect(second).toEqual({ ...first, asked: 0 });
  expect((await runCensus(lab, { arm: "base", client, maxQuestions: 4 })).census.n).toBe(4);
});
