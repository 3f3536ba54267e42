import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { byteLines } from "./byte-lines.ts";
import { PROFILES } from "./profiles.ts";
import { fakeModel } from "./testing/model-fixture.ts";
import { temporaryWorkspace } from "./testing/run-fixture.ts";
import { perfectVerdict } from "./testing/stub-judge.ts";
import { sendChat, startStub } from "./testing/stub-server.ts";

const workspace = temporaryWorkspace();
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
afterAll(() => workspace.remove());

test("the reward process asks the Judge that the run's config names, and ends when the trainer closes its stdin", async () => {
  const judge = await startStub(({ body: { messages } }, response) => {
    const prompt = messages.at(-1)!.content;
    sendChat(response, { content: prompt.includes("3 + 3 = 6") ? perfectVerdict(prompt) : "1" }); // else it is the probe
  });
  try {
    const config = structuredClone(PROFILES.tiny);
    config.grpo.useJudge = true;
    config.models.judge = fakeModel(join(workspace.root, "judge"));
    config.serving.url = judge.url;
    const runDir = join(workspace.paths.runs, "grpo-1");
    mkdirSync(runDir, { recursive: true });
    const base = { path: "/b", revision: "main", sha256: "0" };
    const reward = { command: [], path: "", sha256: "" };
    const run = { key: "grpo-1", stage: "grpo", label: "x", config, inputs: {}, models: { base, adapter: null }, reward, output: join(runDir, "adapter"), runDir, created: "" };
    writeFileSync(join(runDir, "run.json"), JSON.stringify(run));

    const child = spawn(process.execPath, [here("./reward-server.ts"), here("./judged-reward.ts"), '{"format":0.3,"accuracy":0.7,"judge":0.5}', join(runDir, "run.json")], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise((done) => child.once("exit", (status) => done(status)));
    const row = (id: string, answer: string) => ({ id, question: "What is 2 × 3?", gold: "6", completion: `<think>\nTwo times three means 3 + 3.\n3 + 3 = 6\n</think>\n<answer>\n${answer}\n</answer>`, tokens: 9 });
    child.stdin.write(`${JSON.stringify({ batch: 1, rows: [row("right", "6"), row("wrong", "7")] })}\n`);
    const { value } = await byteLines(child.stdout).next();
    const { rows } = JSON.parse((value as { text: string }).text);
    child.stdin.end();
    expect(rows[0]).toMatchObject({ format: 1, accuracy: 1 });
    expect(rows[0].judge).toBeGreaterThan(0.5);
    expect(rows[0].total).toBeCloseTo(1 + 0.5 * rows[0].judge, 12);
    expect(rows[1]).toEqual({ format: 1, accuracy: 0, judge: 0, total: 0.3 });
    expect(judge.requests.filter(({ body }) => body.messages.at(-1)!.content.includes("3 + 3 = 6"))).toHaveLength(1); // the wrong answer is not shown
    expect(await ended).toBe(0);
  } finally {
    await judge.close();
  }
});
