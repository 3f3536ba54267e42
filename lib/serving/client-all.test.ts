import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { clientBench, request } from "../testing/client-fixture.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { Answer } from "../testing/stub-server.ts";

const { serve, keep } = clientBench();

test("results keep the order of the requests, whichever answer comes first", async () => {
  const { client } = await serve(
    ({ body }, response) =>
      void setTimeout(() => sendChat(response, { content: body.messages[0]!.content }), Math.random() * 30),
  );
  const requests = Array.from({ length: 40 }, (_, i) => ({
    ...request,
    messages: [{ role: "user" as const, content: `q${i}` }],
  }));
  const results = await client.completeAll(requests, { concurrency: 8 });
  expect(results.map((r) => r.text)).toEqual(requests.map((r) => r.messages[0]!.content));
});

test("slow answers leave no place in the pool idle: all others come while three are waited for", async () => {
  // In batches of 16 these three would be waited for with 13 others at most.
  const held: (() => void)[] = [];
  const { stub, client } = await serve(({ n }, response) => {
    if (n >= 20 && n < 23) return void held.push(() => sendChat(response));
    sendChat(response);
    if (stub.requests.length === 400) for (const send of held) send();
  });
  await client.completeAll(
    Array.from({ length: 400 }, () => request),
    { concurrency: 16 },
  );
  expect(held).toHaveLength(3);
  expect(stub.mostInFlight).toBeLessThanOrEqual(16);
});

test("an abort ends completeAll with the abort's reason", async () => {
  const abort = new AbortController();
  const { stub, client } = await serve(({ n }, response) => {
    if (n === 20) abort.abort(new Error("interrupted"));
    else setTimeout(() => sendChat(response), 5);
  });
  await expect(
    client.completeAll(
      Array.from({ length: 500 }, () => request),
      { concurrency: 4, signal: abort.signal },
    ),
  ).rejects.toThrow("interrupted");
  expect(stub.requests.length).toBeLessThan(30);
});

test("an interrupted cell ends completeAll: what is in flight is aborted, no more is asked", async () => {
  const { stub, client } = await serve(({ n }, response) => {
    if (n < 20) sendChat(response); // the others are never answered
  });
  const run = client.completeAll(
    Array.from({ length: 500 }, () => request),
    { concurrency: 4 },
  );
  while (stub.requests.length < 24) await sleep(5);
  process.emit("SIGINT");
  await expect(run).rejects.toThrow("The cell was interrupted");
  await sleep(100);
  expect(stub.requests.length).toBe(24);
});

test("a server that is restarted in mid-run costs no answer", async () => {
  const answer: Answer = ({ body }, response) =>
    void setTimeout(() => sendChat(response, { content: body.messages[0]!.content }), 20);
  const { stub, client } = await serve(answer, { backoff: { firstMs: 50, maxMs: 200 }, maxAttempts: 12 });
  const requests = Array.from({ length: 120 }, (_, i) => ({
    ...request,
    messages: [{ role: "user" as const, content: `q${i}` }],
  }));
  const run = client.completeAll(requests, { concurrency: 8 });
  await new Promise((resolve) => setTimeout(resolve, 120));
  await stub.close();
  await new Promise((resolve) => setTimeout(resolve, 300));
  keep(await startStub(answer, stub.port));
  const results = await run;
  expect(results.every((r) => r.ok)).toBe(true);
  expect(results.map((r) => r.text)).toEqual(requests.map((r) => r.messages[0]!.content));
});

test("what a lost server was asked is asked of another one", async () => {
  const lost = new AbortController();
  const silent = await startStub(() => undefined);
  keep(silent);
  const { stub, client } = await serve((_, response) => sendChat(response), {
    servers: () => [
      { url: stub.url },
      ...(lost.signal.aborted ? [] : [{ url: silent.url, gone: lost.signal }]),
    ],
  });
  const asking = client.completeAll(Array.from({ length: 8 }, () => request));
  while (silent.requests.length < 4) await sleep(5);
  lost.abort();
  expect((await asking).map(({ ok, attempts }) => [ok, attempts])).toEqual(
    [1, 2, 1, 2, 1, 2, 1, 2].map((attempts) => [true, attempts]),
  );
  expect(stub.requests.length).toBe(8);
});

test("while no server of a model is there, requests wait for the next one", async () => {
  let isThere = false;
  const { stub, client } = await serve((_, response) => sendChat(response), {
    servers: () => (isThere ? [{ url: stub.url }] : []),
  });
  const asking = client.complete(request);
  await sleep(50);
  expect(stub.requests.length).toBe(0);
  isThere = true;
  expect(await asking).toMatchObject({ ok: true, attempts: 2 });
});
