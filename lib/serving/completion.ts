/** What is asked of a model server and what comes back. Pure. */
import { z } from "zod";
import type { ChatMessage } from "../model/chat.ts";

export interface CompletionRequest {
  messages: ChatMessage[];
  /** As the server calls it; default the client's: one server may hold several. */
  model?: string | undefined;
  /** 0 is greedy. */
  temperature: number;
  /** Default 1. */
  topP?: number | undefined;
  maxTokens: number;
  /** The same request with the same seed gives the same text, on servers that honour it. */
  seed?: number | undefined;
  /** A JSON schema the text must follow. vLLM enforces it; others are not sent it. */
  jsonSchema?: Record<string, unknown> | undefined;
  /** A regular expression for all that the model writes. vLLM enforces it; others are not sent it. */
  regex?: string | undefined;
  /**
   * How the assistant's text is begun for it; stands in front of `text`. vLLM only: asking another engine
   * throws.
   */
  begin?: string | undefined;
  signal?: AbortSignal | undefined;
}

interface Outcome {
  /**
   * What was begun and what the model wrote, `<think>` put back where its template opened it. Of a failure:
   * what there is ("length"), else "".
   */
  text: string;
  /**
   * The thoughts as the server sent them, apart from the text; null where it sends none. `text` holds them,
   * too.
   */
  reasoning: string | null;
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
 * Why there is no whole text. `http_<status>`: what the server said at last; `connection`: refused, reset or
 * cut; `incomplete`: a stream that ended before its last chunk; `bad_response`: a page, no JSON, no choices,
 * not UTF-8; `too_large`: more than the client reads.
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
 * Whether the same request would bring the same, so that the failure is kept: what the model itself gave, and
 * a prompt too long for its context (until that is another). A mended server or a better moment may cure all
 * others: the next run asks for those again.
 */
export function isPermanent(cause: string): boolean {
  return ["length", "empty", "content_filter", TOO_LONG].includes(cause);
}

/** The prompt and what is asked for do not fit into the context. */
export const TOO_LONG = "context_overflow";

/**
 * Whether the server refused the request as it stands: the run goes on and reports it, since asking again at
 * once would bring the same.
 */
export function isRejection(cause: string): boolean {
  return [TOO_LONG, "http_400", "http_413", "http_422"].includes(cause);
}

/** The part of an answer before anybody has counted attempts and time. */
export type Reading = Written & (Whole | Broken);

interface Whole {
  ok: true;
  finishReason: string;
}

interface Broken {
  ok: false;
  cause: FailureCause;
  message: string;
}

/** What there is of a text. */
export interface Written {
  text: string;
  reasoning: string | null;
  promptTokens: number | null;
  completionTokens: number | null;
}

const count = z.number().int().min(0).nullish();
const ChatResponse = z.object({
  choices: z.array(
    z.object({
      finish_reason: z.string().nullish(),
      message: z.object({
        content: z.string().nullish(),
        reasoning_content: z.string().nullish(),
        reasoning: z.string().nullish(),
      }),
    }),
  ),
  usage: z.object({ prompt_tokens: count, completion_tokens: count }).nullish(),
});

/**
 * Reads the body of an answer with status 200; `begin` is what was begun. Never throws: what cannot be read
 * is a failure.
 */
export function readResponse(bytes: Uint8Array, begin = ""): Reading {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return unreadable("the answer is not UTF-8");
  }
  if (/^\s*</.test(text))
    return unreadable("a web page instead of an answer (a proxy, a login or another program on that port)");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return unreadable(`the answer is not JSON (${(error as Error).message})`);
  }
  const parsed = ChatResponse.safeParse(json);
  if (!parsed.success)
    return unreadable(
      `the answer is no chat completion (field ${parsed.error.issues[0]?.path.join(".") || "top level"})`,
    );
  const [choice] = parsed.data.choices;
  if (!choice) return unreadable("the answer holds no choices");
  const { content } = choice.message;
  const reasoning = choice.message.reasoning_content ?? choice.message.reasoning ?? null;
  const { prompt_tokens, completion_tokens } = parsed.data.usage ?? {};
  return readChoice({
    text: join(begin, reasoning ?? "", content ?? ""),
    wrote: `${content ?? ""}${reasoning ?? ""}`.trim() !== "",
    reasoning,
    finishReason: choice.finish_reason ?? "stop",
    promptTokens: prompt_tokens ?? null,
    completionTokens: completion_tokens ?? null,
  });
}

/**
 * The whole text: servers with a reasoning parser send the thoughts apart, without their tags; none sends
 * what was begun.
 */
function join(begin: string, reasoning: string, content: string): string {
  if (reasoning === "") return begin + content;
  const thoughts = (startsInThink(begin) ? begin.replace("<think>", "") : begin) + reasoning;
  return `<think>\n${thoughts.trim()}\n</think>\n${content.trimStart()}`;
}

export function startsInThink(text: string): boolean {
  return text.trimStart().startsWith("<think>");
}

export interface Choice {
  /** Whole, with what was begun. */
  text: string;
  /** Whether the model itself wrote anything. */
  wrote: boolean;
  reasoning: string | null;
  finishReason: string;
  promptTokens: number | null;
  completionTokens: number | null;
}

/** Whether a choice is a whole text. */
export function readChoice({
  text,
  wrote,
  reasoning,
  finishReason,
  promptTokens,
  completionTokens,
}: Choice): Reading {
  const written = { text, reasoning, promptTokens, completionTokens };
  const failure = (cause: FailureCause, message: string): Reading => ({
    ok: false,
    cause,
    message,
    ...written,
  });
  if (finishReason === "length")
    return failure("length", `the text was cut after ${completionTokens ?? "the allowed number of"} tokens`);
  if (finishReason === "content_filter") return failure("content_filter", "the server held the text back");
  if (!wrote) return { ...failure("empty", "the model wrote nothing"), text: "" };
  return { ok: true, finishReason, ...written };
}

function unreadable(message: string): Reading {
  const nothing: Written = { text: "", reasoning: null, promptTokens: null, completionTokens: null };
  return { ok: false, cause: "bad_response", message, ...nothing };
}
