import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ownPrompt, promptOf } from "../prompt/prompt.ts";
import { createClient } from "../serving/client.ts";
import { sendChat, sendJson, startStub } from "../testing/stub-server.ts";
import type { Answer, StubServer } from "../testing/stub-server.ts";
import { openTasks } from "./ask.ts";
import { openCache } from "./cache.ts";
import { PROFILES } from "../config/profiles.ts";
import { answerTasks } from "./tasks.ts";
import type { AnswerTask } from "./tasks.ts";
import { collectAnswers } from "./ask-models.ts";
import type { Questionnaire } from "./ask-models.ts";

let folder: string;
let stub: StubServer;
let lists: Questionnaire[];
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "ftmodel-collect-"))));
afterEach(async () => {
  await Promise.all(lists.map(({ cache }) => cache.close()));
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});

const tasks = (n: number): AnswerTask[] =>
  answerTasks(
    Array.from({ length: n }, (_, i) => ({
      id: `q${i}`,
      prompt: `What is ${i}?`,
      gold_answer: `${i}`,
      type: "financial_concept" as const,
    })),
    { seed: 1, evaluate: { ...PROFILES.tiny.evaluate, maxTokens: 8, samples: 0, temperature: 1 } },
  );
const list = (name: string, servedAs: string | undefined, prompt = ownPrompt(""), n = 4): Questionnaire => ({
  name,
  servedAs,
  prompt,
  tasks: tasks(n),
  cache: openCache(join(folder, `${name}.jsonl`)),
  context: 512,
});

async function answerWith(answer: Answer, concurrency = 8) {
  stub = await startStub(answer);
  return createClient({ baseURL: stub.url, model: "the-base", engine: "transformers", concurrency });
}

test("each list is asked under its name and its prompt, and its answers go into its own store", async () => {
  const client = await answerWith(({ body }, response) =>
    sendChat(response, { content: `${body.model} says ${body.messages.length}` }),
  );
  lists = [
    list("base", undefined),
    list("base_prompted", undefined, promptOf("example")),
    list("sft", "sft"),
  ];
  await collectAnswers(client, lists);
  expect(lists.map(({ cache }) => cache.rows().map(({ completion }) => completion))).toEqual([
    Array(4).fill("the-base says 1"),
    Array(4).fill("the-base says 4"),
    Array(4).fill("sft says 1"),
  ]);
});

test("the next list's requests fill the places that the last ones of the one before leave free", async () => {
  const waiting: (() => void)[] = [];
  // Only eight at once are answered: four lists of two would never get there one after the other.
  const client = await answerWith(
    (_, response) =>
      new Promise<void>((answered) => {
        waiting.push(() => (sendChat(response), answered()));
        if (waiting.length === 8) for (const answer of waiting.splice(0)) answer();
      }),
  );
  lists = ["base", "sft", "sft_grpo", "grpo_only"].map((name) => list(name, name, ownPrompt(""), 2));
  await collectAnswers(client, lists);
  expect(stub.mostInFlight).toBe(8);
  expect(stub.requests.map(({ body }) => body.model).sort()).toEqual([
    "base",
    "base",
    "grpo_only",
    "grpo_only",
    "sft",
    "sft",
    "sft_grpo",
    "sft_grpo",
  ]);
});

test("progress counts all lists together and names them", async () => {
  const client = await answerWith((_, response) => sendChat(response));
  lists = [list("base", undefined), list("sft", "sft")];
  const seen: [readonly string[], number, number][] = [];
  await collectAnswers(client, lists, {
    onProgress: ({ names, done, total }) => void seen.push([names, done, total]),
  });
  expect(seen.at(-1)).toEqual([["base", "sft"], 8, 8]);
});

test("a task that stands twice in a list is asked once", async () => {
  const client = await answerWith((_, response) => sendChat(response));
  lists = [{ ...list("base", undefined), tasks: [...tasks(3), ...tasks(3)] }].map((one) => ({
    ...one,
    tasks: openTasks(one),
  }));
  await collectAnswers(client, lists);
  expect(stub.requests).toHaveLength(3);
});

test("a server that only fails is asked 20 times and by what is on its way; what came is kept", async () => {
  let n = 0;
  const client = await answerWith(
    // failures come late: what was answered before them is on disk by then
    (_, response) =>
      void (++n <= 5 ? sendChat(response) : setTimeout(() => sendJson(response, "{}", 404), 50)),
    4,
  );
  lists = [list("base", undefined, ownPrompt(""), 100)];
  await expect(collectAnswers(client, lists)).rejects.toThrow(
    /server does not answer[^]*20 failed requests in a row[^]*what was answered is kept/,
  );
  expect(stub.requests.length).toBeLessThan(30);
  expect(lists[0]!.cache.size).toBe(5);
});

test("a full disk ends the run by name, with no request after it, and nothing counted that is not kept", {
  skip: process.platform !== "linux",
}, async () => {
  const client = await answerWith((_, response) => sendChat(response), 4);
  lists = [list("base", undefined, ownPrompt(""), 60)];
  const [one] = lists as [Questionnaire];
  const { append } = one.cache;
  // the disk's own refusal, on the fifth row
  const full = async (...rows: Parameters<typeof append>) =>
    one.cache.size < 4 ? await append(...rows) : writeFileSync("/dev/full", "x");
  let done = 0;
  const run = collectAnswers(
    client,
    [
      {
        ...one,
        cache: {
          ...one.cache,
          get size() {
            return one.cache.size;
          },
          append: full,
        },
      },
    ],
    {
      onProgress: (progress) => void (done = progress.done),
    },
  );
  await expect(run).rejects.toThrow(/ENOSPC/);
  expect(stub.requests.length).toBeLessThan(13);
  expect(done).toBeLessThanOrEqual(one.cache.size);
});
