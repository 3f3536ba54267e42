/** How many tokens a model sees: its own tokenizer and chat template, in Node. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PreTrainedTokenizer } from "@huggingface/transformers";
import { LabError } from "../errors.ts";
import { messages } from "./chat.ts";
import type { ChatMessage } from "./chat.ts";
import { assertPinned, cachedSnapshot, hubModel, huggingFaceHome } from "./hub.ts";
import type { HubModel } from "./hub.ts";
import { sha256 } from "../store/hash.ts";
import { localModelPath } from "../config/paths.ts";

/** Texts that count as one request. */
export interface Prompt {
  question: string;
  /** System message; "" for none. */
  system?: string;
}

/** What one token stands for, or the few that make one character. */
export interface TokenPiece {
  text: string;
  tokens: number;
}

export interface Tokenizer {
  /** Folder, or hub id. */
  readonly model: string;
  /** Changes when the vocabulary or the chat template does. */
  readonly identity: string;
  /** Tokens of a text, no special ones added. */
  countTokens(text: string): number;
  /**
   * Tokens of what the model reads before it answers: chat template, system, question, opening of the
   * assistant's turn.
   */
  countPromptTokens(prompt: Prompt): number;
  /** The same of any conversation; `begin` is the assistant's text as far as it has been begun. */
  countChatTokens(chat: readonly ChatMessage[], begin?: string): number;
  /** A conversation as the chat template writes it; unless it is `answered`, up to the assistant's turn. */
  render(chat: readonly ChatMessage[], answered: boolean): string;
  /**
   * A text token by token, no special ones added: what each stands for. Tokens that are parts of one
   * character are one piece, `tokens` says of how many.
   */
  pieces(text: string): TokenPiece[];
  /** The token that ends a turn; null when the tokenizer names none. */
  readonly endToken: string | null;
  /** Tokens of a whole training row: the prompt, the response, the end of the turn. */
  countRowTokens(prompt: Prompt, response: string): number;
}

/**
 * Longer texts are counted by their first part and scaled: they fit nowhere, and exact counting would take
 * seconds a megabyte.
 */
const EXACT_CHARACTERS = 200_000;
export const TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json"] as const;
const loaded = new Map<string, Promise<Tokenizer>>();

/**
 * The tokenizer of a model, loaded once a process.
 *
 * A folder (`ckpts/tiny/base`, absolute path) is read without any network. A hub id is looked up in the
 * Hugging Face cache first, then fetched (from HF_ENDPOINT, default huggingface.co) into it. The chat
 * template may stand in `chat_template.jinja`, where transformers 5 writes it. Throws LabError when there is
 * no tokenizer or no chat template, or the hub cannot be reached.
 */
export async function loadTokenizer(model: string): Promise<Tokenizer> {
  const source = localModelPath(model) ?? hubModel(model);
  const folder = typeof source === "string" ? source : cachedSnapshot(source, TOKENIZER_FILES);
  const key = folder ?? model;
  let tokenizer = loaded.get(key);
  if (!tokenizer) {
    tokenizer = folder === null ? fromHub(source as HubModel) : fromFolder(folder);
    loaded.set(key, tokenizer);
    tokenizer.catch(() => loaded.delete(key)); // the next call may find the file
  }
  return tokenizer;
}

async function fromFolder(folder: string): Promise<Tokenizer> {
  for (const file of TOKENIZER_FILES) {
    if (!existsSync(join(folder, file)))
      throw new LabError({
        what: "A model folder holds no tokenizer",
        where: folder,
        expected: "tokenizer.json and tokenizer_config.json",
        found: `no ${file}`,
        todo: "Check models.base; the tiny models come with the repository in ckpts/tiny.",
      });
  }
  const { AutoTokenizer, env } = await import("@huggingface/transformers");
  env.allowRemoteModels = false;
  try {
    const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true });
    return wrap(
      folder,
      sha256(readFileSync(join(folder, "tokenizer.json"))),
      tokenizer,
      join(folder, "chat_template.jinja"),
    );
  } catch (cause) {
    if (cause instanceof LabError) throw cause;
    throw new LabError(
      { what: "A tokenizer could not be loaded", where: folder, found: (cause as Error).message },
      { cause },
    );
  }
}

async function fromHub(hub: HubModel): Promise<Tokenizer> {
  assertPinned(hub);
  const { id: model, commit: revision } = hub;
  const { AutoTokenizer, env } = await import("@huggingface/transformers");
  env.allowRemoteModels = true;
  env.cacheDir = join(huggingFaceHome(), "transformers.js");
  if (process.env.HF_ENDPOINT) env.remoteHost = `${process.env.HF_ENDPOINT.replace(/\/+$/, "")}/`;
  try {
    return wrap(
      model,
      `${model}@${revision}`,
      await AutoTokenizer.from_pretrained(model, { revision }),
      null,
    );
  } catch (cause) {
    if (cause instanceof LabError) throw cause;
    throw new LabError(
      {
        what: "A tokenizer could not be fetched",
        where: `${env.remoteHost}${model}, revision ${revision}`,
        found: (cause as Error).message,
        todo:
          "Check the network and the name, set HF_ENDPOINT to a mirror, or name a local folder in " +
          "models.base.",
      },
      { cause },
    );
  } finally {
    env.allowRemoteModels = false;
  }
}

