/**
 * A real tokenizer folder for tests: byte-level BPE without merges (a token a byte), Qwen's chat template.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Qwen's, at its shortest. */
export const CHAT_TEMPLATE =
  "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor " +
  "%}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

export const SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

/** Writes tokenizer.json, tokenizer_config.json and chat_template.jinja as transformers 5 does. */
export function writeByteTokenizer(folder: string, chatTemplate: string | null = CHAT_TEMPLATE): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tokenizer.json"), byteTokenizer([...byteCharacters(), ...SPECIAL]));
  writeFileSync(
    join(folder, "tokenizer_config.json"),
    JSON.stringify({
      backend: "tokenizers",
      tokenizer_class: "TokenizersBackend",
      eos_token: "<|im_end|>",
      pad_token: "<|endoftext|>",
    }),
  );
  if (chatTemplate !== null) writeFileSync(join(folder, "chat_template.jinja"), chatTemplate);
  return folder;
}

/** tokenizer.json of these tokens, numbered in their order: the bytes' and SPECIAL. */
export function byteTokenizer(tokens: readonly string[]): string {
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  return JSON.stringify({
    version: "1.0",
    added_tokens: SPECIAL.map((content) => ({
      id: vocab[content],
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges: [],
    },
  });
}

/** GPT-2's printable stand-ins for the 256 bytes. */
export function byteCharacters(): string[] {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(printable(b) ? b : next++));
}
