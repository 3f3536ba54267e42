import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { scoreCompletion } from "../answer/index.ts";
import { resolveConfig } from "../config/settings.ts";
import { loadTokenizer } from "../model/tokens.ts";
import { languageOf } from "../question/language.ts";
import { writeByteTokenizer } from "../testing/byte-tokenizer.ts";
import { fakeModel } from "../testing/model-fixture.ts";
import { assertPromptFits, countLongestPrompt } from "./tokens.ts";
import { PROMPT_NAMES, promptId, promptMessages, promptOf, promptRequest, promptView } from "./prompt.ts";
import type { ModelPrompt } from "./prompt.ts";
import { inOrder } from "../testing/in-order.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-prompt-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const QUESTIONS = { en: "What is 2 + 2?", zh: "二加二是多少？" } as const;

describe("the prompts of prompts.json", () => {
  const prompts = PROMPT_NAMES.map((name): [string, ModelPrompt] => [name, promptOf(name)]);

  test.each(prompts)(
    "%s speaks the question's language in all that it says, but for the original project's one",
    (name, { system, example }) => {
      for (const language of ["en", "zh"] as const) {
        const said = [system[language], ...Object.values(example?.[language] ?? {})].filter(
          (text) => text !== "",
        );
        if (name !== "tags") expect(said.map(languageOf)).toEqual(said.map(() => language));
      }
    },
  );

  test.each(
    prompts.flatMap(([name, { example, regex }]) =>
      example === null ? [] : [[name, example, regex] as const],
    ),
  )("the worked example of %s is a right answer in our form", (_, example, regex) => {
    for (const [{ user, assistant }, gold] of [
      [example.en, "15%"],
      [example.zh, "B"],
    ] as const) {
      expect(scoreCompletion({ question: user, gold, completion: assistant })).toMatchObject({
        format: true,
        strict: { verdict: "right" },
      });
      if (regex !== undefined) expect(assistant).toMatch(new RegExp(`^(?:${regex})$`));
    }
  });

  test("a regex takes our form in both languages and nothing before, between or behind it", () => {
    const whole = new RegExp(`^(?:${promptOf("grammar").regex})$`);
    const text = "<think>\n120 ÷ 800 = 0.15\n所以选 B。\n</think>\n<answer>B</answer>";
    expect(text).toMatch(whole);
    for (const other of [
      `So: ${text}`,
      `${text}\nDone.`,
      text.replace("</think>\n", "</think>\nSo "),
      text.replace("B</answer>", "</answer>"),
      `${text}${text}`,
    ])
      expect(other).not.toMatch(whole);
  });

  test("an id stands for all that is sent, and for nothing else", () => {
    expect(new Set(prompts.map(([, prompt]) => promptId(prompt))).size).toBe(prompts.length);
    const example = promptOf("example");
    expect(promptId({ ...example, version: "9", source: "elsewhere" })).toBe(promptId(example));
    for (const changed of [
      { begin: "<think>" },
      { regex: "a" },
      { example: null },
      { system: { ...example.system, zh: "" } },
    ])
      expect(promptId({ ...example, ...changed })).not.toBe(promptId(example));
  });
});

test("a request holds what its prompt has, in the question's language", () => {
  expect(promptRequest(promptOf("none"), QUESTIONS.en)).toEqual({
    messages: [{ role: "user", content: QUESTIONS.en }],
  });
  const { system, example } = promptOf("example");
  expect(promptRequest(promptOf("example"), QUESTIONS.zh)).toEqual({
    messages: [
      { role: "system", content: system.zh },
      { role: "user", content: example!.zh.user },
      { role: "assistant", content: example!.zh.assistant },
      { role: "user", content: QUESTIONS.zh },
    ],
  });
  expect(promptRequest(promptOf("begun"), QUESTIONS.en)).toMatchObject({ begin: "<think>\n" });
  expect(promptRequest(promptOf("grammar"), QUESTIONS.en)).toMatchObject({
    regex: promptOf("grammar").regex,
  });
});

test("a system message of one's own is sent as it is", () => {
  expect(promptMessages(promptOf("Be brief."), QUESTIONS.zh)).toEqual([
    { role: "system", content: "Be brief." },
    { role: "user", content: QUESTIONS.zh },
  ]);
});

