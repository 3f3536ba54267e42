/** A client and the server it asks, for tests of what comes back. */
import { afterEach, expect } from "vitest";
import { createClient } from "../serving/client.ts";
import type { Client, ClientOptions } from "../serving/client.ts";
import type { CompletionRequest, Failure } from "../serving/completion.ts";
import { startStub } from "./stub-server.ts";
import type { Answer, StubServer } from "./stub-server.ts";

export const request: CompletionRequest = {
  messages: [{ role: "user", content: "2 + 2?" }],
  temperature: 0.6,
  maxTokens: 16,
};
export const QUICK = { firstMs: 5, maxMs: 200 };

export interface ClientBench {
  serve(answer: Answer, options?: Partial<ClientOptions>): Promise<{ stub: StubServer; client: Client }>;
  /** The failure that `request` meets, and how many requests it took. */
  failureOf(answer: Answer, options?: Partial<ClientOptions>): Promise<Failure & { requests: number }>;
  /** A server of the test's own, closed after it. */
  keep(stub: StubServer): void;
}

/** To be called once in a test file: closes its servers after each test. */
export function clientBench(): ClientBench {
  const open: StubServer[] = [];
  afterEach(async () => {
    for (const stub of open.splice(0)) await stub.close();
  });
  const serve: ClientBench["serve"] = async (answer, options = {}) => {
    const stub = await startStub(answer);
    open.push(stub);
    return {
      stub,
      client: createClient({
        baseURL: stub.url,
        model: "stub",
        engine: "vllm",
        backoff: QUICK,
        timeoutMs: 10_000,
        ...options,
      }),
    };
  };
  return {
    serve,
    async failureOf(answer, options = {}) {
      const { stub, client } = await serve(answer, options);
      const result = await client.complete(request);
      expect(result.ok).toBe(false);
      return { ...(result as Failure), requests: stub.requests.length };
    },
    keep: (stub) => void open.push(stub),
  };
}
