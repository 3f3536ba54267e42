import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AutoTokenizer, env } from "@huggingface/transformers";
import { expect, test } from "vitest";
import { REPO_ROOT } from "../config/paths.ts";
import { HARD_TEXTS, realTexts } from "../testing/tokenizer-texts.ts";
import { createTokenizer } from "./tokenizer.ts";
import type { TokenizerFile } from "./tokenizer.ts";

const folder = join(REPO_ROOT, "ckpts", "tiny", "base");
const file = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8")) as TokenizerFile;
const tokenizer = createTokenizer(file);

test("real texts become the tokens that transformers.js makes of them, and texts again", async () => {
  env.allowRemoteModels = false;
  const other = await AutoTokenizer.from_pretrained(folder, { local_files_only: true });
  for (const text of realTexts()) {
    const tokens = tokenizer.encode(text);
    expect(tokens).toEqual(other.encode(text, { add_special_tokens: false }));
    expect(tokenizer.decode(tokens)).toBe(text);
  }
});

test("nothing of a text is lost but the special tokens in it", () => {
  for (const text of HARD_TEXTS) {
    const plain = text.replace(/<\|(?:im_start|im_end|endoftext)\|>/g, "");
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(plain);
  }
});

test("a special token is one token with its name for bytes; half a character is shown as broken", () => {
  const end = tokenizer.idOf("<|im_end|>")!;
  expect(tokenizer.encode("<|im_end|>")).toEqual([end]);
  expect(tokenizer.isSpecial(end)).toBe(true);
  expect(new TextDecoder().decode(tokenizer.bytesOf(end))).toBe("<|im_end|>");
  const halves = tokenizer.encode("𠮷");
  expect(halves.length).toBeGreaterThan(1);
  expect(tokenizer.decode(halves.slice(0, 1))).toBe("\uFFFD");
  expect(tokenizer.bytesOf(halves[0]!)[0]).toBe(0xf0);
});

test("a tokenizer of other parts is refused, not guessed at", () => {
  const broken = (change: object) => () => createTokenizer({ ...file, ...change });
  expect(broken({ model: { ...file.model, type: "Unigram" } })).toThrow("Unigram");
  expect(broken({ normalizer: { type: "Lowercase" } })).toThrow("Lowercase");
  expect(broken({ pre_tokenizer: { type: "Metaspace" } })).toThrow("Metaspace");
});

test("Qwen's own words are cut as its pattern says", () => {
  const words =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" +
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const qwen = createTokenizer({
    ...file,
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: words }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, use_regex: false },
      ],
    },
  });
  for (const text of realTexts().slice(0, 40)) expect(qwen.encode(text)).toEqual(tokenizer.encode(text));
  expect(qwen.decode(qwen.encode("a\u0301"))).toBe("á");
});