test("a prompt is shown with every message it sends, what it begins and what it enforces", () => {
  const { system, example } = promptOf("example");
  const { text } = promptView("example_grammar", QUESTIONS.zh);
  for (const part of [
    `Prompt "example_grammar", version ${promptOf("example_grammar").version}`,
    system.zh,
    QUESTIONS.zh,
    "<answer>[^<",
  ])
    expect(text).toContain(part);
  expect(text).toContain(example!.zh.assistant.split("\n")[1]!);
  expect(promptView("begun", QUESTIONS.en).text).toContain("assistant, begun for it");
  expect(promptView("Be brief.", QUESTIONS.en).text).toContain("Prompt of your own");
});

test("of several prompts the longest is counted, example and begun text included", async () => {
  const tokenizer = await loadTokenizer(writeByteTokenizer(join(root, "bytes")));
  const plain = tokenizer.countPromptTokens({ question: QUESTIONS.en });
  expect(countLongestPrompt(tokenizer, [promptOf("none")], QUESTIONS.en)).toBe(plain);
  const { system, example } = promptOf("example");
  const texts = [system.en, example!.en.user, example!.en.assistant].reduce(
    (sum, text) => sum + tokenizer.countTokens(text),
    0,
  );
  // Each message has <|im_start|>, its role and a newline, <|im_end|> and a newline.
  const around = ["system", "user", "assistant"].reduce((sum, role) => sum + 1 + role.length + 1 + 2, 0);
  expect(countLongestPrompt(tokenizer, [promptOf("none"), promptOf("example")], QUESTIONS.en)).toBe(
    plain + texts + around,
  );
  const begun = promptOf("begun");
  expect(
    countLongestPrompt(tokenizer, [begun], QUESTIONS.en) -
      countLongestPrompt(tokenizer, [{ ...begun, begin: "" }], QUESTIONS.en),
  ).toBe("<think>\n".length);
});

describe("a context too small for the prompt", () => {
  const config = (overrides: Record<string, unknown>) =>
    resolveConfig({
      profile: "tiny",
      overrides: { "models.teacher": join(root, "bytes-model"), ...overrides },
      set: [],
    });
  fakeModel(join(root, "bytes-model"));
  writeByteTokenizer(join(root, "bytes-model"));

  test("is an error that says the setting, the tokens and what to do", async () => {
    const small = config({ "prompt.teacher": "example", "serving.maxModelLength": 512 });
    await expect(assertPromptFits(small, "teacher", [QUESTIONS.en])).rejects.toThrow(
      inOrder(
        /prompt\.teacher "example"/,
        /maxModelLength 512 - distill\.maxTokens 160 = 352/,
        /\d{3} tokens/,
        /Set serving\.maxModelLength/,
      ),
    );
    await expect(
      assertPromptFits(config({ "prompt.teacher": "example", "serving.maxModelLength": 4096 }), "teacher", [
        QUESTIONS.en,
      ]),
    ).resolves.toBeUndefined();
    await expect(
      assertPromptFits(config({ "prompt.teacher": "none" }), "teacher", [QUESTIONS.en]),
    ).resolves.toBeUndefined();
  });

  test("is found for the language that needs more room", async () => {
    const prompt = promptOf("example");
    const tokenizer = await loadTokenizer(join(root, "bytes"));
    const need = (question: string) => countLongestPrompt(tokenizer, [prompt], question) + 160;
    const long = need(QUESTIONS.zh) > need(QUESTIONS.en) ? "zh" : "en";
    const between = config({
      "prompt.teacher": "example",
      "serving.maxModelLength": Math.max(need(QUESTIONS.zh), need(QUESTIONS.en)) - 1,
    });
    await expect(assertPromptFits(between, "teacher", Object.values(QUESTIONS))).rejects.toThrow(
      `language ${long}`,
    );
    await expect(
      assertPromptFits(between, "teacher", [QUESTIONS[long === "zh" ? "en" : "zh"]]),
    ).resolves.toBeUndefined();
  });

  test("is left to the server where the model's folder holds no tokenizer", async () => {
    fakeModel(join(root, "bare"));
    const bare = config({
      "models.teacher": join(root, "bare"),
      "prompt.teacher": "example",
      "serving.maxModelLength": 64,
    });
    await expect(assertPromptFits(bare, "teacher", [QUESTIONS.en])).resolves.toBeUndefined();
  });
});
