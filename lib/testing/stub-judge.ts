/** A real local HTTP server in the Judge's place that answers what a test tells it to. */
import { createClient } from "../serving/client.ts";
import { expectedVerdict } from "../judge/prompt.ts";
import { FAULT_KINDS } from "../world/fault-kind.ts";
import type { RubricName } from "../judge/prompt.ts";
import type { JudgeServer } from "../judge/ask.ts";
import type { FaultKind } from "../world/fault-kind.ts";
import { judgeThrough } from "../judge/server.ts";
import { sendChat, sendJson, startStub } from "./stub-server.ts";

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

/**
 * The perfect verdict on a text whose reasoning names its fault ("fault: padding"), in the rubric the prompt
 * asks for.
 */
export function perfectVerdict(prompt: string): string {
  const named = /fault: (\w+)/.exec(judgedText(prompt))?.[1];
  const fault = FAULT_KINDS.find((kind) => kind === named) ?? null;
  return expectedVerdict({ rubric: rubricAsked(prompt), fault: fault as FaultKind | null });
}

/** The rubric whose criteria a judge prompt names. */
export function rubricAsked(prompt: string): RubricName {
  return /consistency|一致/.test(prompt.replace(judgedText(prompt), ""))
    ? "seven-criteria"
    : "four-dimensions";
}

export async function startStubJudge(
  answer: (request: StubRequest) => StubAnswer | Promise<StubAnswer>,
): Promise<StubJudge> {
  const requests: StubRequest[] = [];
  const stub = await startStub(async ({ body }, response) => {
    const prompt = body.messages.at(-1)!.content;
    const judged = judgedText(prompt);
    const request = {
      prompt,
      temperature: body.temperature as number,
      seed: body.seed as number | undefined,
      before: requests.filter((r) => r.prompt.includes(judged)).length,
    };
    requests.push(request);
    const content = await answer(request);
    if (content === "cut") response.destroy();
    else if (typeof content === "object")
      sendJson(response, JSON.stringify({ error: { message: `status ${content.status}` } }), content.status);
    else sendChat(response, { content });
  });
  return { url: stub.url, requests, close: () => stub.close() };
}

/** The stub through the real client, which gives up at once, so that a test counts every request. */
export function stubJudge(url: string, model = "stub"): JudgeServer {
  return judgeThrough(
    createClient({ baseURL: url, model: "stub", engine: "transformers", maxAttempts: 1, timeoutMs: 10_000 }),
    model,
  );
}
