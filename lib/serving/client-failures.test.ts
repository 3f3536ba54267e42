import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createClient } from "./client.ts";
import { clientBench, QUICK, request } from "../testing/client-fixture.ts";
import { chatJson, sendChat, sendJson } from "../testing/stub-server.ts";
import type { Answer } from "../testing/stub-server.ts";

const { serve, failureOf } = clientBench();

test("a full context is a permanent failure, in the words of vLLM and of our own server", async () => {
  const bodies = [
    {
      error: {
        message: "This model's maximum context length is 512 tokens. However, you requested 700 tokens",
        type: "BadRequestError",
        code: 400,
      },
    },
    { detail: { code: "context_length_exceeded", message: "The prompt has 500 and 160 are asked for." } },
  ];
  for (const body of bodies)
    expect(await failureOf((_, response) => sendJson(response, JSON.stringify(body), 400))).toMatchObject({
      cause: "context_overflow",
      permanent: true,
      requests: 1,
    });
});

test("a cut text is a permanent failure that keeps the text", async () => {
  expect(
    await failureOf((_, response) =>
      sendChat(response, { content: "<think>\nso", finish_reason: "length", completion_tokens: 16 }),
    ),
  ).toMatchObject({
    cause: "length",
    permanent: true,
    text: "<think>\nso",
    completionTokens: 16,
    requests: 1,
  });
});

test.each([
  ["null content", { content: null }],
  ["empty content", { content: "" }],
  ["blank content", { content: " \n" }],
])("%s is a failure named empty", async (_, fields) => {
  expect(await failureOf((_request, response) => sendChat(response, fields))).toMatchObject({
    cause: "empty",
    permanent: true,
    requests: 1,
  });
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
      for (; sent < 50 && !response.destroyed; sent++)
        if (!response.write(Buffer.alloc(1_000_000, " ")))
          await Promise.race([once(response, "drain"), once(response, "close")]);
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
    response.writeHead(200, {
      "content-type": "application/json",
      ...(n === 1 && { "content-length": String(half.length) }),
    });
    response.flushHeaders();
    if (n === 2) response.write(half.slice(0, 300));
    setTimeout(() => response.socket!.destroy(), 20);
  });
  expect(await client.complete(request)).toMatchObject({ ok: true, text: "4", attempts: 4 });
});

test("nobody listening is a lost connection after all tries", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );
  await new Promise((resolve) => server.close(resolve));
  const client = createClient({
    baseURL: `http://127.0.0.1:${port}/v1`,
    model: "stub",
    engine: "vllm",
    backoff: QUICK,
    maxAttempts: 3,
  });
  expect(await client.complete(request)).toMatchObject({
    ok: false,
    cause: "connection",
    permanent: false,
    attempts: 3,
  });
});

test("no answer at all ends at the deadline, tries and waits included", async () => {
  const silent = await failureOf(() => undefined, { timeoutMs: 300 });
  expect(silent).toMatchObject({ cause: "timeout", permanent: false, requests: 1 });
  expect(silent.ms).toBeLessThan(1500);
  const busy = await failureOf((_, response) => sendJson(response, "{}", 503), {
    timeoutMs: 400,
    maxAttempts: 1000,
    backoff: { firstMs: 30, maxMs: 60 },
  });
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
  for (const answer of [
    () => undefined,
    (_: unknown, response: Parameters<Answer>[1]) => sendJson(response, "{}", 503, { "retry-after": "5" }),
  ]) {
    const { client } = await serve(answer, { backoff: { firstMs: 5000, maxMs: 5000 } });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    const result = await client.complete({ ...request, signal: abort.signal });
    expect(result).toMatchObject({ ok: false, cause: "cancelled", permanent: false });
    expect(result.ms).toBeLessThan(1500);
  }
});
