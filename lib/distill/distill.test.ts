import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { archivePath } from "./distill-store.ts";
import { distill } from "./distill.ts";
import { readJsonl } from "../store/jsonl.ts";
import { openLab } from "../config/lab.ts";
import type { Lab } from "../config/lab.ts";
import { readManifest } from "../store/manifest.ts";
import { Distilled } from "../records.ts";
import type { DistillProgress } from "./distill-progress.ts";
import { fakeModel } from "../testing/model-fixture.ts";
import { stubQuestions } from "../testing/questions.ts";
import { sendChat, sendJson, startStub } from "../testing/stub-server.ts";
import type { Answer, StubRequest, StubServer } from "../testing/stub-server.ts";

const open: StubServer[] = [];
afterEach(async () => {
  for (const stub of open.splice(0)) await stub.close();
});

const prompt = (request: StubRequest) => request.body.messages.at(-1)!.content;
const reply = (request: StubRequest) => `<think>\n${prompt(request)} seed ${String(request.body.seed)}\n</think>\n<answer>\n${prompt(request).length}\n</answer>`;
const good: Answer = (request, response) => sendChat(response, { content: reply(request), completion_tokens: 10 });

interface Bench {
  stub: StubServer;
  workspace: string;
  lab: (overrides?: Record<string, unknown>) => Lab;
  /** Requests since the last call, the server's probes left out. */
  asked: () => StubRequest[];
}

async function bench(answer: Answer = good): Promise<Bench> {
  const workspace = mkdtempSync(join(tmpdir(), "ftmodel-distill-"));
  fakeModel(join(workspace, "model"));
  const stub = await startStub((request, response) => (request.body.max_tokens === 1 ? sendChat(response) : answer(request, response)));
  open.push(stub);
  let seen = 0;
  return {
    ...{ stub, workspace },
    lab: (overrides = {}) => openLab({ "models.teacher": join(workspace, "model"), "serving.url": stub.url, "serving.concurrency": 8, "serving.requestTimeoutMs": 5000, ...overrides }, { FTMODEL_WORKSPACE: workspace }),
    asked() {
      const fresh = stub.requests.slice(seen).filter(({ body }) => body.max_tokens !== 1);
      seen = stub.requests.length;
      return fresh;
    },
  };
}

const rowsOf = (lab: Lab) => readJsonl(lab.paths.distilled, Distilled);

test("every question gets its text, in the questions' order, with a manifest", async () => {
  const { lab, asked } = await bench((request, response) => void setTimeout(() => good(request, response), Math.random() * 20));
  const questions = stubQuestions(20);
  const { rows, progress } = await distill(lab(), questions);
  expect(rows.map((r) => r.id)).toEqual(questions.map((q) => q.id));
  expect(rows[3]).toMatchObject({ ...questions[3], sample: 0, failure: null, completion_tokens: 10 });
  expect(rows[3]!.teacher_output).toContain(questions[3]!.question);
  expect(rowsOf(lab())).toEqual(rows);
  expect(readManifest(lab().paths.distilled)).toMatchObject({ rows: 20 });
  expect(asked()).toHaveLength(20);
  expect(progress).toMatchObject({ done: 20, total: 20, asked: 20, failures: {}, etaSeconds: 0 });
  expect(progress.byType.financial_calculation).toEqual({ total: 5, done: 5, texts: 5, wellFormed: 5 });
});

test("nothing changed makes no request, and needs no server", async () => {
  const { stub, lab, asked } = await bench();
  const first = await distill(lab(), stubQuestions(12));
  asked();
  await stub.close();
  const second = await distill(lab(), stubQuestions(12));
  expect(second.rows).toEqual(first.rows);
  expect(second.progress).toMatchObject({ done: 12, asked: 0 });
  expect(stub.requests).toHaveLength(13); // 12 and the first call's probe
});

test("a changed gold answer or type asks nothing and is in the rows", async () => {
  const { lab, asked } = await bench();
  await distill(lab(), stubQuestions(6));
  asked();
  const changed = stubQuestions(6).map((q) => ({ ...q, gold_answer: "7", source: "elsewhere" }));
  const { rows } = await distill(lab(), changed);
  expect(asked()).toHaveLength(0);
  expect(rows.every((r) => r.gold_answer === "7" && r.source === "elsewhere")).toBe(true);
  expect(rowsOf(lab())).toEqual(rows);
});

test.each([
  ["seed", { seed: 43 }],
  ["temperature", { "distill.temperature": 0.9 }],
  ["topP", { "distill.topP": 0.5 }],
  ["maxTokens", { "distill.maxTokens": 99 }],
  ["system prompt", { "prompt.system": "Think." }],
])("a changed %s asks everything anew, and going back asks nothing", async (_, overrides) => {
  const { lab, asked } = await bench();
  const before = await distill(lab(), stubQuestions(6));
  asked();
  const after = await distill(lab(overrides), stubQuestions(6));
  expect(asked()).toHaveLength(6);
  expect(rowsOf(lab()).map((r) => r.key)).toEqual(after.rows.map((r) => r.key));
  expect(new Set([...before.rows, ...after.rows].map((r) => r.key)).size).toBe(12);
  const back = await distill(lab(), stubQuestions(6));
  expect(asked()).toHaveLength(0);
  expect(back.rows).toEqual(before.rows);
  expect(rowsOf(lab())).toEqual(before.rows);
});

