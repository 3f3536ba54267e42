import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { createClient } from "./client.ts";
import type { ClientOptions } from "./client.ts";
import type { CompletionRequest, Failure } from "./completion.ts";
import { LabError } from "../errors.ts";
import { chatJson, chunkEvent, sendChat, sendJson, startStub } from "../testing/stub-server.ts";
import type { Answer, StubServer } from "../testing/stub-server.ts";

const request: CompletionRequest = { messages: [{ role: "user", content: "2 + 2?" }], temperature: 0.6, maxTokens: 16 };
const QUICK = { firstMs: 5, maxMs: 200 };
const open: StubServer[] = [];
afterEach(async () => {
  for (const stub of open.splice(0)) await stub.close();
});

async function serve(answer: Answer, options: Partial<ClientOptions> = {}) {
  const stub = await startStub(answer);
  open.push(stub);
  return { stub, client: createClient({ baseURL: stub.url, model: "stub", engine: "vllm", backoff: QUICK, timeoutMs: 10_000, ...options }) };
}

async function failureOf(answer: Answer, options: Partial<ClientOptions> = {}): Promise<Failure & { requests: number }> {
  const { stub, client } = await serve(answer, options);
  const result = await client.complete(request);
  expect(result.ok).toBe(false);
  return { ...(result as Failure), requests: stub.requests.length };
}

test("a completion carries its text, why it ended, its tokens and how often it was asked for", async () => {
  const { client } = await serve((_, response) => sendChat(response, { content: "4", prompt_tokens: 9, completion_tokens: 2 }));
  expect(await client.complete(request)).toMatchObject({ ok: true, text: "4", finishReason: "stop", promptTokens: 9, completionTokens: 2, attempts: 1 });
});

test("an engine is sent only the fields it knows", async () => {
  const full: CompletionRequest = { ...request, topP: 0.95, seed: 7, jsonSchema: { type: "object" } };
  for (const engine of ["transformers", "vllm"] as const) {
    const { stub, client } = await serve((_, response) => sendChat(response), { engine });
    await client.complete(full);
    expect(Object.keys(stub.requests[0]!.body).sort()).toEqual([...["max_tokens", "messages", "model"], ...(engine === "vllm" ? ["response_format"] : []), ...["seed", "stream", "temperature", "top_p"]]);
  }
});

test("no key, organisation or project of the environment reaches a server", async () => {
  process.env.OPENAI_API_KEY = "canary-key";
  process.env.OPENAI_ORG_ID = "canary-org";
  process.env.OPENAI_PROJECT_ID = "canary-project";
  try {
    const { stub, client } = await serve((_, response) => sendChat(response));
    await client.complete(request);
    expect(JSON.stringify(stub.requests[0])).not.toContain("canary");
  } finally {
    for (const name of ["OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"]) delete process.env[name];
  }
});

test.each([408, 429, 500, 502, 503, 504])("status %i is tried again until it passes", async (status) => {
  const { stub, client } = await serve(({ n }, response) => (n < 2 ? sendJson(response, "{}", status) : sendChat(response)));
  expect(await client.complete(request)).toMatchObject({ ok: true, attempts: 3 });
  expect(stub.requests).toHaveLength(3);
});

test.each([400, 401, 403, 404, 409, 413, 422])("status %i is not tried again", async (status) => {
  const failure = await failureOf((_, response) => sendJson(response, JSON.stringify({ detail: "no such thing" }), status));
  expect(failure).toMatchObject({ cause: `http_${status}`, permanent: [400, 413, 422].includes(status), requests: 1 });
  expect(failure.message).toContain("no such thing");
});

test("tries are bounded and the last status is the cause", async () => {
  expect(await failureOf((_, response) => sendJson(response, "{}", 503), { maxAttempts: 3 })).toMatchObject({ cause: "http_503", permanent: false, attempts: 3, requests: 3 });
});

test("Retry-After is waited for, in seconds and as a date", async () => {
  for (const header of [() => "1", () => new Date(Date.now() + 2000).toUTCString()]) {
    const { client } = await serve(({ n }, response) => (n === 0 ? sendJson(response, "{}", 429, { "retry-after": header() }) : sendChat(response)), { backoff: { firstMs: 1, maxMs: 5000 } });
    const result = await client.complete(request);
    expect(result).toMatchObject({ ok: true, attempts: 2 });
    expect(result.ms).toBeGreaterThan(950);
    expect(result.ms).toBeLessThan(3500);
  }
});

