import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createClient } from "../serving/client.ts";
import { judgeThrough, openJudge } from "./server.ts";
import { judge } from "./judge.ts";
import { openLab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { judgeRows } from "../testing/judge-rows.ts";
import { perfectVerdict } from "../testing/stub-judge.ts";
import { sendChat, sendJson, startStub } from "../testing/stub-server.ts";
import type { Answer, StubServer } from "../testing/stub-server.ts";

const cleanUp: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0)) await undo();
});

async function serve(answer: Answer): Promise<{ stub: StubServer; folder: string }> {
  const stub = await startStub(answer);
  const folder = mkdtempSync(join(tmpdir(), "judge-server-"));
  cleanUp.push(
    () => stub.close(),
    () => rmSync(folder, { recursive: true, force: true }),
  );
  return { stub, folder };
}
const verdict: Answer = ({ body }, response) =>
  sendChat(response, { content: perfectVerdict(body.messages.at(-1)!.content) });

async function judgeWith(answer: Answer, rows = judgeRows(2)) {
  const { stub, folder } = await serve(answer);
  const client = createClient({
    baseURL: stub.url,
    model: "stub",
    engine: "vllm",
    backoff: { firstMs: 5, maxMs: 200 },
    timeoutMs: 5000,
  });
  const run = await judge(openLab({}, { FTMODEL_WORKSPACE: folder }), judgeThrough(client, "stub"), rows);
  return { ...run, stub };
}

test("a server that enforces schemas is sent the verdict's", async () => {
  const { stub } = await judgeWith(verdict);
  expect(stub.requests[0]!.body).toMatchObject({
    response_format: {
      type: "json_schema",
      json_schema: {
        schema: {
          required: ["reason", "logic", "accuracy", "completeness", "conciseness"],
          additionalProperties: false,
        },
      },
    },
    max_tokens: 64,
    temperature: 0.1,
  });
});

test("a busy server is waited for, and its verdict counts", async () => {
  const { judgements, requests } = await judgeWith((request, response) =>
    request.n < 2 ? sendJson(response, "{}", 429, { "retry-after": "0" }) : verdict(request, response),
  );
  expect([judgements.map((j) => j.status), requests]).toEqual([["passed", "passed"], 2]);
});

test.each<[string, Answer, string]>([
  [
    "a reply that was cut",
    (_, response) => sendChat(response, { content: '{"reason":"ok","logic":5', finish_reason: "length" }),
    "cut_off",
  ],
  [
    "a whole verdict that reached the limit all the same",
    ({ body }, response) =>
      sendChat(response, { content: perfectVerdict(body.messages.at(-1)!.content), finish_reason: "length" }),
    "cut_off",
  ],
  ["an empty reply", (_, response) => sendChat(response, { content: "" }), "empty"],
  ["no content", (_, response) => sendChat(response, { content: null }), "empty"],
  ["a page with status 200", (_, response) => void response.end("<html>score: 5</html>"), "bad_response"],
  [
    "a text beyond the context",
    (_, response) =>
      sendJson(response, '{"error":{"message":"This model\'s maximum context length is 512 tokens"}}', 400),
    "context_overflow",
  ],
])("%s is not judged and not passed", async (_, answer, reason) => {
  const { judgements } = await judgeWith(answer, judgeRows(1));
  expect(judgements[0]).toMatchObject({ status: "not_judged", reason, points: null });
});

test("a server that dies is told with its last words, not taken for a Judge without a view", async () => {
  const { stub, folder } = await serve(() => undefined);
  const died = new AbortController();
  const client = createClient({ baseURL: stub.url, model: "stub", engine: "vllm", signal: died.signal });
  setTimeout(
    () => died.abort(new LabError({ what: "The model server died", found: "CUDA out of memory" })),
    100,
  );
  await expect(
    judge(openLab({}, { FTMODEL_WORKSPACE: folder }), judgeThrough(client, "stub"), judgeRows(2)),
  ).rejects.toThrow(/The model server died[^]*CUDA out of memory/);
});

test("the config's server is asked when the first verdict is missing, not when all are there", async () => {
  const { stub, folder } = await serve((request, response) =>
    request.body.messages[0]!.content === "1" ? sendChat(response) : verdict(request, response),
  );
  const lab = openLab(
    { "serving.url": stub.url, "models.judge": "owner/judge" },
    { FTMODEL_WORKSPACE: folder },
  );
  const first = await openJudge(lab);
  expect(first.model).toBe("owner/judge@main");
  expect((await judge(lab, first, judgeRows(3))).judgements.map((j) => j.status)).toEqual([
    "passed",
    "passed",
    "failed",
  ]);
  await first.close?.();
  const asked = stub.requests.length;
  expect(asked).toBe(4); // one of them asked whether the server answers
  const second = await openJudge(lab);
  expect((await judge(lab, second, judgeRows(3))).fromStore).toBe(3);
  await second.close?.();
  expect(stub.requests).toHaveLength(asked);
});

test("a Judge that is not there is named before anything is asked", async () => {
  await expect(openJudge(openLab({ "models.judge": "ckpts/tiny/no-such-judge" }))).rejects.toThrow(
    /no-such-judge/,
  );
});
