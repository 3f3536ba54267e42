import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { countBy } from "../stats/stats.ts";
import { readJsonl } from "../store/jsonl.ts";
import { distilleries } from "../testing/distill-fixture.ts";
import { sendChat, sendJson } from "../testing/stub-server.ts";
import type { Answer, StubRequest } from "../testing/stub-server.ts";
import type { Question } from "../records.ts";
import { createClient } from "../serving/client.ts";
import { comparePrompts } from "./compare-prompts.ts";
import { drawBySource } from "./draw-by-source.ts";
import { promptRow, promptTable, PromptText, readPromptReport, writePromptReport } from "./prompt-report.ts";
import type { PromptReport } from "./prompt-report.ts";

const bench = distilleries();
const folder = mkdtempSync(join(tmpdir(), "ftmodel-prompts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const QUESTIONS: Question[] = [
  { id: "a", question: "What is 2 + 2?", gold_answer: "4", type: "financial_calculation", source: "sums" },
  { id: "b", question: "What is 3 + 3?", gold_answer: "6", type: "financial_calculation", source: "sums" },
  {
    id: "c",
    question: "净利率等于什么？\nA. 净利润除以收入\nB. 收入除以净利润",
    gold_answer: "A",
    type: "financial_concept",
    source: "exam",
  },
  {
    id: "d",
    question: "资产减负债是什么？\nA. 收入\nB. 权益",
    gold_answer: "B",
    type: "financial_concept",
    source: "exam",
  },
];
const asked = ({ body }: StubRequest): string =>
  body.messages.findLast(({ role }) => role === "user")!.content;
const hasExample = ({ body }: StubRequest): boolean =>
  body.messages.filter(({ role }) => role === "user").length > 1;
const golds = new Map(QUESTIONS.map(({ question, gold_answer }) => [question, gold_answer]));

/**
 * Follows the tags behind an example or a begun text; else it answers in English prose, and never says what b
 * is.
 */
const instruct: Answer = (request, response) => {
  const gold = golds.get(asked(request))!;
  if (request.body.continue_final_message)
    return sendChat(response, {
      content: `这样计算得到结果，其余不对。\n</think>\n<answer>${gold}</answer>`,
      completion_tokens: 20,
    });
  if (hasExample(request))
    return sendChat(response, {
      content:
        "<think>\n因为定义如此，其余选项不对。\n</think>\n" +
        `<answer>${asked(request).includes("3 + 3") ? "7" : gold}</answer>`,
      completion_tokens: 20,
    });
  sendChat(response, {
    content:
      gold === "6"
        ? "It depends on many things that nobody knows."
        : `We look at the definition step by step and find it. The answer is ${gold}.`,
    completion_tokens: 40,
  });
};

const share = (n: number) => expect.objectContaining({ value: n / QUESTIONS.length });

test("each prompt's texts are counted: as written, usable, right, in the question's language", async () => {
  const { lab } = await bench(instruct);
  const { rows, texts, problems } = await comparePrompts(lab({ "serving.engine": "vllm" }), QUESTIONS, [
    "tags",
    "example",
    "begun",
  ]);
  expect(problems).toEqual({});
  const [tags, example, begun] = rows;
  expect(tags).toMatchObject({
    prompt: "tags",
    asked: 4,
    whole: share(4),
    asWritten: share(0),
    usable: share(3),
    right: share(3),
    inLanguage: { value: 0.5 },
    chineseInChinese: { value: 0 },
    tokens: 40,
  });
  expect(example).toMatchObject({
    asWritten: share(4),
    usable: share(4),
    right: share(3),
    chineseInChinese: { value: 1 },
    tokens: 20,
  });
  expect(begun).toMatchObject({ asWritten: share(4), right: share(4) });
  expect(begun!.rightPerSecond).toBeCloseTo(4 / begun!.seconds);
  expect(texts).toHaveLength(12);
  expect(texts.at(-1)).toMatchObject({
    prompt: "begun",
    id: "d",
    source: "exam",
    gold_answer: "B",
    failure: null,
    text: "<think>\n这样计算得到结果，其余不对。\n</think>\n<answer>B</answer>",
  });
});

test("prompts ask the same questions with the same seeds, one prompt after another", async () => {
  const { lab, stub } = await bench(instruct);
  await comparePrompts(lab({ "serving.engine": "vllm", "distill.maxTokens": 99 }), QUESTIONS, [
    "tags",
    "grammar",
  ]);
  const rounds = stub.requests.filter(({ body }) => body.max_tokens === 99);
  expect(rounds.map(({ body }) => (body.structured_outputs ? "grammar" : "tags"))).toEqual([
    ...Array(4).fill("tags"),
    ...Array(4).fill("grammar"),
  ]);
  const seeds = (part: readonly StubRequest[]) =>
    Object.fromEntries(part.map((request) => [asked(request), request.body.seed]));
  expect(seeds(rounds.slice(4))).toEqual(seeds(rounds.slice(0, 4)));
});

test("what is through is not asked again, force asks anew", async () => {
  const { lab, asked } = await bench(instruct);
  const first = await comparePrompts(lab(), QUESTIONS, ["tags"]);
  asked();
  const more = await comparePrompts(lab(), QUESTIONS, ["tags", "example"]);
  expect(asked().every(hasExample)).toBe(true);
  expect(more.rows[0]).toEqual(first.rows[0]);
  expect((await comparePrompts(lab(), QUESTIONS, ["tags", "example"])).rows).toEqual(more.rows);
  expect(asked()).toHaveLength(0);
  await comparePrompts(lab(), QUESTIONS, ["tags"], { force: true });
  expect(asked().length).toBeGreaterThanOrEqual(4);
});

test("a prompt that the server refuses is named, and the others go on", async () => {
  const { lab } = await bench((request, response) =>
    request.body.structured_outputs
      ? sendJson(response, JSON.stringify({ error: { message: "Failed to transform regex" } }), 400)
      : instruct(request, response),
  );
  const { rows, problems } = await comparePrompts(lab({ "serving.engine": "vllm" }), QUESTIONS, [
    "grammar",
    "tags",
  ]);
  expect(rows.map(({ prompt }) => prompt)).toEqual(["tags"]);
  expect(problems.grammar).toContain("http_400: Failed to transform regex");
  await expect(comparePrompts(lab({ "serving.engine": "vllm" }), QUESTIONS, ["grammar"])).rejects.toThrow(
    /No prompt could be measured[^]*Failed to transform regex/,
  );
});

test("a prompt that the server fails at is a problem; a server that is gone ends it all", async () => {
  const many = Array.from({ length: 30 }, (_, i) => ({ ...QUESTIONS[0]!, id: `q${i}` }));
  const failing = await bench((request, response) =>
    request.body.structured_outputs ? sendJson(response, "{}", 501) : instruct(request, response),
  );
  const { rows, problems } = await comparePrompts(failing.lab({ "serving.engine": "vllm" }), many, [
    "grammar",
    "tags",
  ]);
  expect(rows.map(({ prompt }) => prompt)).toEqual(["tags"]);
  expect(problems.grammar).toMatch(/answers could not be had|failed requests in a row/);

  const gone = await bench((request, response) =>
    request.body.max_tokens === 99 ? void response.destroy() : instruct(request, response),
  );
  const client = createClient({ baseURL: gone.stub.url, model: "m", engine: "transformers", maxAttempts: 1 });
  await expect(
    comparePrompts(gone.lab({ "distill.maxTokens": 99 }), many, ["tags", "example"], { client }),
  ).rejects.toMatchObject({ problem: { code: "server_gone" } });
});

test("an interrupted comparison asks no more, keeps what came, and can be run again", async () => {
  const { lab, stub } = await bench((request, response) => {
    if (stub.requests.length === 14) process.emit("SIGINT");
    instruct(request, response);
  });
  const many = Array.from({ length: 200 }, (_, i) => ({ ...QUESTIONS[0]!, id: `q${i}` }));
  const settings = lab({ "serving.concurrency": 2 });
  await expect(comparePrompts(settings, many, ["tags"])).rejects.toThrow("The cell was interrupted");
  expect(stub.requests.length).toBeLessThan(20);
  const { rows } = await comparePrompts(settings, many, ["tags"]);
  expect(rows[0]).toMatchObject({ asked: 200, whole: { value: 1 } });
});

test("cut texts count as asked and not as whole; with none whole there is no language", () => {
  const cut = (id: string): PromptText => ({
    ...{ prompt: "tags", id, source: "s", question: "What?", gold_answer: "4" },
    text: "<think>\nso",
    reasoning: null,
    failure: "length",
    promptTokens: 9,
    tokens: 100,
  });
  const row = promptRow("tags", [cut("a"), cut("b")], 4);
  expect(row).toMatchObject({
    asked: 2,
    whole: { value: 0 },
    usable: { value: 0 },
    inLanguage: null,
    chineseInChinese: null,
    tokensPerSecond: 50,
    rightPerSecond: 0,
  });
  expect(() => promptRow("tags", [], 1)).toThrow(RangeError);
});

test("no questions, and a prompt that does not exist, are errors before anything is asked", async () => {
  const { lab, asked } = await bench(instruct);
  await expect(comparePrompts(lab(), [], ["tags"])).rejects.toThrow("at least one question");
  await expect(comparePrompts(lab(), QUESTIONS, ["exampel"])).rejects.toThrow(
    /no such prompt[^]*Did you mean example/,
  );
  expect(asked()).toHaveLength(0);
});

test("questions are drawn with every source in its share, the same for the same seed", () => {
  const many = Array.from({ length: 100 }, (_, i) => ({
    id: `q${i}`,
    source: i < 60 ? "big" : i < 97 ? "middle" : "small",
  }));
  const drawn = drawBySource(many, 20, 42);
  expect(Object.fromEntries(countBy(drawn, ({ source }) => source))).toEqual({
    big: 12,
    middle: 7,
    small: 1,
  });
  expect(drawBySource([...many].reverse(), 20, 42)).toEqual(drawn);
  expect(drawBySource(many, 20, 43)).not.toEqual(drawn);
  expect(new Set(drawBySource(many, 500, 42)).size).toBe(100);
});

test("a report comes back as written, texts beside it; another file is an error, none is null", async () => {
  const { lab } = await bench(instruct);
  const { rows, texts } = await comparePrompts(lab(), QUESTIONS, ["tags"]);
  const report: PromptReport = {
    created: "2026-11-29T00:00:00.000Z",
    model: "m",
    device: "d",
    sources: { sums: 2, exam: 2 },
    settings: {},
    rows,
  };
  const { reportPath, textsPath } = writePromptReport(folder, report, texts);
  expect(readPromptReport(reportPath)).toEqual(report);
  expect(readJsonl(textsPath, PromptText)).toEqual(texts);
  expect(readPromptReport(join(folder, "none.json"))).toBeNull();
  expect(() => readPromptReport(textsPath)).toThrow("no report of prompts");
  expect(readFileSync(reportPath, "utf8")).toContain('"prompt": "tags"');
});

test("the table speaks of shares with intervals, and of no language as –", () => {
  const text = {
    ...{ prompt: "tags", id: "a", source: "s", question: "What is 2 + 2?", gold_answer: "4" },
    text: "<think>\n2 + 2 = 4\n</think>\n<answer>4</answer>",
    reasoning: null,
    failure: null,
    promptTokens: 9,
    tokens: 100,
  };
  const { text: shown } = promptTable([
    promptRow(
      "tags",
      Array.from({ length: 100 }, () => text),
      2,
    ),
  ]);
  // Wilson's interval of 100 of 100: [0.963, 1].
  expect(shown).toContain("100 % [96, 100]");
  expect(shown).toContain("–");
  expect(shown).toContain("100 %");
});