test("a Retry-After beyond the deadline ends the request at once", async () => {
  const failure = await failureOf((_, response) => sendJson(response, "{}", 429, { "retry-after": "86400" }), { backoff: { firstMs: 1, maxMs: 100_000_000 } });
  expect(failure).toMatchObject({ cause: "http_429", requests: 1 });
  expect(failure.ms).toBeLessThan(2000);
});

test("a full context is a permanent failure, in the words of vLLM and of our own server", async () => {
  const bodies = [
    { error: { message: "This model's maximum context length is 512 tokens. However, you requested 700 tokens", type: "BadRequestError", code: 400 } },
    { detail: { code: "context_length_exceeded", message: "The prompt has 500 and 160 are asked for." } },
  ];
  for (const body of bodies) expect(await failureOf((_, response) => sendJson(response, JSON.stringify(body), 400))).toMatchObject({ cause: "context_overflow", permanent: true, requests: 1 });
});

test("a cut text is a permanent failure that keeps the text", async () => {
  expect(await failureOf((_, response) => sendChat(response, { content: "<think>\nso", finish_reason: "length", completion_tokens: 16 }))).toMatchObject({ cause: "length", permanent: true, text: "<think>\nso", completionTokens: 16, requests: 1 });
});

test.each([
  ["null content", { content: null }],
  ["empty content", { content: "" }],
  ["blank content", { content: " \n" }],
])("%s is a failure named empty", async (_, fields) => {
  expect(await failureOf((_request, response) => sendChat(response, fields))).toMatchObject({ cause: "empty", permanent: true, requests: 1 });
});

test.each([
  ["no choices", JSON.stringify({ choices: [] }), "no choices"],
  ["an HTML page", "<!doctype html><title>Login</title>", "web page"],
  ["no JSON", "model loading", "not JSON"],
  ["another JSON", JSON.stringify([1, 2]), "no chat completion"],
  ["half a JSON", chatJson().slice(0, 40), "not JSON"],
  ["an empty body", "", "not JSON"],
])("%s with status 200 is an unreadable answer, asked for once", async (_, body, said) => {
  const failure = await failureOf((_request, response) => sendJson(response, body));
  expect(failure).toMatchObject({ cause: "bad_response", permanent: false, requests: 1 });
  expect(failure.message).toContain(said);
});

test("bytes that are not UTF-8 are an unreadable answer", async () => {
  const failure = await failureOf((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(Buffer.from(chatJson({ content: "@@" }).replace("@@", "\u00ff"), "latin1"));
  });
  expect(failure.cause).toBe("bad_response");
  expect(failure.message).toContain("UTF-8");
});

test.each([
  [200, "too_large"],
  [500, "http_500"],
])("of 50 MB with status %i only the beginning is read", async (status, cause) => {
  let sent = 0;
  const failure = await failureOf(
    async (_, response) => {
      response.writeHead(status, { "content-type": "application/json" });
      for (; sent < 50 && !response.destroyed; sent++) if (!response.write(Buffer.alloc(1_000_000, " "))) await Promise.race([once(response, "drain"), once(response, "close")]);
      response.end();
    },
    { maxAttempts: 1, maxBytes: 4_000_000 },
  );
  expect(failure.cause).toBe(cause);
  expect(sent).toBeLessThan(25);
});

test("a reset after the headers and half a body are lost connections, tried again", async () => {
  const half = chatJson({ content: "x".repeat(1000) });
  const { client } = await serve(({ n }, response) => {
    if (n >= 3) return sendChat(response, { content: "4" });
    if (n === 0) return void response.socket!.destroy(); // before any byte
    response.writeHead(200, { "content-type": "application/json", ...(n === 1 && { "content-length": String(half.length) }) });
    response.flushHeaders();
    if (n === 2) response.write(half.slice(0, 300));
    setTimeout(() => response.socket!.destroy(), 20);
  });
  expect(await client.complete(request)).toMatchObject({ ok: true, text: "4", attempts: 4 });
});

test("nobody listening is a lost connection after all tries", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
  await new Promise((resolve) => server.close(resolve));
  const client = createClient({ baseURL: `http://127.0.0.1:${port}/v1`, model: "stub", engine: "vllm", backoff: QUICK, maxAttempts: 3 });
  expect(await client.complete(request)).toMatchObject({ ok: false, cause: "connection", permanent: false, attempts: 3 });
});

