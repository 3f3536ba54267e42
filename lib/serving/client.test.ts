import { expect, test } from "vitest";
import type { CompletionRequest } from "./completion.ts";
import { clientBench, request } from "../testing/client-fixture.ts";
import { sendChat, sendJson } from "../testing/stub-server.ts";

const { serve, failureOf } = clientBench();

test("a completion carries its text, why it ended, its tokens and how often it was asked for", async () => {
  const { client } = await serve((_, response) =>
    sendChat(response, { content: "4", prompt_tokens: 9, completion_tokens: 2 }),
  );
  expect(await client.complete(request)).toMatchObject({
    ok: true,
    text: "4",
    finishReason: "stop",
    promptTokens: 9,
    completionTokens: 2,
    attempts: 1,
  });
});

test("an engine is sent only the fields it knows", async () => {
  const full: CompletionRequest = {
    ...request,
    topP: 0.95,
    seed: 7,
    jsonSchema: { type: "object" },
    regex: "a+",
  };
  for (const engine of ["transformers", "vllm"] as const) {
    const { stub, client } = await serve((_, response) => sendChat(response), { engine });
    await client.complete(full);
    expect(Object.keys(stub.requests[0]!.body).sort()).toEqual([
      ...["max_tokens", "messages", "model"],
      ...(engine === "vllm" ? ["response_format"] : []),
      ...["seed", "stream"],
      ...(engine === "vllm" ? ["structured_outputs"] : []),
      ...["temperature", "top_p"],
    ]);
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
  const { stub, client } = await serve(({ n }, response) =>
    n < 2 ? sendJson(response, "{}", status) : sendChat(response),
  );
  expect(await client.complete(request)).toMatchObject({ ok: true, attempts: 3 });
  expect(stub.requests).toHaveLength(3);
});

test.each([400, 401, 403, 404, 409, 413, 422])("status %i is not tried again", async (status) => {
  const failure = await failureOf((_, response) =>
    sendJson(response, JSON.stringify({ detail: "no such thing" }), status),
  );
  expect(failure).toMatchObject({ cause: `http_${status}`, permanent: false, requests: 1 });
  expect(failure.message).toContain("no such thing");
});

test("tries are bounded and the last status is the cause", async () => {
  expect(await failureOf((_, response) => sendJson(response, "{}", 503), { maxAttempts: 3 })).toMatchObject({
    cause: "http_503",
    permanent: false,
    attempts: 3,
    requests: 3,
  });
});

test("Retry-After is waited for, in seconds and as a date", async () => {
  for (const header of [() => "1", () => new Date(Date.now() + 2000).toUTCString()]) {
    const { client } = await serve(
      ({ n }, response) =>
        n === 0 ? sendJson(response, "{}", 429, { "retry-after": header() }) : sendChat(response),
      { backoff: { firstMs: 1, maxMs: 5000 } },
    );
    const result = await client.complete(request);
    expect(result).toMatchObject({ ok: true, attempts: 2 });
    expect(result.ms).toBeGreaterThan(950);
    expect(result.ms).toBeLessThan(3500);
  }
});

test("a Retry-After beyond the deadline ends the request at once", async () => {
  const failure = await failureOf(
    (_, response) => sendJson(response, "{}", 429, { "retry-after": "86400" }),
    { backoff: { firstMs: 1, maxMs: 100_000_000 } },
  );
  expect(failure).toMatchObject({ cause: "http_429", requests: 1 });
  expect(failure.ms).toBeLessThan(2000);
});

test("the limits of Node's own fetch are switched off", async () => {
  // 300 s cannot be waited for here; the dispatcher that carries them is looked at instead.
  const { Agent } = await import("undici");
  const seen: unknown[] = [];
  const dispatch = Agent.prototype.dispatch;
  Agent.prototype.dispatch = function (options, handler) {
    seen.push(
      Object.fromEntries(
        Object.getOwnPropertySymbols(this).map((s) => [
          String(s),
          (this as unknown as Record<symbol, unknown>)[s],
        ]),
      ),
    );
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

test("a think block that the template opened is restored, also in a cut text", async () => {
  const texts = ["2 + 2 = 4\n</think>\n<answer>\n4\n</answer>", "2 + 2"];
  const { client } = await serve(
    ({ n }, response) =>
      sendChat(response, { content: texts[n]!, finish_reason: n === 0 ? "stop" : "length" }),
    { opensThink: true },
  );
  expect((await client.complete(request)).text).toBe(`<think>\n${texts[0]}`);
  expect((await client.complete(request)).text).toBe(`<think>\n${texts[1]}`);
});

test("thoughts that a server sends apart come back into the text, and stay beside it", async () => {
  for (const field of ["reasoning_content", "reasoning"]) {
    const { client } = await serve((_, response) =>
      sendChat(response, { content: "<answer>\n4\n</answer>", message: { [field]: "\n2 + 2\n" } }),
    );
    expect(await client.complete(request)).toMatchObject({
      text: "<think>\n2 + 2\n</think>\n<answer>\n4\n</answer>",
      reasoning: "\n2 + 2\n",
    });
  }
  const { client } = await serve((_, response) => sendChat(response, { content: "4" }));
  expect((await client.complete(request)).reasoning).toBeNull();
});

test("a regex is sent as vLLM's structured output", async () => {
  const { stub, client } = await serve((_, response) => sendChat(response));
  await client.complete({ ...request, regex: "<answer>[^<]+</answer>" });
  expect(stub.requests[0]!.body.structured_outputs).toEqual({ regex: "<answer>[^<]+</answer>" });
});

test(
  "vLLM is sent a begun text as the last message to go on from, and what was begun stands in front " +
    "of the text",
  async () => {
    const { stub, client } = await serve(
      (_, response) => sendChat(response, { content: "2 + 2\n</think>\n<answer>4</answer>" }),
      { opensThink: true },
    );
    const result = await client.complete({ ...request, begin: "<think>\n" });
    expect(stub.requests[0]!.body).toMatchObject({
      messages: [...request.messages, { role: "assistant", content: "<think>\n" }],
      continue_final_message: true,
      add_generation_prompt: false,
    });
    expect(result).toMatchObject({
      ok: true,
      text: "<think>\n2 + 2\n</think>\n<answer>4</answer>",
      reasoning: null,
    });
  },
);

test("a begun text is part of thoughts that come apart, of a cut text, and no answer by itself", async () => {
  const answers = [
    { content: "4", message: { reasoning: "is 4" } },
    { content: "2 +", finish_reason: "length" },
    { content: " \n" },
  ];
  const { client } = await serve(({ n }, response) => sendChat(response, answers[n]!));
  const begun = { ...request, begin: "<think>\n2 + 2 " };
  expect(await client.complete(begun)).toMatchObject({
    ok: true,
    text: "<think>\n2 + 2 is 4\n</think>\n4",
    reasoning: "is 4",
  });
  expect(await client.complete(begun)).toMatchObject({
    ok: false,
    cause: "length",
    text: "<think>\n2 + 2 2 +",
  });
  expect(await client.complete(begun)).toMatchObject({ ok: false, cause: "empty", text: "" });
});

test("an engine that cannot go on from a begun text is not asked", async () => {
  const { stub, client } = await serve((_, response) => sendChat(response), { engine: "transformers" });
  const begun = { ...request, begin: "<think>\n" };
  await expect(client.complete(begun)).rejects.toThrow(/on vLLM only[^]*prompt\.teacher/);
  await expect(client.completeAll([begun])).rejects.toThrow("on vLLM only");
  await expect(client.streamComplete(begun)).rejects.toThrow("on vLLM only");
  expect(stub.requests).toHaveLength(0);
});
