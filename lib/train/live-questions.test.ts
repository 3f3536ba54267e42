import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createClient } from "../serving/client.ts";
import type { Config } from "../config/config.ts";
import { readJsonl, writeJsonl } from "../store/jsonl.ts";
import { readManifest } from "../store/manifest.ts";
import { RlRow } from "../records.ts";
import { textOf } from "../testing/judge-rows.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";
import { writeLiveQuestions } from "./live-questions.ts";
import { trainOneStep } from "./one-step.ts";
import { trainGrpo } from "./train.ts";
import { trainWithoutSft } from "./without-sft.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
const command = fakeTrainer("--steps=2", "--step-ms=1");
let stub: StubServer;
/** Question i gets i + `better` right answers of 4. */
let better = 0;

beforeAll(() => {
  mkdirSync(dirname(paths.rl), { recursive: true });
  writeJsonl(
    paths.rl,
    [3, 0, 4, 1, 2, 0].map((i, n) => ({
      ...{ id: `q${n}`, prompt: `What is ${i} + ${i}, for the ${n}th time?`, gold_answer: String(2 * i) },
      type: "financial_calculation",
    })),
  );
});
beforeEach(async () => {
  better = 0;
  const seen = new Map<string, number>();
  stub = await startStub(({ body }, response) => {
    const prompt = body.messages.at(-1)!.content;
    const i = Number(/(\d+) \+/.exec(prompt)![1]);
    const n = seen.get(prompt) ?? 0;
    seen.set(prompt, n + 1);
    sendChat(response, { content: textOf("we add", n < i + better ? String(2 * i) : "-1") });
  });
});
afterEach(() => stub.close());
afterAll(() => workspace.remove());

const labWith = (dropDeadGroups: boolean, change?: (config: Config) => void) =>
  labOnFakeBase(workspace, (config) => {
    Object.assign(config.grpo, {
      dropDeadGroups,
      startFromSft: false,
      groupSize: 4,
      promptsPerStep: 2,
      microBatch: 8,
    });
    change?.(config);
  });
const census = () => ({ client: createClient({ baseURL: stub.url, model: "stub", engine: "transformers" }) });
const idsOf = (path: string) => readJsonl(path, RlRow).map((row) => row.id);
const inputOf = ({ folder }: { folder: string }) =>
  JSON.parse(readFileSync(join(folder, "run.json"), "utf8")).inputs.train;

test("questions answered all right or all wrong are left out, in rl.jsonl's order", async () => {
  const live = await writeLiveQuestions(labWith(true), { arm: "base", ...census() });
  expect(live).toMatchObject({ kept: 3, dropped: { allRight: 1, allWrong: 2 }, asked: 24 });
  expect(idsOf(live.path)).toEqual(["q0", "q3", "q4"]);
  expect(readManifest(live.path)).toMatchObject({ rows: 3 });
  expect(await writeLiveQuestions(labWith(true), { arm: "base", ...census() })).toMatchObject({
    kept: 3,
    asked: 0,
  });
});

test(
  "GRPO trains on what is left, and on all questions when the flag is off: another run each; an " +
    "unchanged call asks and trains nothing",
  async () => {
    const all = await trainGrpo(labWith(false), { command, publish: false });
    expect(inputOf(all)).toMatchObject({ path: paths.rl, rows: 6 });
    expect(stub.requests).toEqual([]);
    const live = await trainGrpo(labWith(true), { command, publish: false, census: census() });
    expect(inputOf(live)).toMatchObject({ path: join(paths.processed, "rl_live.jsonl"), rows: 3 });
    expect(live.key).not.toBe(all.key);
    const asked = stub.requests.length;
    expect(
      await trainGrpo(labWith(true), { command: ["/nowhere"], publish: false, census: census() }),
    ).toMatchObject({ key: live.key, reused: true });
    expect(stub.requests).toHaveLength(asked);
  },
);

test("where no question is dead the flag makes no other run", async () => {
  better = 1;
  const path = join(paths.processed, "mixed.jsonl");
  writeJsonl(
    path,
    readJsonl(paths.rl, RlRow).filter(({ id }) => ["q1", "q4", "q5"].includes(id)),
    { checked: true },
  );
  const lab = (drop: boolean) => ({ ...labWith(drop, (c) => (c.seed = 5)), paths: { ...paths, rl: path } });
  expect((await trainGrpo(lab(true), { command, publish: false, census: census() })).key).toBe(
    (await trainGrpo(lab(false), { command, publish: false })).key,
  );
});

test("when every question is dead, it is said in numbers before anything is trained", async () => {
  better = 4;
  const lab = labWith(true, (c) => (c.seed = 6));
  await expect(trainGrpo(lab, { command, publish: false, census: census() })).rejects.toThrow(
    /No question is left for GRPO[^]*of 6 questions 6 are answered all right and 0 all wrong, 4 answers each/,
  );
});

test("a reward that cannot work is told before the census asks anything", async () => {
  const lab = labWith(true, (c) => (c.seed = 8));
  const reward = "({ score }) => ({ total: score.total + bonus })";
  await expect(trainGrpo(lab, { command, reward, census: census() })).rejects.toThrow(/bonus is not defined/);
  expect(stub.requests).toEqual([]);
});

test("one step on chosen questions and the arm without SFT take no census", async () => {
  const rows = readJsonl(paths.rl, RlRow);
  expect(
    inputOf(await trainOneStep(labWith(true), rows.slice(0, 2), { command, fromSft: false })),
  ).toMatchObject({ rows: 2 });
  expect(
    inputOf(
      (
        await trainWithoutSft(
          labWith(true, (c) => (c.seed = 7)),
          { command },
        )
      ).run,
    ),
  ).toMatchObject({ rows: 6 });
  expect(stub.requests).toEqual([]);
});
