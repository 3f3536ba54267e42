/** What a model is told before the question: data with a name and a version, one text a language. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ChatMessage } from "../model/chat.ts";
import { languageOf } from "../question/language.ts";
import { hashJson } from "../store/hash.ts";
import { sampleList } from "../view/sample-view.ts";
import type { ShownText } from "../view/sample-view.ts";
import type { View } from "../view/table.ts";

const Example = z.strictObject({ user: z.string(), assistant: z.string() });

/** A prompt. Texts stand there in the question's language; an empty `system` sends none. */
export const ModelPrompt = z.strictObject({
  version: z.string(),
  /** Whom it suits, and where it comes from. */
  source: z.string(),
  system: z.strictObject({ en: z.string(), zh: z.string() }),
  /** One worked example, asked and answered before the question. */
  example: z.strictObject({ en: Example, zh: Example }).nullable(),
  /** How the model's own text is begun for it; "" leaves it to the model. vLLM only. */
  begin: z.string(),
  /** What the whole answer must match; enforced by vLLM, ignored by others. */
  regex: z.string().optional(),
});
export type ModelPrompt = z.infer<typeof ModelPrompt>;

/** An entry of `prompts.json`: what it does not say is as in the prompt before it that it names. */
const Entry = ModelPrompt.partial().extend({ like: z.string().optional() });

function readPrompts(file: URL): Record<string, ModelPrompt> {
  const prompts: Record<string, ModelPrompt> = {};
  for (const [name, entry] of Object.entries(
    z.record(z.string(), Entry).parse(JSON.parse(readFileSync(file, "utf8"))),
  )) {
    const { like, ...own } = entry;
    prompts[name] = ModelPrompt.parse({ ...(like !== undefined && prompts[like]), ...own });
  }
  return prompts;
}

const PROMPTS: Readonly<Record<string, ModelPrompt>> = readPrompts(
  new URL("./prompts.json", import.meta.url),
);

/** The names of `prompts.json`. */
export const PROMPT_NAMES: readonly string[] = Object.keys(PROMPTS);

/** The prompt of that name; any other text is a system message of the reader's own. */
export function promptOf(nameOrText: string): ModelPrompt {
  return Object.hasOwn(PROMPTS, nameOrText) ? PROMPTS[nameOrText]! : ownPrompt(nameOrText);
}

/** A system message of the reader's own, in every language alike; "" for none. */
export function ownPrompt(system: string): ModelPrompt {
  return {
    version: "own",
    source: "the config",
    system: { en: system, zh: system },
    example: null,
    begin: "",
  };
}

/** The conversation up to the model's answer, in the question's language. */
export function promptMessages({ system, example }: ModelPrompt, question: string): ChatMessage[] {
  const language = languageOf(question);
  const shown = example?.[language];
  return [
    ...(system[language] === "" ? [] : [{ role: "system", content: system[language] } as const]),
    ...(shown
      ? ([
          { role: "user", content: shown.user },
          { role: "assistant", content: shown.assistant },
        ] as const)
      : []),
    { role: "user", content: question },
  ];
}

/** What of a request for an answer comes from the prompt. */
export interface PromptRequest {
  messages: ChatMessage[];
  begin?: string;
  regex?: string;
}

/** What is sent so that the model answers the question as the prompt has it. */
export function promptRequest(prompt: ModelPrompt, question: string): PromptRequest {
  const { begin, regex } = prompt;
  return {
    messages: promptMessages(prompt, question),
    ...(begin !== "" && { begin }),
    ...(regex !== undefined && { regex }),
  };
}

/** What stands for a prompt in cache keys: all that is sent, whatever its name. */
export function promptId({ system, example, begin, regex }: ModelPrompt): string {
  return hashJson({ system, example, begin, ...(regex !== undefined && { regex }) }).slice(0, 12);
}

/**
 * Every message that is sent for the question, in order, with what is begun for the model and the form that
 * is enforced; `prompt` as in the config.
 */
export function promptView(prompt: string, question: string): View {
  const told = promptOf(prompt);
  const { messages, begin, regex } = promptRequest(told, question);
  const said: ShownText[] = messages.map(({ role, content }) => ({ title: role, text: content }));
  if (begin !== undefined) said.push({ title: "assistant, begun for it", text: begin });
  if (regex !== undefined) said.push({ title: "form that the server enforces", text: regex });
  const name =
    told.version === "own" ? "of your own" : `"${prompt}", version ${told.version}: ${told.source}`;
  return sampleList(said, `Prompt ${name}`);
}
