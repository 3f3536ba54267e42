import { afterAll, beforeAll, expect, test } from "vitest";
import { createClient } from "./client.ts";
import { throughputCurve } from "../figures/speed.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";
import { measureThroughput } from "./throughput.ts";

/** Every answer takes 40 ms, whoever else is there: a server that batches without limit. */
let stub: StubServer;
beforeAll(async () => {
  stub = await startStub(({ body }, response) => {
    setTimeout(
      () =>
        sendChat(response, {
          content: "x",
          completion_tokens: body.messages[0]!.content === "silent" ? 0 : 10,
        }),
      40,
    );
  });
});
afterAll(() => stub.close());
const client = () =>
  createClient({ baseURL: stub.url, model: "stub", engine: "transformers", maxAttempts: 1 });
const request = (content: string) => ({
  messages: [{ role: "user" as const, content }],
  temperature: 0.7,
  maxTokens: 10,
});

test("a server that batches writes more tokens a second the more is asked of it at once", async () => {
  const [one, eight] = await measureThroughput(client(), [request("a"), request("b")], [1, 8]);
  expect(one).toMatchObject({ inFlight: 1, requests: 6, tokens: 60, failed: 0 });
  expect(eight).toMatchObject({ inFlight: 8, requests: 24, tokens: 240, failed: 0 });
  expect(one!.tokensPerSecond).toBeLessThan(260); // 10 tokens in 40 ms at best
  expect(eight!.tokensPerSecond).toBeGreaterThan(3 * one!.tokensPerSecond);
  expect(one!.medianMs).toBeGreaterThanOrEqual(39);
  expect(stub.mostInFlight).toBe(8);
  // no two texts alike by seed
  expect(new Set(stub.requests.slice(1).map(({ body }) => body.seed)).size).toBe(30);
});

test("answers without tokens are counted apart; without requests there is nothing to measure", async () => {
  const [row] = await measureThroughput(client(), [request("a"), request("silent")], [2], {
    rounds: 1,
    atLeast: 4,
  });
  expect(row).toMatchObject({ requests: 4, failed: 2, tokens: 20 });
  await expect(measureThroughput(client(), [], [1])).rejects.toThrow("got 0");
});

test("the figure names the gain over one request in flight, or that nothing can be drawn", () => {
  const row = (inFlight: number, tokensPerSecond: number) => ({
    inFlight,
    requests: 6,
    failed: 0,
    tokens: 60,
    seconds: 1,
    tokensPerSecond,
    medianMs: 40,
  });
  const { data, layout } = throughputCurve([row(1, 100), row(64, 1000)]);
  expect(data[0]).toMatchObject({
    x: ["1", "64"],
    y: [100, 1000],
    text: ["100", "1,000"],
  });
  expect(layout.xaxis).toMatchObject({ ticktext: ["1<br>0.04 s", "64<br>0.04 s"] });
  expect(JSON.stringify(layout.title)).toContain("10.0 times");
  expect(JSON.stringify(throughputCurve([]).layout)).toContain("Nothing has been measured yet");
});
