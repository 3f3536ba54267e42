/**
 * Does the client keep a server as busy as the barest load generator does?
 *
 * Both send the same requests to the same server, `concurrency` in flight: bare, ours, ours, bare, so that a
 * drift of the machine hits both. Run: node scripts/bench/client.ts [model folder] [requests] [concurrency]
 */
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messages } from "../../lib/model/chat.ts";
import { createClient } from "../../lib/serving/client.ts";
import type { Client } from "../../lib/serving/client.ts";
import type { CompletionRequest } from "../../lib/serving/completion.ts";
import { resolveModel } from "../../lib/model/ref.ts";
import { startServer } from "../../lib/serving/server.ts";

export interface ClientBench {
  /** Tokens the server wrote a second. */
  bare: number;
  ours: number;
  /** ours / bare; the goal is at least 0.9. */
  ratio: number;
}

export interface ClientBenchOptions {
  /** Of a running server, up to and including /v1. */
  url: string;
  model: string;
  requests: readonly CompletionRequest[];
  concurrency: number;
}

/**
 * Measures both on a running server, after a round to warm it up. Throws when a request of the bare generator
 * fails.
 */
export async function compareClients({
  url,
  model,
  requests,
  concurrency,
}: ClientBenchOptions): Promise<ClientBench> {
  const client = createClient({
    baseURL: url,
    model,
    engine: "transformers",
    concurrency,
    timeoutMs: 600_000,
  });
  const warm = requests.slice(0, concurrency);
  await ourRate(client, warm);
  const rates = { bare: [0, 0], ours: [0, 0] };
  rates.bare[0] = await bareRate(url, model, requests, concurrency);
  rates.ours[0] = await ourRate(client, requests);
  rates.ours[1] = await ourRate(client, requests);
  rates.bare[1] = await bareRate(url, model, requests, concurrency);
  // The two runs of each have the same tokens to write, so that the mean time counts: a harmonic mean of
  // rates.
  const mean = ([a, b]: number[]) => 2 / (1 / a! + 1 / b!);
  const [bare, ours] = [mean(rates.bare), mean(rates.ours)];
  return { bare, ours, ratio: ours / bare };
}

/** Questions of about 60 tokens with answers of up to `maxTokens`. */
export function benchRequests(n: number, maxTokens = 80): CompletionRequest[] {
  const items = ["revenue", "net profit", "total assets", "equity", "gross margin", "dividends"];
  return Array.from({ length: n }, (_, i) => {
    const [a, b] = [items[i % items.length]!, items[(i * 5 + 1) % items.length]!];
    const text =
      `A company reports ${a} of ${1000 + 37 * i} and ${b} of ${300 + 11 * i}. By how many percent ` +
      `is the first above the second? Question ${i}.`;
    return { messages: messages(text), temperature: 0.6, maxTokens, seed: i };
  });
}

async function ourRate(client: Client, requests: readonly CompletionRequest[]): Promise<number> {
  const started = performance.now();
  const results = await client.completeAll(requests);
  return (
    (results.reduce((sum, r) => sum + (r.completionTokens ?? 0), 0) / (performance.now() - started)) * 1000
  );
}

/** No retries, no limits, no checks: what the machine gives. */
async function bareRate(
  url: string,
  model: string,
  requests: readonly CompletionRequest[],
  concurrency: number,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const started = performance.now();
  let next = 0;
  let tokens = 0;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < requests.length) {
        const { messages, temperature, maxTokens, seed } = requests[next++]!;
        const body = await post(
          `${url}/chat/completions`,
          agent,
          JSON.stringify({ model, messages, temperature, max_tokens: maxTokens, seed }),
        );
        tokens += (JSON.parse(body) as { usage: { completion_tokens: number } }).usage.completion_tokens;
      }
    }),
  );
  agent.destroy();
  return (tokens / (performance.now() - started)) * 1000;
}

function post(url: string, agent: Agent, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: "POST", agent, headers: { "content-type": "application/json" } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => (text += part));
        response.on("end", () =>
          response.statusCode === 200
            ? resolve(text)
            : reject(new Error(`status ${response.statusCode}: ${text.slice(0, 300)}`)),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

if (import.meta.main) {
  const [folder = "ckpts/tiny/teacher", n = "320", concurrency = "72"] = process.argv.slice(2);
  const started = performance.now();
  const model = await resolveModel(folder);
  const server = await startServer({
    engine: "transformers",
    model,
    log: join(tmpdir(), "ftmodel-bench.log"),
    startTimeoutMs: 120_000,
    maxModelLength: 512,
    concurrency: Number(concurrency),
  });
  console.log(`ready in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  try {
    const { bare, ours, ratio } = await compareClients({
      url: server.url,
      model: server.model,
      requests: benchRequests(Number(n)),
      concurrency: Number(concurrency),
    });
    console.log(
      `bare ${bare.toFixed(0)} tok/s, ours ${ours.toFixed(0)} tok/s: ${(100 * ratio).toFixed(1)} %`,
    );
  } finally {
    await server.stop();
  }
}
