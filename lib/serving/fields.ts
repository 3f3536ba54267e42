/** What a request says to an engine: only fields that it knows. */
import type OpenAI from "openai";
import type { ChatMessage } from "../model/chat.ts";
import type { CompletionRequest } from "./completion.ts";
import { LabError } from "../errors.ts";

export type Engine = "transformers" | "vllm";

/**
 * What vLLM knows beside OpenAI's fields. Source: vLLM 0.25.1,
 * vllm/entrypoints/openai/chat_completion/protocol.py; `guided_regex` is gone since 0.12.
 */
interface VllmFields {
  structured_outputs?: { regex: string };
  continue_final_message?: boolean;
  add_generation_prompt?: boolean;
}

type Fields = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "stream"> & VllmFields;

/** Only what the engine knows, and nothing that says the default. */
export function fields(
  { model, messages, temperature, topP, maxTokens, seed, jsonSchema, regex, begin }: CompletionRequest,
  served: string,
  engine: Engine,
): Fields {
  const common: Fields = { model: model ?? served, messages, temperature, max_tokens: maxTokens };
  if (topP !== undefined && topP !== 1) common.top_p = topP;
  if (seed !== undefined) common.seed = seed;
  if (jsonSchema !== undefined && engine === "vllm")
    common.response_format = {
      type: "json_schema",
      json_schema: { name: "answer", schema: jsonSchema, strict: true },
    };
  if (regex !== undefined && engine === "vllm") common.structured_outputs = { regex };
  if (!begin) return common;
  const begun: ChatMessage[] = [...messages, { role: "assistant", content: begin }];
  return { ...common, messages: begun, continue_final_message: true, add_generation_prompt: false };
}

/**
 * A text begun for the model must not be left out in silence: other engines would answer it as a turn that is
 * over.
 */
export function assertPossible({ begin }: CompletionRequest, engine: Engine): void {
  if (!begin || engine === "vllm") return;
  throw new LabError({
    what: "A text can be begun for the model on vLLM only",
    where: `begin ${JSON.stringify(begin.slice(0, 40))}`,
    expected: "serving.engine vllm",
    found: engine,
    todo:
      'Choose a prompt without a begun text (prompt.teacher, prompt.base: "example" or "tags"), or ' +
      "serve with vLLM.",
  });
}
