/** What a model is told before the question: data with a name and a version, one text a language. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ChatMessage } from "../model/chat.ts";
import { languageOf } from "../question/language.ts";
import { hashJson } from "../store/hash.ts";

const Example = z.strictObject({ user: z.string(), assistant: z.string() });

/** An entry of `prompts.json`. Texts stand there in the question's language; an empty `system` sends none. */
export const ModelPrompt = z.strictObject({
  version: z.string(),
  /** Whom it suits, and where it comes from. */
  source: z.string(),
  system: z.strictObject({ en: z.string(), zh: z.string() }),
  /** One worked example, asked and answered before the question. */
  example: z.strictObject({ en: Example, zh: Example }).nullable(),
  /** How the model's own text is begun for it; "" leaves it to the model. */
  begin: z.string(),
});
export type ModelPrompt = z.infer<typeof ModelPrompt>;

const PROMPTS: Readonly<Record<string, ModelPrompt>> = z.record(z.string(), ModelPrompt).parse(JSON.parse(readFileSync(new URL("./prompts.json", import.meta.url), "utf8")));

/** The names of `prompts.json`. */
export const PROMPT_NAMES: readonly string[] = Object.keys(PROMPTS);

/** The prompt of that name; any other text is a system message of the reader's own. */
export function promptOf(nameOrText: string): ModelPrompt {
  return Object.hasOwn(PROMPTS, nameOrText) ? PROMPTS[nameOrText]! : { version: "own", source: "the config", system: { en: nameOrText, zh: nameOrText }, example: null, begin: "" };
}

/** The conversation up to the model's answer, in the question's language. */
export function promptMessages({ system, example }: ModelPrompt, question: string): ChatMessage[] {
  const language = languageOf(question);
  const shown = example?.[language];
  return [
    ...(system[language] === "" ? [] : [{ role: "system", content: system[language] } as const]),
    ...(shown ? ([{ role: "user", content: shown.user }, { role: "assistant", content: shown.assistant }] as const) : []),
    { role: "user", content: question },
  ];
}

/** What stands for a prompt in cache keys: its texts, whatever its name. */
export function promptId({ system, example, begin }: ModelPrompt): string {
  return hashJson({ system, example, begin }).slice(0, 12);
}