test("other weights under the same name ask everything anew", async () => {
  const { workspace, lab, asked } = await bench();
  await distill(lab(), stubQuestions(4));
  asked();
  fakeModel(join(workspace, "model"), 8, "retrained");
  await distill(lab(), stubQuestions(4));
  expect(asked()).toHaveLength(4);
});

test("more questions and more samples ask only for what is new", async () => {
  const { lab, asked } = await bench();
  await distill(lab(), stubQuestions(6));
  asked();
  await distill(lab(), stubQuestions(9));
  expect(asked().map(prompt).sort()).toEqual(stubQuestions(9).slice(6).map((q) => q.question));
  const { rows } = await distill(lab({ "distill.samplesPerQuestion": 3 }), stubQuestions(9));
  expect(asked()).toHaveLength(18);
  expect(rows.map((r) => `${r.id}/${r.sample}`).slice(0, 4)).toEqual(["q0/0", "q0/1", "q0/2", "q1/0"]);
  expect(new Set(rows.slice(0, 3).map((r) => r.teacher_output)).size).toBe(3); // a seed of its own for each
});

test("force asks for every text again", async () => {
  const { lab, asked } = await bench();
  await distill(lab(), stubQuestions(5));
  asked();
  const { rows, progress } = await distill(lab(), stubQuestions(5), { force: true });
  expect(asked()).toHaveLength(5);
  expect(progress.asked).toBe(5);
  expect(rowsOf(lab())).toEqual(rows);
});

test("failures are rows with their cause; only those that may pass are asked for again", async () => {
  let mended = false;
  const answer: Answer = (request, response) => {
    const i = Number(/\d+/.exec(prompt(request))![0]);
    if (i === 1) return sendJson(response, JSON.stringify({ error: { message: "maximum context length is 512 tokens" } }), 400);
    if (i === 2) return sendChat(response, { content: "<think>\nI beg", finish_reason: "length", completion_tokens: 160 });
    if (i === 3) return sendChat(response, { content: "" });
    if (i === 4 && !mended) return void response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    if (i === 5 && !mended) return sendJson(response, "{}", 404);
    return good(request, response);
  };
  const { lab, asked } = await bench(answer);
  const first = await distill(lab(), stubQuestions(10));
  expect(first.progress.failures).toEqual({ context_overflow: 1, length: 1, empty: 1, bad_response: 1, http_404: 1 });
  expect(first.rows.map((r) => [r.failure, r.teacher_output === null]).slice(0, 6)).toEqual([
    [null, false],
    ["context_overflow", true],
    ["length", false],
    ["empty", true],
    ["bad_response", true],
    ["http_404", true],
  ]);
  asked();
  mended = true;
  const second = await distill(lab(), stubQuestions(10));
  expect(asked().map(prompt).sort()).toEqual(["What is 4 + 4?", "What is 5 + 5?"]);
  expect(second.progress.failures).toEqual({ context_overflow: 1, length: 1, empty: 1 });
  expect(rowsOf(lab())).toEqual(second.rows);
  await distill(lab(), stubQuestions(10));
  expect(asked()).toHaveLength(0);
});

test("a longer context asks again for what did not fit, and for nothing else", async () => {
  let limit = 0;
  const { lab, asked } = await bench((request, response) => (prompt(request).includes("1 + 1") && limit === 0 ? sendJson(response, JSON.stringify({ error: { message: "maximum context length" } }), 400) : good(request, response)));
  await distill(lab(), stubQuestions(4));
  asked();
  limit = 1;
  const { progress } = await distill(lab({ "serving.maxModelLength": 1024 }), stubQuestions(4));
  expect(asked()).toHaveLength(1);
  expect(progress.failures).toEqual({});
});

test("not one whole text is an error that counts the causes; the rows stay", async () => {
  const { lab } = await bench((_, response) => sendChat(response, { content: "cut", finish_reason: "length" }));
  await expect(distill(lab(), stubQuestions(5))).rejects.toThrow(/not one whole text[^]*5 × length/);
  expect(rowsOf(lab())).toHaveLength(5);
});

test("no questions, and an id twice, are errors", async () => {
  const { lab } = await bench();
  await expect(distill(lab(), [])).rejects.toThrow("no questions");
  await expect(distill(lab(), [...stubQuestions(2), ...stubQuestions(1)])).rejects.toThrow(/ids of their own[^]*q0/);
});