test("no answer at all ends at the deadline, tries and waits included", async () => {
  const silent = await failureOf(() => undefined, { timeoutMs: 300 });
  expect(silent).toMatchObject({ cause: "timeout", permanent: false, requests: 1 });
  expect(silent.ms).toBeLessThan(1500);
  const busy = await failureOf((_, response) => sendJson(response, "{}", 503), { timeoutMs: 400, maxAttempts: 1000, backoff: { firstMs: 30, maxMs: 60 } });
  expect(busy.ms).toBeLessThan(1500);
  expect(busy.requests).toBeGreaterThan(2);
});

test("a body that stops halfway ends at the deadline", async () => {
  const failure = await failureOf(
    (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write(chatJson().slice(0, 30));
    },
    { timeoutMs: 300 },
  );
  expect(failure.cause).toBe("timeout");
});

test("an abort ends a request at once, in flight or waiting to try again", async () => {
  for (const answer of [() => undefined, (_: unknown, response: Parameters<Answer>[1]) => sendJson(response, "{}", 503, { "retry-after": "5" })]) {
    const { client } = await serve(answer, { backoff: { firstMs: 5000, maxMs: 5000 } });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    const result = await client.complete({ ...request, signal: abort.signal });
    expect(result).toMatchObject({ ok: false, cause: "cancelled", permanent: false });
    expect(result.ms).toBeLessThan(1500);
  }
});

test("the limits of Node's own fetch are switched off", async () => {
  // 300 s cannot be waited for here; the dispatcher that carries them is looked at instead.
  const { Agent } = await import("undici");
  const seen: unknown[] = [];
  const dispatch = Agent.prototype.dispatch;
  Agent.prototype.dispatch = function (options, handler) {
    seen.push(Object.fromEntries(Object.getOwnPropertySymbols(this).map((s) => [String(s), (this as unknown as Record<symbol, unknown>)[s]])));
    return dispatch.call(this, options, handler);
  };
  try {
    const { client } = await serve((_, response) => sendChat(response));
    await client.complete(request);
  } finally {
    Agent.prototype.dispatch = dispatch;
  }
  expect(JSON.stringify(seen[0])).toContain('"headersTimeout":0,"bodyTimeout":0');
});

test("results keep the order of the requests, whichever answer comes first", async () => {
  const { client } = await serve(({ body }, response) => void setTimeout(() => sendChat(response, { content: body.messages[0]!.content }), Math.random() * 30));
  const requests = Array.from({ length: 40 }, (_, i) => ({ ...request, messages: [{ role: "user" as const, content: `q${i}` }] }));
  const results = await client.completeAll(requests, { concurrency: 8 });
  expect(results.map((r) => r.text)).toEqual(requests.map((r) => r.messages[0]!.content));
});

test("a hundredfold variance in latency leaves no place in the pool idle", async () => {
  // Three slow answers at once, a hundred times slower than the others. In batches of 16 at most 16 requests would start beside them.
  const startedBeside: number[] = [];
  const { stub, client } = await serve(async ({ n }, response) => {
    const isSlow = n >= 20 && n < 23;
    await sleep(isSlow ? 1000 : 10);
    if (isSlow) startedBeside.push(stub.requests.length - n);
    sendChat(response);
  });
  await client.completeAll(Array.from({ length: 400 }, () => request), { concurrency: 16 });
  expect(stub.mostInFlight).toBe(16);
  expect(Math.min(...startedBeside)).toBeGreaterThan(100);
});

test("a result is handled before its place is given away, and an error there stops the rest", async () => {
  const { stub, client } = await serve((_, response) => sendChat(response));
  const requests = Array.from({ length: 50 }, () => request);
  const run = client.completeAll(requests, {
    concurrency: 2,
    onResult: (_, index) => {
      if (index === 5) throw new Error("disk full");
    },
  });
  await expect(run).rejects.toThrow("disk full");
  expect(stub.requests.length).toBeLessThan(10);
});

test("an abort ends completeAll with the abort's reason", async () => {
  const abort = new AbortController();
  const { stub, client } = await serve(({ n }, response) => {
    if (n === 20) abort.abort(new Error("interrupted"));
    else setTimeout(() => sendChat(response), 5);
  });
  await expect(client.completeAll(Array.from({ length: 500 }, () => request), { concurrency: 4, signal: abort.signal })).rejects.toThrow("interrupted");
  expect(stub.requests.length).toBeLessThan(30);
});

