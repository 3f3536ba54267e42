/** Chat prompts, and the `<think>` that a chat template may open in the prompt itself. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Template } from "@huggingface/jinja";

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** The user's message, after the system's where there is one. */
export function messages(prompt: string, system = ""): ChatMessage[] {
  const user: ChatMessage = { role: "user", content: prompt };
  return system === "" ? [user] : [{ role: "system", content: system }, user];
}

/** Whether a rendered prompt ends inside a think block that the model is to fill. */
export function endsInThink(prompt: string): boolean {
  return /<think>\s*$/.test(prompt);
}

/**
 * The completion with the `<think>` that its prompt had opened, so that every reader sees the whole block.
 *
 * `opened`: what is known of the template (`templateOpensThink`); null when nothing is known, and then a
 * `</think>` without a `<think>` before it tells. A completion that opens the block itself stays as it is.
 *
 * @example restoreThink("2 + 2\n</think>\n4", true) //=> "<think>\n2 + 2\n</think>\n4"
 */
export function restoreThink(completion: string, opened: boolean | null): string {
  if (opened === false || completion.trimStart().startsWith("<think>")) return completion;
  if (opened === null) {
    const end = completion.indexOf("</think>");
    const start = completion.indexOf("<think>");
    if (end === -1 || (start !== -1 && start < end)) return completion;
  }
  return completion.startsWith("\n") ? `<think>${completion}` : `<think>\n${completion}`;
}

/**
 * Whether the chat template of a model folder opens `<think>` behind the prompt; null when the folder has no
 * template that renders.
 *
 * The template is rendered, not searched: many mention the tag without opening it. Never throws.
 */
export function templateOpensThink(folder: string): boolean | null {
  const prompt = renderPrompt(folder, messages("?"));
  return prompt === null ? null : endsInThink(prompt);
}

/**
 * What a model reads of a conversation before it answers, by the chat template of its folder; null when there
 * is none that renders. Never throws.
 */
export function renderPrompt(folder: string, chat: readonly ChatMessage[]): string | null {
  const source = readTemplate(folder);
  if (source === null) return null;
  try {
    return new Template(source).render({
      messages: chat,
      add_generation_prompt: true,
      bos_token: "",
      eos_token: "",
      unk_token: "",
      pad_token: "",
    });
  } catch {
    return null; // a template for messages of another kind; the text itself will tell
  }
}

function readTemplate(folder: string): string | null {
  const file = join(folder, "chat_template.jinja");
  if (existsSync(file)) return readFileSync(file, "utf8");
  try {
    const { chat_template } = JSON.parse(readFileSync(join(folder, "tokenizer_config.json"), "utf8")) as {
      chat_template?: unknown;
    };
    if (typeof chat_template === "string") return chat_template;
    if (!Array.isArray(chat_template)) return null;
    const named = chat_template.find((t: { name?: unknown; template?: unknown }) => t.name === "default") as
      | { template?: unknown }
      | undefined;
    return typeof named?.template === "string" ? named.template : null;
  } catch {
    return null; // no tokenizer here: a hub id that is not downloaded yet, or a server elsewhere
  }
}
