/** A completion as it is written, piece by piece. */
import type OpenAI from "openai";
import { restoreThink } from "../model/chat.ts";
import { isPermanent, readChoice, startsInThink } from "./completion.ts";
import type { CompletionResult, FailureCause } from "./completion.ts";
import { readRequestError, TooLarge } from "./request-error.ts";

export type StreamedResult = CompletionResult & {
  /** Until the first piece of text; null when none came. */
  firstTextMs: number | null;
  /** Tokens after the first piece a second; null where the server does not count or nothing follows. */
  tokensPerSecond: number | null;
};

export interface StreamOptions {
  engine: "transformers" | "vllm";
  opensThink: boolean | null;
  /** How the text was begun: handed to `onText` before the first piece. */
  begin: string;
  maxBytes: number;
  onText: ((piece: string) => void) | undefined;
  signal: AbortSignal;
  /** Cause and message of the signal's abort. */
  why: () => [FailureCause, string];
}

type Fields = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "stream">;

/**
 * Asks once and reads to the end. Never rejects for what the server does; an error thrown by `onText` is
 * passed on.
 */
export async function streamOnce(
  openai: OpenAI,
  fields: Fields,
  options: StreamOptions,
): Promise<StreamedResult> {
  const { engine, opensThink, begin, maxBytes, onText, signal, why } = options;
  const started = performance.now();
  let text = "";
  let wrote = false;
  let reasoning: string | null = null;
  let inReasoning = false;
  let firstTextMs: number | null = null;
  let finishReason: string | null = null;
  let promptTokens: number | null = null;
  let completionTokens: number | null = null;

  const add = (piece: string): void => {
    if (piece === "") return;
    text += piece;
    if (text.length > maxBytes) throw new TooLarge();
    try {
      onText?.(piece);
    } catch (error) {
      throw new ReaderError(error);
    }
  };
  const end = (): StreamedResult => {
    // Where nobody knows whether the template opens `<think>`, its end tells: as `complete` reads it.
    if (begin === "" && wrote) text = restoreThink(text, opensThink);
    const ms = performance.now() - started;
    const after = firstTextMs === null ? 0 : ms - firstTextMs;
    const tokensPerSecond =
      completionTokens !== null && completionTokens > 1 && after > 0
        ? ((completionTokens - 1) / after) * 1000
        : null;
    const counts = {
      text,
      reasoning,
      promptTokens,
      completionTokens,
      attempts: 1,
      ms,
      firstTextMs,
      tokensPerSecond,
    };
    if (finishReason === null)
      return {
        ...counts,
        ok: false,
        cause: "incomplete",
        permanent: false,
        message: "the stream ended before the text did",
      };
    const reading = readChoice({ text, wrote, reasoning, finishReason, promptTokens, completionTokens });
    return reading.ok
      ? { ...counts, ...reading }
      : { ...counts, ...reading, permanent: isPermanent(reading.cause) };
  };

  try {
    const usage = engine === "vllm" ? { stream_options: { include_usage: true } } : {};
    const stream = await openai.chat.completions.create({ ...fields, ...usage, stream: true }, { signal });
    for await (const chunk of stream) {
      promptTokens = chunk.usage?.prompt_tokens ?? promptTokens;
      completionTokens = chunk.usage?.completion_tokens ?? completionTokens;
      const choice = chunk.choices?.[0];
      if (!choice) continue;
      const delta = choice.delta as
        | { content?: string | null; reasoning_content?: string | null; reasoning?: string | null }
        | undefined;
      const thought = delta?.reasoning_content ?? delta?.reasoning ?? "";
      const content = delta?.content ?? "";
      if (thought !== "" || content !== "") firstTextMs ??= performance.now() - started;
      wrote ||= (thought + content).trim() !== "";
      if (thought !== "") {
        if (text === "") add(startsInThink(begin) ? begin : `<think>\n${begin}`);
        else if (!inReasoning) add("<think>\n");
        inReasoning = true;
        reasoning = (reasoning ?? "") + thought;
        add(thought);
      }
      if (content !== "") {
        if (text === "") add(begin || (opensThink && !startsInThink(content) ? "<think>\n" : ""));
        if (inReasoning) add("\n</think>\n");
        inReasoning = false;
        add(content);
      }
      finishReason = choice.finish_reason ?? finishReason;
    }
    if (signal.aborted && finishReason === null) throw new Error("aborted");
    return end();
  } catch (error) {
    if (error instanceof ReaderError) throw error.cause;
    const [cause, message] = signal.aborted ? why() : failureOf(error);
    const written = { text, reasoning, promptTokens, completionTokens };
    const times = { attempts: 1, ms: performance.now() - started, firstTextMs, tokensPerSecond: null };
    return { ok: false, cause, permanent: isPermanent(cause), message, ...written, ...times };
  }
}

/** The reader's own error, so that it is not taken for the server's. */
class ReaderError extends Error {
  constructor(cause: unknown) {
    super("onText threw", { cause });
  }
}

function failureOf(error: unknown): [FailureCause, string] {
  const { cause, message } = readRequestError(error, Date.now());
  return [cause, message];
}
