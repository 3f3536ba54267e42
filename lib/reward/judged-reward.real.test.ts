import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { reward as defaultReward } from "./default-reward.ts";
import { rewardRow } from "./reward.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import { trainGrpo, trainSft } from "../train/train.ts";
import { drawQuestions, solve, taggedText } from "../world/index.ts";

const workspace = temporaryWorkspace();
afterAll(() => workspace.remove());

const put = (path: string, rows: readonly object[]): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
};
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("the tiny Judge pays a real GRPO run: right answers between 0 and 1, wrong ones nothing, and the " +
  "process that asks it ends with the run", {
  timeout: 600_000,
}, async () => {
  const { paths } = workspace;
  const config = structuredClone(PROFILES.tiny);
  Object.assign(config.grpo, {
    useJudge: true,
    dropDeadGroups: false,
    maxSteps: 2,
    promptsPerStep: 4,
    groupSize: 4,
    microBatch: 16,
    saveSteps: 2,
  });
  const drawn = drawQuestions(160, 5, "lab");
  const rows = drawn.map((d, i) => ({ id: `q${i}`, prompt: d.question, type: d.kind.type }));
  put(
    paths.sft,
    rows.map((row, i) => ({ ...row, response: taggedText(solve(drawn[i]!, drawn[i]!.kind.right)) })),
  );
  const asked = rows.map((row, i) => ({
    ...row,
    gold_answer: solve(drawn[i]!, drawn[i]!.kind.right).answer,
  }));
  put(paths.rl, asked);
  const lab = { config, paths, force: false };
  await trainSft(lab);
  const run = await trainGrpo(lab);

  const answers = run.samples.flatMap(({ samples }) => samples);
  expect(answers).toHaveLength(32);
  const right = answers.filter(({ rewards }) => rewards.accuracy === 1);
  const judged = right.flatMap(({ rewards }) => (typeof rewards.judge === "number" ? [rewards.judge] : []));
  expect(right.length).toBeGreaterThan(3);
  expect(judged.length).toBeGreaterThan(0.9 * right.length); // an unreadable verdict is no number
  for (const points of judged) expect(points >= 0 && points <= 1).toBe(true);
  expect(Math.max(...judged)).toBeGreaterThan(0.5);
  for (const { id, completion, rewards, reward } of answers) {
    if (rewards.accuracy !== 1) expect(rewards.judge ?? 0).toBe(0);
    const { prompt: question, gold_answer: gold } = asked.find((row) => row.id === id)!;
    const { total } = defaultReward(rewardRow({ id, question, gold, completion, tokens: 0 }));
    expect(reward).toBeCloseTo(total + 0.3 * (rewards.judge ?? 0), 5);
  }
  const file = JSON.parse(readFileSync(join(run.folder, "run.json"), "utf8"));
  expect(file.judge.prompt).toMatch(/^four-dimensions@1\/rules-first\/short\//);
  const { pid } = JSON.parse(readFileSync(join(run.folder, "pid.json"), "utf8"));
  await expect.poll(() => alive(pid), { timeout: 300_000 }).toBe(false);
  const [log] = readdirSync(join(paths.reports, "servers"));
  const rewardProcess = Number(/^judge-(\d+)\.log$/.exec(log!)![1]);
  await expect.poll(() => alive(rewardProcess), { timeout: 300_000 }).toBe(false);
});