test("progress never runs ahead of the disk, counts the rate and the time left", async () => {
  const { lab } = await bench((request, response) => void setTimeout(() => good(request, response), 120));
  const seen: DistillProgress[] = [];
  await distill(lab(), stubQuestions(40), {
    onProgress(progress) {
      seen.push(progress);
      const lines = existsSync(lab().paths.distilled) ? readFileSync(lab().paths.distilled, "utf8").split("\n").length - 1 : 0;
      expect(lines).toBeGreaterThanOrEqual(progress.done);
    },
  });
  expect(seen[0]).toMatchObject({ done: 0, total: 40, tokensPerSecond: null, etaSeconds: null });
  const middle = seen.find((p) => p.done > 8 && p.done < 40)!;
  expect(middle.tokensPerSecond).toBeGreaterThan(100);
  expect(middle.etaSeconds).toBeGreaterThan(0);
  expect(middle.etaSeconds).toBeLessThan(5);
  expect(seen.at(-1)).toMatchObject({ done: 40, etaSeconds: 0 });
});

test("an abort keeps what came; the next call asks for the rest only", async () => {
  const abort = new AbortController();
  const { lab, asked } = await bench((request, response) => {
    if (request.n === 20) abort.abort(new Error("enough")); // and is never answered
    else setTimeout(() => good(request, response), 5);
  });
  await expect(distill(lab(), stubQuestions(60), { signal: abort.signal })).rejects.toThrow("enough");
  const kept = rowsOf(lab()).length;
  expect(kept).toBeGreaterThan(8);
  expect(kept).toBeLessThan(60);
  expect(readManifest(lab().paths.distilled)).toBeNull();
  await sleep(200); // a request that was on its way when the abort came is the first call's
  asked();
  await distill(lab(), stubQuestions(60));
  expect(asked()).toHaveLength(60 - kept);
  expect(rowsOf(lab())).toHaveLength(60);
});

test("killed at random moments and started again, it ends with what an undisturbed run has: no row lost, none twice", { timeout: 30_000 }, async () => {
  const { stub, workspace, lab } = await bench((request, response) => void setTimeout(() => good(request, response), 5 + Math.random() * 40));
  const n = 150;
  for (const killAfter of [1, 20, 37]) {
    const child = spawn(process.execPath, [join(import.meta.dirname, "..", "testing", "distill-child.ts"), workspace, stub.url, String(n)], { stdio: ["ignore", "pipe", "inherit"] });
    let acknowledged = 0;
    child.stdout.on("data", (part: Buffer) => (acknowledged = Number(part.toString().trim().split("\n").at(-1))));
    const before = stub.requests.length;
    while (stub.requests.length < before + 1 + killAfter) await sleep(2);
    await sleep(Math.random() * 60);
    child.kill("SIGKILL");
    await once(child, "exit");
    const rows = existsSync(lab().paths.distilled) ? readFileSync(lab().paths.distilled, "utf8").split("\n").length - 1 : 0;
    expect(rows).toBeGreaterThanOrEqual(acknowledged);
    expect(rows).toBeLessThan(n);
  }
  const resumed = await distill(lab(), stubQuestions(n));
  const calm = await bench();
  const { rows } = await distill(calm.lab(), stubQuestions(n));
  const content = (row: Distilled) => ({ ...row, model: "" });
  expect(resumed.rows.map(content)).toEqual(rows.map(content));
  expect(rowsOf(lab())).toEqual(resumed.rows);
});

test("a torn last line is cut, told, and asked for again", async () => {
  const { lab, asked } = await bench();
  await distill(lab(), stubQuestions(5));
  asked();
  const { distilled } = lab().paths;
  writeFileSync(distilled, readFileSync(distilled).subarray(0, -20));
  const { repaired, rows } = await distill(lab(), stubQuestions(5));
  expect(repaired).toMatch(/cut an unfinished last line/);
  expect(asked().map(prompt)).toEqual(["What is 4 + 4?"]);
  expect(rowsOf(lab())).toEqual(rows);
});

test("a damaged archive costs its own line only", async () => {
  const { lab, asked } = await bench();
  await distill(lab(), stubQuestions(4));
  await distill(lab({ seed: 1 }), stubQuestions(4));
  appendFileSync(archivePath(lab().paths), "{half\n");
  asked();
  await distill(lab(), stubQuestions(4));
  expect(asked()).toHaveLength(0);
});

test("a server restarted in mid-run loses no row and repeats none", async () => {
  const answer: Answer = (request, response) => void setTimeout(() => (request.body.max_tokens === 1 ? sendChat(response) : good(request, response)), 25);
  const { stub, lab } = await bench(answer);
  const run = distill(lab({ "serving.requestTimeoutMs": 20_000 }), stubQuestions(100));
  while (stub.requests.length < 30) await sleep(5);
  await stub.close();
  await sleep(400);
  open.push(await startStub(answer, stub.port));
  const { rows, progress } = await run;
  expect(progress.failures).toEqual({});
  expect(rowsOf(lab())).toEqual(rows);
  expect(rows).toHaveLength(100);
});
