import { expect, test } from "vitest";
import { clientBench, request } from "../testing/client-fixture.ts";
import { chunkEvent, sendChat, sendJson } from "../testing/stub-server.ts";
import type { Answer } from "../testing/stub-server.ts";

const { serve } = clientBench();

test("a stream gives its pieces as they come, and the time of the first", async () => {
  const { stub, client } = await serve((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunkEvent({ role: "assistant" }));
    setTimeout(() => response.write(chunkEvent({ content: "hel" })), 50);
    setTimeout(() => response.write(chunkEvent({ content: "lo" })), 100);
    setTimeout(
      () =>
        response.end(
          `${chunkEvent({}, "stop", { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 })}data: ` +
            `[DONE]\n\n`,
        ),
      150,
    );
  });
  const pieces: string[] = [];
  const result = await client.streamComplete(request, (piece) => pieces.push(piece));
  expect(pieces).toEqual(["hel", "lo"]);
  expect(result).toMatchObject({ ok: true, text: "hello", finishReason: "stop", completionTokens: 2 });
  expect(result.firstTextMs).toBeGreaterThan(40);
  expect(result.tokensPerSecond).toBeGreaterThan(1);
  expect(stub.requests[0]!.body.stream_options).toEqual({ include_usage: true });
});

test("a begun text and thoughts sent apart are streamed as one text", async () => {
  const thoughts = [
    chunkEvent({ reasoning: "2 +" }),
    chunkEvent({ reasoning: " 2" }),
    chunkEvent({ content: "4" }),
  ];
  for (const [begin, chunks, text, reasoning] of [
    ["", thoughts, "<think>\n2 + 2\n</think>\n4", "2 + 2"],
    ["<think>\nSo ", thoughts, "<think>\nSo 2 + 2\n</think>\n4", "2 + 2"],
    [
      "<think>\n",
      [chunkEvent({ content: "2 + 2" }), chunkEvent({ content: "\n</think>\n4" })],
      "<think>\n2 + 2\n</think>\n4",
      null,
    ],
    ["<think>\n", [chunkEvent({ content: " " })], "", null],
  ] as const) {
    const { client } = await serve((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`${chunks.join("")}${chunkEvent({}, "stop")}data: [DONE]\n\n`);
    });
    const pieces: string[] = [];
    const result = await client.streamComplete({ ...request, begin }, (piece) => pieces.push(piece));
    expect(result).toMatchObject({ ok: text !== "", text, reasoning });
    if (result.ok) expect(pieces.join("")).toBe(text);
  }
});

test("of an unknown template, too, a stream's text begins with <think>, as an answer's does", async () => {
  const { client } = await serve(({ body }, response) => {
    const content = "2 + 2\n</think>\n4";
    if (!body.stream) return sendChat(response, { content });
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(`${chunkEvent({ content })}${chunkEvent({}, "stop")}data: [DONE]\n\n`);
  });
  const streamed = await client.streamComplete(request);
  expect(streamed.text).toBe("<think>\n2 + 2\n</think>\n4");
  expect((await client.complete(request)).text).toBe(streamed.text);
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
    expect(result).toMatchObject({
      ok: false,
      text: "half",
      permanent: false,
      cause: { end: "incomplete", destroy: "connection", silence: "timeout" }[end],
    });
  }
});

test("a page, a refusal and an error inside the stream are failures of a stream, too", async () => {
  const answers: [Answer, string][] = [
    [
      (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
      "incomplete",
    ],
    [
      (_, response) =>
        sendJson(response, JSON.stringify({ error: { message: "maximum context length is 5" } }), 400),
      "context_overflow",
    ],
    [
      (_, response) =>
        void response
          .writeHead(200, { "content-type": "text/event-stream" })
          .end('data: {"error": {"message": "worker died"}}\n\n'),
      "bad_response",
    ],
    [
      (_, response) =>
        void response.writeHead(200, { "content-type": "text/event-stream" }).end("data: {not json\n\n"),
      "bad_response",
    ],
  ];
  for (const [answer, cause] of answers) {
    const { client } = await serve(answer);
    expect(await client.streamComplete(request)).toMatchObject({ ok: false, cause });
  }
});