test("a server that is restarted in mid-run costs no answer", async () => {
  const answer: Answer = ({ body }, response) => void setTimeout(() => sendChat(response, { content: body.messages[0]!.content }), 20);
  const { stub, client } = await serve(answer, { backoff: { firstMs: 50, maxMs: 200 }, maxAttempts: 12 });
  const requests = Array.from({ length: 120 }, (_, i) => ({ ...request, messages: [{ role: "user" as const, content: `q${i}` }] }));
  const run = client.completeAll(requests, { concurrency: 8 });
  await new Promise((resolve) => setTimeout(resolve, 120));
  await stub.close();
  await new Promise((resolve) => setTimeout(resolve, 300));
  open.push(await startStub(answer, stub.port));
  const results = await run;
  expect(results.every((r) => r.ok)).toBe(true);
  expect(results.map((r) => r.text)).toEqual(requests.map((r) => r.messages[0]!.content));
});

test("a server that stays away ends completeAll with a clear error in bounded time", async () => {
  const { stub, client } = await serve((_, response) => sendChat(response), { maxAttempts: 2 });
  await stub.close();
  const run = client.completeAll(Array.from({ length: 1000 }, () => request), { concurrency: 4 });
  await expect(run).rejects.toThrow(LabError);
  await expect(run).rejects.toThrow("The model server is gone");
});

test("a think block that the template opened is restored, also in a cut text", async () => {
  const texts = ["2 + 2 = 4\n</think>\n<answer>\n4\n</answer>", "2 + 2"];
  const { client } = await serve(({ n }, response) => sendChat(response, { content: texts[n]!, finish_reason: n === 0 ? "stop" : "length" }), { opensThink: true });
  expect((await client.complete(request)).text).toBe(`<think>\n${texts[0]}`);
  expect((await client.complete(request)).text).toBe(`<think>\n${texts[1]}`);
});

test("thoughts that a server sends apart come back into the text", async () => {
  const { client } = await serve((_, response) => sendChat(response, { content: "<answer>\n4\n</answer>", message: { reasoning_content: "2 + 2" } }));
  expect((await client.complete(request)).text).toBe("<think>\n2 + 2\n</think>\n<answer>\n4\n</answer>");
});

test("a stream gives its pieces as they come, and the time of the first", async () => {
  const { stub, client } = await serve((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunkEvent({ role: "assistant" }));
    setTimeout(() => response.write(chunkEvent({ content: "hel" })), 50);
    setTimeout(() => response.write(chunkEvent({ content: "lo" })), 100);
    setTimeout(() => response.end(`${chunkEvent({}, "stop", { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 })}data: [DONE]\n\n`), 150);
  });
  const pieces: string[] = [];
  const result = await client.streamComplete(request, (piece) => pieces.push(piece));
  expect(pieces).toEqual(["hel", "lo"]);
  expect(result).toMatchObject({ ok: true, text: "hello", finishReason: "stop", completionTokens: 2 });
  expect(result.firstTextMs).toBeGreaterThan(40);
  expect(result.tokensPerSecond).toBeGreaterThan(1);
  expect(stub.requests[0]!.body.stream_options).toEqual({ include_usage: true });
});

test("a stream that ends or breaks off before the text does is not taken for a whole text", async () => {
  for (const end of ["end", "destroy", "silence"] as const) {
    const { client } = await serve(
      (_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(chunkEvent({ content: "half" }));
        if (end !== "silence") setTimeout(() => (end === "end" ? response.end() : response.destroy()), 30);
      },
      { timeoutMs: 400 },
    );
    const result = await client.streamComplete(request);
    expect(result).toMatchObject({ ok: false, text: "half", permanent: false, cause: { end: "incomplete", destroy: "connection", silence: "timeout" }[end] });
  }
});

test("a page, a refusal and an error inside the stream are failures of a stream, too", async () => {
  const answers: [Answer, string][] = [
    [(_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"), "incomplete"],
    [(_, response) => sendJson(response, JSON.stringify({ error: { message: "maximum context length is 5" } }), 400), "context_overflow"],
    [(_, response) => void response.writeHead(200, { "content-type": "text/event-stream" }).end('data: {"error": {"message": "worker died"}}\n\n'), "bad_response"],
    [(_, response) => void response.writeHead(200, { "content-type": "text/event-stream" }).end("data: {not json\n\n"), "bad_response"],
  ];
  for (const [answer, cause] of answers) {
    const { client } = await serve(answer);
    expect(await client.streamComplete(request)).toMatchObject({ ok: false, cause });
  }
});
