/** What is asked of a model server and what comes back. Pure. */
import { z } from "zod";
import type { ChatMessage } from "../model/chat.ts";

export interface CompletionRequest {
  messages: ChatMessage[];
  /** 0 is greedy. */
  temperature: number;
  /** Default 1. */
  topP?: number | undefined;
  maxTokens: number;
  /** The same request with the same seed gives the same text, on servers that honour it. */
  seed?: number | undefined;
  /** A JSON schema the text must follow. vLLM enforces it; others are not sent it. */
  jsonSchema?: Record<string, unknown> | undefined;
  signal?: AbortSignal | undefined;
}

interface Outcome {
  /** What the model wrote, `<think>` put back where its template opened it. Of a failure: what there is ("length"), else "". */
  text: string;
  /** As the server counted them; null when it did not say. */
  promptTokens: number | null;
  completionTokens: number | null;
  /** Requests it took, the first included. */
  attempts: number;
  ms: number;
}

export interface Completion extends Outcome {
  ok: true;
  finishReason: string;
}

/**
 * Why there is no whole text. `http_<status>`: what the server said at last; `connection`: refused, reset or cut; `incomplete`: a stream
 * that ended before its last chunk; `bad_response`: a page, no JSON, no choices, not UTF-8; `too_large`: more than the client reads.
 */
export type FailureCause =
  | "context_overflow"
  | "length"
  | "empty"
  | "content_filter"
  | "timeout"
  | "connection"
  | "incomplete"
  | "bad_response"
  | "too_large"
  | "cancelled"
  | `http_${number}`;

export interface Failure extends Outcome {
  ok: false;
  cause: FailureCause;
  /** As `isPermanent` says. */
  permanent: boolean;
  message: string;
}

export type CompletionResult = Completion | Failure;

/**
 * Whether the same request would bring the same, so that the failure is kept: what the model itself gave, and a prompt too long for its
 * context (until that is another). A mended server or a better moment may cure all others: the next run asks for those again.
 */
export function isPermanent(cause: string): boolean {
  return ["length", "empty", "content_filter", TOO_LONG].includes(cause);
}

/** The prompt and what is asked for do not fit into the context. */
export const TOO_LONG = "context_overflow";

/** Whether the server refused the request as it stands: the run goes on and reports it, since asking again at once would bring the same. */
export function isRejection(cause: string): boolean {
  return [TOO_LONG, "http_400", "http_413", "http_422"].includes(cause);
}

/** The part of an answer before anybody has counted attempts and time. */
export type Reading =
  | { ok: true; text: string; finishReason: string; promptTokens: number | null; completionTokens: number | null }
  | { ok: false; cause: FailureCause; message: string; text: string; promptTokens: number | null; completionTokens: number | null };

const count = z.number().int().min(0).nullish();
const ChatResponse = z.object({
  choices: z.array(
    z.object({
      finish_reason: z.string().nullish(),
      message: z.object({ content: z.string().nullish(), reasoning_content: z.string().nullish(), reasoning: z.string().nullish() }),
    }),
  ),
  usage: z.object({ prompt_tokens: count, completion_tokens: count }).nullish(),
});

/** Reads the body of an answer with status 200. Never throws: what cannot be read is a failure. */
export function readResponse(bytes: Uint8Array): Reading {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return unreadable("the answer is not UTF-8");
  }
  if (/^\s*</.test(text)) return unreadable("a web page instead of an answer (a proxy, a login or another program on that port)");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return unreadable(`the answer is not JSON (${(error as Error).message})`);
  }
  const parsed = ChatResponse.safeParse(json);
  if (!parsed.success) return unreadable(`the answer is no chat completion (field ${parsed.error.issues[0]?.path.join(".") || "top level"})`);
  const [choice] = parsed.data.choices;
  if (!choice) return unreadable("the answer holds no choices");
  const { content, reasoning_content, reasoning } = choice.message;
  const { prompt_tokens, completion_tokens } = parsed.data.usage ?? {};
  return readChoice({
    content: joinReasoning(reasoning_content ?? reasoning ?? "", content ?? ""),
    finishReason: choice.finish_reason ?? "stop",
    promptTokens: prompt_tokens ?? null,
    completionTokens: completion_tokens ?? null,
  });
}

/** Servers with a reasoning parser send the thoughts apart, without their tags. */
export function joinReasoning(reasoning: string, content: string): string {
  return reasoning === "" ? content : `<think>\n${reasoning.trim()}\n</think>\n${content.trimStart()}`;
}

export interface Choice {
  content: string;
  finishReason: string;
  promptTokens: number | null;
  completionTokens: number | null;
}

/** Whether a choice is a whole text. */
export function readChoice({ content, finishReason, promptTokens, completionTokens }: Choice): Reading {
  const counts = { promptTokens, completionTokens };
  const failure = (cause: FailureCause, message: string): Reading => ({ ok: false, cause, message, text: content, ...counts });
  if (finishReason === "length") return failure("length", `the text was cut after ${completionTokens ?? "the allowed number of"} tokens`);
  if (finishReason === "content_filter") return failure("content_filter", "the server held the text back");
  if (content.trim() === "") return failure("empty", "the model wrote nothing");
  return { ok: true, text: content, finishReason, ...counts };
}

function unreadable(message: string): Reading {
  return { ok: false, cause: "bad_response", message, text: "", promptTokens: null, completionTokens: null };
}
