/** A real local HTTP server that speaks enough of the OpenAI API to be a Judge, and answers what a test tells it to. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expectedVerdict, FAULT_KINDS } from "../judge-prompt.ts";
import type { JudgeReply, JudgeServer } from "../judge-ask.ts";
import type { FaultKind } from "../judge-prompt.ts";

export interface StubRequest {
  prompt: string;
  temperature: number;
  seed: number | undefined;
  /** How many requests with the same judged text came before. */
  before: number;
}

/** A text to answer with, or an HTTP status, or a connection to cut. */
export type StubAnswer = string | { status: number } | "cut";

export interface StubJudge {
  url: string;
  requests: StubRequest[];
  close(): Promise<void>;
}

/** The text that stands between the nonces of a judge prompt. */
export function judgedText(prompt: string): string {
  const fence = /<<([0-9a-f]{4,32})\n([^]*)\n\1>>/.exec(prompt);
  if (!fence) throw new Error(`no fenced text in ${prompt.slice(0, 200)}`);
  return fence[2]!;
}

/** The perfect verdict on a text whose reasoning names its fault ("fault: padding"), in the rubric the prompt asks for. */
export function perfectVerdict(prompt: string): string {
  const text = judgedText(prompt);
  const named = /fault: (\w+)/.exec(text)?.[1];
  const fault = FAULT_KINDS.find((kind) => kind === named) ?? null;
  const rubric = /consistency|一致/.test(prompt.replace(text, "")) ? "seven-criteria" : "four-dimensions";
  return expectedVerdict({ rubric, fault: fault as FaultKind | null });
}

export async function startStubJudge(answer: (request: StubRequest) => StubAnswer | Promise<StubAnswer>): Promise<StubJudge> {
  const requests: StubRequest[] = [];
  const server = createServer((req, res) => {
    let body = "";
    req.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    req.on("end", () => void respond(body));
    const send = (status: number, value: unknown): void => {
      res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    const respond = async (text: string): Promise<void> => {
      if (req.method === "GET") return send(200, { object: "list", data: [{ id: "stub", object: "model" }] });
      const { messages, temperature, seed } = JSON.parse(text) as { messages: { content: string }[]; temperature: number; seed?: number };
      const prompt = messages.at(-1)!.content;
      const judged = /<<([0-9a-f]{4,32})\n/.test(prompt) ? judgedText(prompt) : prompt;
      const request = { prompt, temperature, seed, before: requests.filter((r) => r.prompt.includes(judged)).length };
      requests.push(request);
      const content = await answer(request);
      if (content === "cut") return void res.destroy();
      if (typeof content === "object") return send(content.status, { error: { message: `status ${content.status}` } });
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
      send(200, { id: "x", object: "chat.completion", created: 0, model: "stub", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }], usage });
    };
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A JudgeServer that speaks to the stub by plain fetch: no retries, so a test counts every request. */
export function plainJudge(url: string, model = "stub"): JudgeServer {
  return {
    model,
    async ask({ prompt, temperature, maxTokens, seed, signal }) {
      const failure = (code: string, permanent: boolean): JudgeReply => ({ text: null, finishReason: null, failure: { code, message: code, permanent } });
      try {
        const body = JSON.stringify({ model, messages: [{ role: "user", content: prompt }], temperature, max_tokens: maxTokens, seed });
        const response = await fetch(`${url}/chat/completions`, { method: "POST", headers: { "content-type": "application/json" }, body, signal: signal ?? null });
        if (!response.ok) return failure(`http_${response.status}`, response.status === 400);
        const { choices } = (await response.json()) as { choices: { message: { content: string }; finish_reason: string }[] };
        return { text: choices[0]!.message.content, finishReason: choices[0]!.finish_reason, failure: null };
      } catch {
        return failure("connection", false);
      }
    },
  };
}
