/** How many tokens a prompt takes, and whether a context has room for it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import { modelFolder, resolveModel } from "../model/ref.ts";
import { loadTokenizer, TOKENIZER_FILES } from "../model/tokens.ts";
import type { Tokenizer } from "../model/tokens.ts";
import { languageOf } from "../question/language.ts";
import { promptMessages, promptOf } from "./prompt.ts";
import type { ModelPrompt } from "./prompt.ts";

/** Tokens of the question in the longest of these prompts, chat template included. */
export function countLongestPrompt(
  tokenizer: Tokenizer,
  prompts: readonly ModelPrompt[],
  question: string,
): number {
  return Math.max(
    ...prompts.map((prompt) => tokenizer.countChatTokens(promptMessages(prompt, question), prompt.begin)),
  );
}

/**
 * `countLongestPrompt` for many questions: which prompt is the longest depends on a question's language
 * alone, and is found out once for each.
 */
export function longestPromptCounter(
  tokenizer: Tokenizer,
  prompts: readonly ModelPrompt[],
): (question: string) => number {
  const longest = new Map<string, ModelPrompt>();
  const tokens = (prompt: ModelPrompt, question: string) => countLongestPrompt(tokenizer, [prompt], question);
  return (question) => {
    const language = languageOf(question);
    let prompt = longest.get(language);
    if (!prompt) {
      prompt = prompts.reduce((a, b) => (tokens(b, question) > tokens(a, question) ? b : a));
      longest.set(language, prompt);
    }
    return tokens(prompt, question);
  };
}

const ROOM = { teacher: "distill.maxTokens", base: "evaluate.maxTokens" } as const;

/**
 * Throws LabError when the role's prompt leaves no room for an answer of its full length, even behind the
 * shortest question of a language: every request would be refused. Counted with the model's own tokenizer;
 * where its folder holds none (a hub id that is not downloaded yet) nothing is checked. For servers that are
 * started here: of others `serving.maxModelLength` says nothing.
 */
export async function assertPromptFits(
  { models, prompt, distill, evaluate, serving }: Config,
  role: "teacher" | "base",
  questions: readonly string[],
): Promise<void> {
  const folder = modelFolder(await resolveModel(models[role]));
  if (folder === null || TOKENIZER_FILES.some((file) => !existsSync(join(folder, file)))) return;
  const tokenizer = await loadTokenizer(folder);
  const length = serving.maxModelLength;
  const answer = role === "teacher" ? distill.maxTokens : evaluate.maxTokens;
  for (const [language, question] of shortest(questions)) {
    const tokens = countLongestPrompt(tokenizer, [promptOf(prompt[role])], question);
    if (tokens + answer <= length) continue;
    throw new LabError({
      what: "The context is too small for the prompt",
      where: `prompt.${role} ${JSON.stringify(prompt[role].slice(0, 40))}, language ${language}`,
      expected:
        `at most serving.maxModelLength ${length} - ${ROOM[role]} ${answer} = ` + `${length - answer} tokens`,
      found: `${tokens} tokens with the shortest question`,
      todo:
        `Set serving.maxModelLength to ${tokens + answer} or more, lower ${ROOM[role]}, ` +
        `or choose a shorter prompt (prompt.${role}: "tags" or "none").`,
    });
  }
}

function shortest(questions: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const question of questions) {
    const language = languageOf(question);
    if (question.length < (found.get(language)?.length ?? Infinity)) found.set(language, question);
  }
  return found;
}
