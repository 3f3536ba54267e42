import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { judgeRows } from "../testing/judge-rows.ts";
import { perfectVerdict, startStubJudge, stubJudge } from "../testing/stub-judge.ts";
import type { StubAnswer, StubJudge } from "../testing/stub-judge.ts";
import type { JudgeServer } from "./ask.ts";
import { judge } from "./judge.ts";

let folder: string;
let stub: StubJudge;
let answer: (prompt: string, n: number) => StubAnswer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "unread-"));
  stub = await startStubJudge(({ prompt }) => answer(prompt, stub.requests.length));
});
afterEach(async () => {
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});
const lab = (over: Record<string, unknown> = {}) =>
  openLab({ "serving.concurrency": 4, ...over }, { FTMODEL_WORKSPACE: folder });
const votes = () =>
  readFileSync(join(folder, "data", "processed", "judge", "votes.jsonl"), "utf8")
    .trim()
    .split("\n");

async function failed(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(LabError);
  return (error as LabError).message;
}

test("a Judge without JSON is named after 32 verdicts, with two replies and what to do", async () => {
  answer = (_, n) => `Sure! I give this solution ${n % 2 ? "full marks" : "a five"}.`;
  const message = await failed(judge(lab(), stubJudge(stub.url, "owner/chatty@main"), judgeRows(300)));
  expect(message).toMatch(/^The Judge writes no verdict that can be read \(owner\/chatty@main\)/);
  expect(message).toMatch(
    /none in 32: no_json 32\n +"Sure! I give this solution (full marks|a five)\."\n +"Sure!/,
  );
  expect(message).toMatch(/serving\.engine=vllm[^]*filter\.useJudge=false/);
  // 32 verdicts of 3 requests, and what was in flight.
  expect(stub.requests.length).toBeLessThan(32 * 3 + 4 * 3);
  expect(votes().length).toBeGreaterThanOrEqual(32);
});

test("once it writes JSON, what could not be read is asked for again, and nothing else is", async () => {
  answer = () => "no";
  await failed(judge(lab(), stubJudge(stub.url), judgeRows(40)));
  answer = (prompt) => perfectVerdict(prompt);
  const mended = await judge(lab(), stubJudge(stub.url), judgeRows(40));
  expect([mended.requests, mended.judgements.filter(({ status }) => status === "not_judged")]).toEqual([
    40,
    [],
  ]);
  expect((await judge(lab(), stubJudge(stub.url), judgeRows(40))).requests).toBe(0);
});

test("one verdict that can be read is enough to go on, now or from an earlier run", async () => {
  answer = (prompt, n) => (n === 1 ? perfectVerdict(prompt) : "no");
  const first = await judge(lab({ "serving.concurrency": 1 }), stubJudge(stub.url), judgeRows(50));
  expect(first.judgements.filter(({ status }) => status === "not_judged")).toHaveLength(49);
  answer = () => "no";
  const second = await judge(lab(), stubJudge(stub.url), judgeRows(90));
  expect(second).toMatchObject({ fromStore: 50, unreadable: 40 });
});

test("31 verdicts are too few to tell", async () => {
  answer = () => "no";
  expect((await judge(lab(), stubJudge(stub.url), judgeRows(31))).unreadable).toBe(31);
});

test.each<[string, StubAnswer, RegExp]>([
  [
    "a reason that fills all room",
    '{"reason": "the solution the solution',
    /bad_json 32[^]*enforce the JSON schema/,
  ],
  [
    "a server that refuses every request",
    { status: 400 },
    /http_400 32[^]*status 400[^]*refuses the request/,
  ],
])("%s is told by its cause", async (_, reply, message) => {
  answer = () => reply;
  expect(await failed(judge(lab(), stubJudge(stub.url), judgeRows(40)))).toMatch(message);
});

test.each<[string, JudgeServer["ask"], RegExp]>([
  [
    "a verdict cut at the limit",
    async () => ({ text: '{"reason":"so', finishReason: "length", failure: null }),
    /cut_off 32[^]*filter\.judgeMaxTokens=128\./,
  ],
  [
    "prompts beyond the context",
    async () => ({
      text: null,
      finishReason: null,
      failure: { code: "context_overflow", message: "too long" },
    }),
    /context_overflow 32[^]*serving\.maxModelLength/,
  ],
])("%s names the setting to raise", async (_, ask, message) => {
  expect(await failed(judge(lab(), { model: "m", ask }, judgeRows(40)))).toMatch(message);
});

test("a measure goes on even so", async () => {
  answer = () => "no";
  expect(
    (await judge(lab(), stubJudge(stub.url), judgeRows(40), { evenUnread: true, attempts: 1 })).unreadable,
  ).toBe(40);
});
