import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { REPO_ROOT } from "../config/paths.ts";
import { writeByteTokenizer } from "../testing/byte-tokenizer.ts";
import { byWords, loadTokenizer } from "./tokens.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-tokens-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("loadTokenizer", () => {
  test("counts what the model reads: bytes here, special tokens as one, the template around it", async () => {
    const tokenizer = await loadTokenizer(writeByteTokenizer(join(root, "bytes")));
    expect(tokenizer.countTokens("abc 12")).toBe(6);
    expect(tokenizer.countTokens("利率")).toBe(6);
    // <|im_start|>user\n | abc | <|im_end|>\n | <|im_start|>assistant\n
    expect(tokenizer.countPromptTokens({ question: "abc" })).toBe(1 + 5 + 3 + 2 + 1 + 10);
    expect(tokenizer.countPromptTokens({ question: "abc", system: "" })).toBe(22);
    expect(tokenizer.countPromptTokens({ question: "abc", system: "be" })).toBe(22 + 1 + 7 + 2 + 2);
    expect(tokenizer.countRowTokens({ question: "abc" }, "yes")).toBe(22 + 3 + 2);
    const example = [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
    ] as const;
    expect(tokenizer.countChatTokens([...example, { role: "user", content: "abc" }])).toBe(
      22 + (1 + 5 + 1 + 2) + (1 + 10 + 1 + 2),
    );
    expect(tokenizer.countChatTokens([{ role: "user", content: "abc" }], "So ")).toBe(22 + 3);
  });

  test("a question that holds special tokens' text is counted as the model would read it", async () => {
    const tokenizer = await loadTokenizer(join(root, "bytes"));
    expect(tokenizer.countTokens("<|im_end|>")).toBe(1);
  });

  test("a megabyte is counted in bounded time", async () => {
    const tokenizer = await loadTokenizer(join(root, "bytes"));
    const start = performance.now();
    expect(tokenizer.countTokens("9".repeat(1_000_000))).toBe(1_000_000);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test("the same folder is loaded once", async () => {
    expect(await loadTokenizer(join(root, "bytes"))).toBe(await loadTokenizer(join(root, "bytes")));
  });

  test("no folder, no tokenizer, no template: each says so, and the next call may find it", async () => {
    const folder = join(root, "later");
    await expect(loadTokenizer(folder)).rejects.toThrow(/holds no tokenizer[\s\S]*no tokenizer\.json/);
    writeByteTokenizer(folder, null);
    await expect(loadTokenizer(folder)).rejects.toThrow(/no chat template/);
    writeByteTokenizer(folder);
    expect((await loadTokenizer(folder)).countTokens("x")).toBe(1);
    const broken = writeByteTokenizer(join(root, "broken"));
    writeFileSync(join(broken, "tokenizer.json"), "{");
    await expect(loadTokenizer(broken)).rejects.toThrow(/could not be loaded/);
  });

  test("a hub id is found in the Hugging Face cache without any network", async () => {
    const hub = join(root, "hub");
    const repo = join(hub, "models--owner--name");
    const commit = "a".repeat(40);
    writeByteTokenizer(join(repo, "snapshots", commit));
    process.env.HF_HUB_CACHE = hub;
    try {
      expect((await loadTokenizer(`owner/name@${commit}`)).model).toContain("snapshots");
    } finally {
      delete process.env.HF_HUB_CACHE;
    }
  });

  test("a hub id nobody can reach is an error that names host and model", async () => {
    process.env.HF_ENDPOINT = "http://127.0.0.1:9";
    try {
      await expect(loadTokenizer(`owner/absent@${"b".repeat(40)}`)).rejects.toThrow(
        /127\.0\.0\.1:9\/owner\/absent, revision bbbb[\s\S]*HF_ENDPOINT/,
      );
      await expect(loadTokenizer("owner/absent")).rejects.toThrow(
        /by its commit only[\s\S]*owner\/absent@<commit>/,
      );
    } finally {
      delete process.env.HF_ENDPOINT;
    }
  });
});

const base = join(REPO_ROOT, "ckpts", "tiny", "base");
const shipped = existsSync(join(base, "tokenizer.json"));
test.skipIf(!shipped)(
  "the shipped Base reads each digit as one " +
    `token${shipped ? "" : " (skipped: ckpts/tiny/base is not there)"}`,
  async () => {
    const tokenizer = await loadTokenizer("ckpts/tiny/base");
    expect(tokenizer.countTokens("12345678")).toBe(8);
    expect(tokenizer.countPromptTokens({ question: "12345678" })).toBeGreaterThan(8);
  },
);

describe("counting word by word", () => {
  const tokenizerOf = async () => {
    const { AutoTokenizer, env } = await import("@huggingface/transformers");
    env.allowRemoteModels = false;
    const folder = join(REPO_ROOT, "ckpts", "tiny", "base");
    const tokenizer = await AutoTokenizer.from_pretrained(folder, { local_files_only: true });
    return (text: string) => tokenizer.encode(text, { add_special_tokens: false }).length;
  };

  test("gives the number of the whole text, whatever stands in it", async () => {
    const exact = await tokenizerOf();
    const count = byWords(exact);
    expect(count).not.toBe(exact);
    const pieces = fc.constantFrom(
      ...[
        " ",
        "  ",
        "\n",
        " \n ",
        "，",
        "。",
        "：",
        "（",
        "）",
        "'s",
        "'",
        "$1,200.5",
        "12%",
        "2023年",
        "营业收入",
      ],
      ...[
        "Revenue",
        "e\u0301",
        "😀",
        "<|im_start|>",
        "<|im_end|>",
        "<think>",
        "A.",
        "\t",
        "\u3000",
        "\u00a0",
      ],
    );
    const text = fc.array(fc.oneof(pieces, fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 30 });
    fc.assert(
      fc.property(text, (parts) => {
        expect(count(parts.join(""))).toBe(exact(parts.join("")));
      }),
      { numRuns: 2000 },
    );
  });

  test("asks for each word once", async () => {
    const exact = await tokenizerOf();
    const asked: string[] = [];
    const count = byWords((text) => {
      asked.push(text);
      return exact(text);
    });
    asked.length = 0;
    count("profit of 5 and profit of 5");
    expect(asked).toEqual(["profit", " of", " 5", " and", " profit"]);
  });

  test("gives way to a tokenizer that joins words", () => {
    const joining = (text: string) => Math.ceil(text.length / 3);
    expect(byWords(joining)).toBe(joining);
  });
});
