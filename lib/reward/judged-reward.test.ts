import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { byteLines } from "../store/byte-lines.ts";
import type { Config } from "../config/config.ts";
import type { RunFile } from "../run/key.ts";
import { textOf } from "../testing/judge-rows.ts";
import { fakeModel } from "../testing/model-fixture.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { perfectVerdict } from "../testing/stub-judge.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";
import { trainGrpo } from "../train/train.ts";
import { writeJsonl } from "../store/jsonl.ts";

const workspace = temporaryWorkspace();
const { paths, root } = workspace;
/** Long enough for a stub on a busy machine. */
const DEADLINE_MS = 2000;
const API_KEY = "canary-3c0b";
let judge: StubServer;
let endings: (() => Promise<unknown>)[] = [];

beforeAll(() => {
  mkdirSync(dirname(paths.rl), { recursive: true });
  writeJsonl(paths.rl, [
    { id: "a", prompt: "What is 2 × 3?", gold_answer: "6", type: "financial_calculation" },
  ]);
});
beforeEach(async () => {
  judge = await startStub(({ body: { messages } }, response) => {
    const prompt = messages.at(-1)!.content;
    sendChat(response, { content: prompt === "1" ? "1" : perfectVerdict(prompt) }); // "1" is the probe
  });
});
afterEach(async () => {
  await Promise.all(endings.map((end) => end()));
  endings = [];
  await judge.close();
});
afterAll(() => workspace.remove());

/** The run.json that trainGrpo writes, without SFT before it. */
async function runFileOf(
  change?: (config: Config) => void,
  reward?: string,
): Promise<{ text: string; run: RunFile }> {
  const lab = labOnFakeBase(workspace, (config) => {
    config.models.judge = fakeModel(join(root, "judge"));
    Object.assign(config.grpo, { startFromSft: false, useJudge: true, rewardJudge: 0.5 });
    Object.assign(config.serving, { url: judge.url, requestTimeoutMs: DEADLINE_MS });
    change?.(config);
  });
  const { folder } = await trainGrpo(
    { ...lab, force: true },
    { command: fakeTrainer("--steps=1"), publish: false, ...(reward && { reward }) },
  );
  const text = readFileSync(join(folder, "run.json"), "utf8");
  return { text, run: JSON.parse(text) as RunFile };
}

/** The reward process as the trainer starts it. */
function startReward({ reward }: RunFile): {
  ask(...rows: object[]): Promise<any>;
  end(): Promise<number | null>;
} {
  const [program, ...args] = reward!.command;
  const child = spawn(program!, args, {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, FTMODEL_API_KEY: API_KEY },
  });
  const ended = new Promise<number | null>((done) => child.once("exit", done));
  const lines = byteLines(child.stdout);
  let batch = 0;
  const end = (): Promise<number | null> => {
    child.stdin.end();
    return ended;
  };
  endings.push(end);
  return {
    async ask(...rows) {
      child.stdin.write(`${JSON.stringify({ batch: ++batch, rows })}\n`);
      const { value } = await lines.next();
      return JSON.parse((value as { text: string }).text);
    },
    end,
  };
}

const row = (reasoning: string, answer = "6") => ({
  id: reasoning,
  question: "What is 2 × 3?",
  gold: "6",
  completion: textOf(reasoning, answer),
  tokens: 9,
});
const shown = () => judge.requests.filter(({ body }) => body.messages.at(-1)!.content !== "1");

describe("a run with grpo.useJudge", () => {
  test(
    "pays sound reasoning more than a fault, shows wrong answers to nobody, and ends when the " +
      "trainer closes its stdin",
    async () => {
      const { text, run } = await runFileOf();
      const reward = startReward(run);
      const { rows } = await reward.ask(
        row("2 × 3 = 6"),
        row("fault: contradicting_answer"),
        row("2 + 3 = 5", "5"),
      );
      expect(rows[0]).toMatchObject({ format: 1, accuracy: 1, judge: 1, total: 1.5 });
      expect(rows[1]).toMatchObject({ accuracy: 1, judge: (7 - 4) / 16 });
      expect(rows[2]).toMatchObject({ format: 1, accuracy: 0, judge: 0, total: 0.3 });
      expect(shown()).toHaveLength(2);
      expect(await reward.end()).toBe(0);

      // The server's key goes through the environment, its address through run.json, neither as an argument.
      expect(judge.requests.map(({ headers }) => headers.authorization)).toEqual(
        judge.requests.map(() => `Bearer ${API_KEY}`),
      );
      expect(run.reward!.command.join(" ")).not.toContain(judge.url);
      expect(text).not.toContain(API_KEY);
    },
  );

  test("asks on after the first deadline is over", async () => {
    const { run } = await runFileOf();
    const reward = startReward(run);
    await reward.ask(row("2 × 3 = 6"));
    await new Promise((wake) => setTimeout(wake, DEADLINE_MS + 200));
    expect(await reward.ask(row("3 + 3 = 6"), row("1 + 5 = 6"))).toMatchObject({
      rows: [{ judge: 1 }, { judge: 1 }],
    });
  });

  test("stops by name when its Judge goes away, with a status that is not 0", async () => {
    const { run } = await runFileOf();
    const reward = startReward(run);
    await reward.ask(row("2 × 3 = 6"));
    await judge.close();
    expect((await reward.ask(row("3 + 3 = 6"), row("1 + 5 = 6"))).error).toMatch(
      /Judge fails too often for a reward[^]*2 of 3/,
    );
    expect(await reward.end()).toBe(1);
  });

  test("stops at its first batch when no Judge answers, whatever the batch holds", async () => {
    const { run } = await runFileOf();
    await judge.close();
    expect((await startReward(run).ask(row("2 + 3 = 5", "5"))).error).toMatch(
      /does not answer for this model[^]*serving.url/,
    );
  });

  test("refuses to go on with another Judge than it began with", async () => {
    const { run } = await runFileOf();
    fakeModel(join(root, "judge"), 8, "retrained");
    expect((await startReward(run).ask(row("2 × 3 = 6"))).error).toMatch(
      /The Judge is not the one this run began with/,
    );
    expect(judge.requests).toHaveLength(0);
  });

  test("is another run with another Judge or layout, the same with a server elsewhere", async () => {
    const { run } = await runFileOf();
    expect((await runFileOf((config) => (config.serving.url = "http://127.0.0.1:9/v1"))).run.key).toBe(
      run.key,
    );
    expect((await runFileOf((config) => (config.filter.layout = "inputs-first"))).run.key).not.toBe(run.key);
    expect(
      (await runFileOf((config) => void fakeModel(config.models.judge, 8, "retrained"))).run.key,
    ).not.toBe(run.key);
  });
});

test("with useJudge false there need not be a Judge, and nobody is asked", async () => {
  const { text, run } = await runFileOf((config) => {
    config.grpo.useJudge = false;
    config.models.judge = "/nowhere";
  });
  expect(await startReward(run).ask(row("2 × 3 = 6"))).toMatchObject({
    batch: 1,
    rows: [{ format: 1, accuracy: 1, total: 1 }],
  });
  expect(run.reward!.path).toMatch(/lib\/reward\/default-reward\.ts$/);
  expect(Object.keys(JSON.parse(text))).not.toContain("judge");
  expect(judge.requests).toHaveLength(0);
});

test("a reward of the reader's own takes the Judge's place, too", async () => {
  const { run } = await runFileOf(undefined, "(row) => ({ total: row.tokens })");
  expect(await startReward(run).ask(row("2 × 3 = 6"))).toMatchObject({ batch: 1, rows: [{ total: 9 }] });
  expect(judge.requests).toHaveLength(0);
});
