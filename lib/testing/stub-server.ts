/** A real HTTP server that plays an OpenAI-compatible one, well or badly. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface StubRequest {
  /** Counts from 0. */
  n: number;
  body: { model: string; messages: { role: string; content: string }[]; [field: string]: unknown };
  headers: IncomingMessage["headers"];
}

export type Answer = (request: StubRequest, response: ServerResponse) => void | Promise<void>;

export interface StubServer {
  url: string;
  port: number;
  requests: StubRequest[];
  /** In flight now and the most there ever were. */
  inFlight: number;
  mostInFlight: number;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1; `port` 0 takes a free one. */
export async function startStub(answer: Answer, port = 0): Promise<StubServer> {
  const server: Server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => (text += part));
    request.on("end", () => {
      const seen: StubRequest = {
        n: stub.requests.length,
        body: text === "" ? { model: "", messages: [] } : (JSON.parse(text) as StubRequest["body"]),
        headers: request.headers,
      };
      stub.requests.push(seen);
      stub.mostInFlight = Math.max(stub.mostInFlight, ++stub.inFlight);
      response.on("close", () => stub.inFlight--);
      void Promise.resolve(answer(seen, response)).catch((error: Error) => response.destroy(error));
    });
  });
  const stub: StubServer = {
    url: "",
    port: 0,
    requests: [],
    inFlight: 0,
    mostInFlight: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((ready, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", ready);
  });
  stub.port = (server.address() as AddressInfo).port;
  stub.url = `http://127.0.0.1:${stub.port}/v1`;
  return stub;
}

export interface ChatFields {
  content?: string | null;
  finish_reason?: string;
  prompt_tokens?: number;
  completion_tokens?: number;
  message?: Record<string, unknown>;
}

/** The JSON of a well-formed answer. */
export function chatJson({
  content = "ok",
  finish_reason = "stop",
  prompt_tokens = 5,
  completion_tokens = 7,
  message = {},
}: ChatFields = {}): string {
  return JSON.stringify({
    id: "1",
    object: "chat.completion",
    created: 1,
    model: "stub",
    choices: [{ index: 0, finish_reason, message: { role: "assistant", content, ...message } }],
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  });
}

export function sendJson(
  response: ServerResponse,
  json: string,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(json);
}

export function sendChat(response: ServerResponse, fields: ChatFields = {}): void {
  sendJson(response, chatJson(fields));
}

/** One event of a streamed answer. */
export function chunkEvent(
  delta: Record<string, unknown>,
  finish_reason: string | null = null,
  usage?: Record<string, number>,
): string {
  const chunk = {
    ...{ id: "1", object: "chat.completion.chunk", created: 1, model: "stub" },
    choices: [{ index: 0, delta, finish_reason }],
    ...(usage && { usage }),
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}
