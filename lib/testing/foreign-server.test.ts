import { afterAll, beforeAll, expect, test } from "vitest";
import { goldProblem, scoreCompletion } from "../answer/index.ts";
import { readVerdict } from "../judge/verdict.ts";
import { nonceFor, renderJudgePrompt, RUBRIC_NAMES } from "../judge/prompt.ts";
import { messages } from "../model/chat.ts";
import { createClient } from "../serving/client.ts";
import { FOREIGN_STYLES } from "./foreign-answers.ts";
import { chineseQuestions, englishQuestions } from "./foreign-questions.ts";
import { startForeign } from "./foreign-server.ts";
import type { StubServer } from "./stub-server.ts";

const questions = [...englishQuestions(60), ...chineseQuestions(60)];
const servers: Record<string, StubServer> = {};
beforeAll(async () => {
  for (const style of FOREIGN_STYLES) servers[style] = await startForeign(questions, style);
});
afterAll(() => Promise.all(Object.values(servers).map((server) => server.close())));

const clientOf = (style: string, model: string) =>
  createClient({ baseURL: servers[style]!.url, model, engine: "vllm", maxAttempts: 1 });
const ask = (style: string, model: string, question: string, seed = 1) =>
  clientOf(style, model).complete({ messages: messages(question), temperature: 0.6, maxTokens: 200, seed });

test("every question has a gold that rules can check, and is there once", () => {
  expect(questions.map((row) => goldProblem(row)).filter((problem) => problem !== null)).toEqual([]);
  expect(new Set(questions.map((row) => row.question)).size).toBe(questions.length);
});

test.each(FOREIGN_STYLES)("a Teacher in style %s is right more often than a Base", async (style) => {
  const share = async (model: string) => {
    const texts = await Promise.all(questions.map(({ question }) => ask(style, model, question)));
    const right = questions.filter(({ question, gold_answer: gold }, i) => {
      const { text, ok } = texts[i]!;
      return ok && scoreCompletion({ question, gold, completion: text }).lenient.verdict === "right";
    });
    return right.length / questions.length;
  };
  const [teacher, base] = [await share("some/Teacher-7B"), await share("some/base")];
  expect(teacher).toBeGreaterThan(0.6);
  expect(base).toBeLessThan(0.45);
  expect(base).toBeGreaterThan(0.15);
});

test("only a style with a reasoning field sends one; the client puts its thoughts into a block", async () => {
  const [{ question }] = questions as [(typeof questions)[number]];
  const joined = /^<think>\n[^]+\n<\/think>\n[^]*\\boxed\{/;
  expect((await ask("r1-field", "teacher", question)).text).toMatch(joined);
  expect((await ask("instruct", "teacher", question)).text).toMatch(/^To solve[^<]*the answer is [^<]*\.$/);
});

test("the same request gives the same text, another seed now and then another", async () => {
  const some = questions.slice(0, 40);
  const texts = (seed: number) =>
    Promise.all(some.map(async ({ question }) => (await ask("instruct", "base", question, seed)).text));
  expect(await texts(1)).toEqual(await texts(1));
  expect(await texts(1)).not.toEqual(await texts(2));
});

test.each(RUBRIC_NAMES)("a judge prompt by %s gets a verdict that can be read", async (rubric) => {
  const texts = { question: "1 + 0?", gold: "1", completion: "so 1" };
  const nonce = nonceFor([texts.completion], 1, "full");
  const prompt = renderJudgePrompt({ layout: "rules-first", rubric, size: "full", ...texts, nonce });
  const reply = await ask("r1", "judge", prompt);
  expect(readVerdict(rubric, reply.text).problem).toBeNull();
});

test("a stream brings the text that a plain request brings, and a limit cuts both", async () => {
  const client = clientOf("r1-field", "teacher");
  const request = { messages: messages(questions[0]!.question), temperature: 0, maxTokens: 200 };
  const [plain, streamed] = [await client.complete(request), await client.streamComplete(request)];
  expect(streamed.text.replace(/\s+/g, " ")).toBe(plain.text.replace(/\s+/g, " "));
  const cut = await client.complete({ ...request, maxTokens: 10 });
  expect(cut).toMatchObject({ ok: false, cause: "length", completionTokens: 10 });
});