/** Where no tokenizer of ours joins two characters: before a space, and before a sign behind a letter. */
const WORD_ENDS = /(?<=\S)(?= )|(?<=\p{L})(?=[，。、；：？！（])/u;
const PROBES = [
  "Revenue rose 12.5% (from $80 to $90).\nWhat's  the margin?  ",
  "某公司2023年营收为1,200万元，同比增长8%。净利率是多少？\nA. 10%  B. 15%",
  "<|im_start|>user\nIs it so?<|im_end|>\n<|im_start|>assistant\n",
];
/** Words remembered, some 50 MB; then all are forgotten. */
const MOST_WORDS = 500_000;

/**
 * Counts word by word and remembers each word's number, several times as fast as the whole text at once; as
 * `exact` does, where a tokenizer joins words.
 */
export function byWords(exact: (text: string) => number): (text: string) => number {
  const known = new Map<string, number>();
  const ofWord = (word: string): number => {
    let tokens = known.get(word);
    if (tokens === undefined) {
      tokens = exact(word);
      if (known.size >= MOST_WORDS) known.clear();
      known.set(word, tokens);
    }
    return tokens;
  };
  const count = (text: string): number =>
    text === "" ? 0 : text.split(WORD_ENDS).reduce((sum, word) => sum + ofWord(word), 0);
  return PROBES.every((text) => count(text) === exact(text)) ? count : exact;
}

function wrap(
  model: string,
  vocabulary: string,
  tokenizer: PreTrainedTokenizer,
  templateFile: string | null,
): Tokenizer {
  // transformers.js looks for the template in tokenizer_config.json only.
  const template =
    tokenizer.chat_template ??
    (templateFile !== null && existsSync(templateFile) ? readFileSync(templateFile, "utf8") : null);
  if (template === null)
    throw new LabError({
      what: "A tokenizer has no chat template",
      where: model,
      expected: "chat_template in tokenizer_config.json, or chat_template.jinja",
    });
  tokenizer.chat_template = template;
  const count = byWords((text) => tokenizer.encode(text, { add_special_tokens: false }).length);
  const countTokens = (text: string): number => {
    if (text.length <= EXACT_CHARACTERS) return count(text);
    return Math.round((count(text.slice(0, EXACT_CHARACTERS)) * text.length) / EXACT_CHARACTERS);
  };
  const render = (chat: readonly ChatMessage[], answered: boolean): string =>
    tokenizer.apply_chat_template([...chat], { tokenize: false, add_generation_prompt: !answered }) as string;
  const countChatTokens = (chat: readonly ChatMessage[], begin = ""): number =>
    countTokens(render(chat, false) + begin);
  return {
    model,
    identity: sha256(`${vocabulary}\n${String(template)}`),
    countTokens,
    countChatTokens,
    render,
    pieces: (text) => piecesOf(tokenizer, text),
    endToken: textOfToken(tokenizer.config?.eos_token),
    countPromptTokens: ({ question, system }) => countChatTokens(messages(question, system)),
    countRowTokens: ({ question, system }, response) =>
      countTokens(render([...messages(question, system), { role: "assistant", content: response }], true)),
  };
}

/** The longest character takes four tokens of bytes; a text that is none of UTF-8's is one piece. */
function piecesOf(tokenizer: PreTrainedTokenizer, text: string): TokenPiece[] {
  const ids = tokenizer.encode(text, { add_special_tokens: false });
  const read = (from: number, to: number): string =>
    tokenizer.decode(ids.slice(from, to), {
      skip_special_tokens: false,
      clean_up_tokenization_spaces: false,
    });
  const pieces: TokenPiece[] = [];
  let at = 0;
  let from = 0;
  for (let to = 1; to <= ids.length; to++) {
    const piece = read(from, to);
    const isLast = to === ids.length;
    // half a character reads as another
    if (!isLast && (piece === "" || !text.startsWith(piece, at))) continue;
    pieces.push({ text: isLast ? text.slice(at) : piece, tokens: to - from });
    at += piece.length;
    from = to;
  }
  return pieces;
}

/** A special token as a config names it: its text, or an object that holds it. */
function textOfToken(token: unknown): string | null {
  const text = typeof token === "object" && token !== null && "content" in token ? token.content : token;
  return typeof text === "string" ? text : null;
}
