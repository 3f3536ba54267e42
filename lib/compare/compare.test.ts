import {
  appendFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { readOrigin } from "../model/adapter.ts";
import { listRuns } from "../run/run.ts";
import { cancelRun } from "../run/start.ts";
import { runOrigin } from "../run/origin.ts";
import { createClient } from "../serving/client.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";
import { trainGrpo, trainSft } from "../train/train.ts";
import { compareRuns } from "./runs.ts";
import { keepRun } from "./keep-run.ts";
import { tryValues } from "./try-values.ts";

const workspace = temporaryWorkspace();
const { paths, root } = workspace;
const lab = labOnFakeBase(workspace);
const command = fakeTrainer("--steps=6", "--step-ms=1");
const QUESTIONS = Array.from({ length: 20 }, (_, n) => ({
  id: `q${n}`,
  prompt: `What is 2 × ${n + 1}?`,
  gold_answer: String(2 * (n + 1)),
  type: "financial_calculation",
}));

let stub: StubServer;
/** How many of the questions the model of that name answers rightly; the names come as they are asked. */
const skill = new Map<string, number>();
const skills = [5, 15, 10];
let printed: string[] = [];
const said = () => printed.join("");

beforeAll(async () => {
  const write = (path: string, rows: object[]) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  };
  const row = { id: "a", prompt: "1+1?", type: "financial_calculation" };
  write(paths.sft, [{ ...row, response: "<think>\n1\n</think>\n<answer>\n2\n</answer>" }]);
  write(paths.rl, [{ ...row, gold_answer: "2" }]);
  write(paths.test, QUESTIONS);
  stub = await startStub(({ body }, response) => {
    if (!skill.has(body.model)) skill.set(body.model, skills[skill.size] ?? 0);
    const n = Number(/× (\d+)/.exec(body.messages.at(-1)!.content)?.[1]);
    const answer = n <= skill.get(body.model)! ? 2 * n : 2 * n + 1;
    sendChat(response, {
      content: `<think>\n2 × ${n}\n</think>\n<answer>\n${answer}\n</answer>`,
      completion_tokens: 9,
    });
  });
  vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
});
beforeEach(() => void ((printed = []), stub.requests.splice(0)));
afterAll(async () => {
  vi.restoreAllMocks();
  await stub.close();
  await workspace.remove();
});

const client = () =>
  createClient({
    ...{ baseURL: stub.url, model: "stub", engine: "transformers", concurrency: 4, maxAttempts: 1 },
    timeoutMs: 60_000,
  });

describe("tryValues", () => {
  const values = [2e-3, 5e-4, 1e-3];

  test("all values are checked before the first is trained", async () => {
    const wrong = tryValues(lab, "sft.learningRate", [1e-3, 7], { command });
    await expect(wrong).rejects.toThrow(/sft.learningRate[^]*from 1e-8 to 1[^]*7/);
    await expect(tryValues(lab, "sft.loraRank", [4, 4], { command })).rejects.toThrow("4 twice");
    await expect(tryValues(lab, "sft.loraRank", [], { command })).rejects.toThrow("found:    none");
    expect(listRuns(workspace)).toEqual([]);
  });

  test("trains each, asks each the same questions, and tells the difference to the first", async () => {
    const { runs, rows } = await tryValues(lab, "sft.learningRate", values, { command, client: client() });
    expect(new Set(runs.map(({ key }) => key)).size).toBe(3);
    expect(rows.map((row) => [row.learningRate, row.state, row.steps, row.n])).toEqual([
      ["0.002", "done", "6 of 6", 20],
      ["0.0005", "done", "6 of 6", 20],
      ["0.001", "done", "6 of 6", 20],
    ]);
    expect(rows.map((row) => (row["held-out accuracy"] as { value: number }).value)).toEqual([
      0.25, 0.75, 0.5,
    ]);
    // ten questions gained and none lost: McNemar's exact p is 2 / 2^10
    expect(rows[1]).toMatchObject({
      "points against the first": expect.stringMatching(/^\+50\.0 \[\+\d/),
      p: "0.002",
    });
    expect(rows[0]).toMatchObject({ "points against the first": null, p: null });
    expect(existsSync(paths.sftLora)).toBe(false); // nothing is published
    expect(said()).toContain("needs other questions to be measured");
    expect(said()).toMatch(/✗ learningRate 0.002[^]*✓ learningRate 0.0005/); // a question on which they part
    expect(said()).toContain(`import { keepRun } from "ftmodel"; await keepRun(lab, "${runs[1]!.key}");`);
  });

  test("what is there is shown: nothing is trained and nothing asked again", async () => {
    const again = await tryValues(lab, "sft.learningRate", values.toReversed(), {
      ...{ command: ["/nowhere"], client: client() },
    });
    expect(again.rows.map((row) => row.learningRate)).toEqual(["0.001", "0.0005", "0.002"]);
    expect(again.rows.every((row) => row.n === 20)).toBe(true);
    expect(stub.requests).toEqual([]);
  });

  test("a run that fails is a row, and the others go on", async () => {
    const moody = join(root, "moody.mjs");
    writeFileSync(
      moody,
      `import { readFileSync } from "node:fs"; import { spawnSync } from "node:child_process";
       const { config } = JSON.parse(readFileSync(process.argv[2], "utf8"));
       const fails = config.sft.loraRank === 3 ? ["--fail-at=2"] : [];
       const [node, ...args] = [...${JSON.stringify(command)}, ...fails, process.argv[2]];
       process.exit(spawnSync(node, args, { stdio: "inherit" }).status);`,
    );
    const { rows } = await tryValues(lab, "sft.loraRank", [3, 5], {
      ...{ command: [process.execPath, moody], questions: 0 },
    });
    expect(rows.map(({ state }) => state)).toEqual(["failed: non_finite_gradient", "done"]);
  });

  test("a cell that is stopped says how to go on and how to end the run; run again, it goes on", async () => {
    const slow = fakeTrainer("--steps=400", "--step-ms=20");
    const cell = new AbortController();
    setTimeout(() => cell.abort(), 600);
    const stopped = tryValues(lab, "sft.loraAlpha", [8, 9], {
      command: slow,
      questions: 0,
      signal: cell.signal,
    });
    await expect(stopped).rejects.toThrow(
      /goes on in the background[^]*cancelRun\(lab, "sft-[0-9a-f]{12}"\);/,
    );
    const going = listRuns(workspace).find(({ status }) => status === "running")!;
    await cancelRun(workspace, going.key);
    expect(listRuns(workspace).find(({ key }) => key === going.key)).toMatchObject({ status: "cancelled" });
    const { rows } = await tryValues(lab, "sft.loraAlpha", [8, 9], { command, questions: 0 });
    expect(rows[0]).toMatchObject({ run: going.key, state: "done" });
  });
});

describe("compareRuns", () => {
  test("all runs of a stage: the defaults first, what differs, the answers that are known", async () => {
    // another process is writing its next answer
    for (const file of globSync("eval-*/answers.jsonl", { cwd: paths.runs }))
      appendFileSync(join(paths.runs, file), '{"key":"half a li');
    const { rows, runs } = await compareRuns(lab, "sft");
    expect(runs.length).toBe(7);
    expect(rows[0]).toMatchObject({ learningRate: "0.002", loraRank: "16", loraAlpha: "32", n: 20 });
    expect(rows.find((row) => row.loraRank === "5")).toMatchObject({ n: null, "held-out accuracy": null });
    expect(stub.requests).toEqual([]);
    expect(inspect(await compareRuns(lab, "sft"))).toBe(
      "Comparison { 7 runs }: what is shown stands in .runs and .rows",
    );
    expect(said()).toContain("7 runs. Held-out");
    expect(said()).toMatch(/SFT runs over each other: 7 runs of at most \d+ steps/);
  });

  test("runs of an earlier version are counted, not passed over in silence", async () => {
    const folder = join(paths.runs, "sft-00000000000a");
    mkdirSync(folder);
    writeFileSync(join(folder, "run.json"), '{"stage":"sft","config":{}}');
    try {
      await compareRuns(lab, "sft");
      expect(said()).toContain("7 runs (1 of an earlier version cannot be read). Held-out");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("only the settings that differ take a column", async () => {
    const [first, second] = listRuns(workspace).filter(({ label }) => label.includes("learningRate"));
    const { rows } = await compareRuns(lab, [first!.key, second!]);
    expect(Object.keys(rows[0]!)).toContain("learningRate");
    expect(Object.keys(rows[0]!)).not.toContain("loraRank");
  });

  test("runs of two stages do not compare, and none is said with what to do", async () => {
    await expect(compareRuns(lab, "grpo")).rejects.toThrow("05_grpo");
    await trainSft(lab, { command });
    const { key } = await trainGrpo(lab, { command });
    await expect(compareRuns(lab, [key, listRuns(workspace).at(-1)!])).rejects.toThrow("one stage");
    expect((await compareRuns(lab, "grpo")).runs.map((run) => run.key)).toEqual([key]);
  });
});

describe("a run's name and origin", () => {
  test("its default label is what was changed", () => {
    const labels = listRuns(workspace).map(({ label }) => label);
    expect(labels).toContainEqual(expect.stringMatching(/^SFT, models.base .+\/base, learningRate 0.0005$/));
    expect(labels).toContainEqual(expect.stringMatching(/, loraRank 5$/));
  });

  test("kept, it is the stage's adapter, and the page says from which run, seed and data", async () => {
    const before = readOrigin(paths.sftLora)!.run;
    const { key } = listRuns(workspace).find(({ label }) => label.endsWith("learningRate 0.0005"))!;
    await keepRun(lab, key);
    expect(readOrigin(paths.sftLora)!.run).toBe(key);
    expect(said()).toContain(before);
    expect(said()).toContain('"sft.learningRate": 0.0005');
    const { text, html } = await runOrigin(lab, paths.sftLora);
    expect(text).toContain(key);
    expect(text).toMatch(/42 +1 row of sft.jsonl, [0-9a-f]{8}/);
    expect(html).toContain("learningRate 0.0005 (default 0.002)");
  });

  test("of GRPO both trainings stand there", async () => {
    const { key, folder } = listRuns(workspace).find(({ stage }) => stage === "grpo")!;
    const { models } = JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));
    const { text } = await runOrigin(lab, { key });
    const lines = text.split("\n").filter((line) => /^(sft|grpo)-/.test(line));
    expect(lines.map((line) => line.split("-")[0])).toEqual(["sft", "grpo"]);
    expect(models.adapter.path).toBe(paths.sftLora);
    const all = await runOrigin(lab);
    expect(all.text).toContain(readOrigin(paths.sftLora)!.run);
    expect(all.text).toContain("Where the adapters come from");
  });

  test("an adapter from elsewhere in the place of ours is named", async () => {
    const foreign = join(paths.ckpts, "grpo_only_lora");
    mkdirSync(foreign, { recursive: true });
    writeFileSync(join(foreign, "adapter_config.json"), "{}");
    expect((await runOrigin(lab)).text).toContain("(grpo_only_lora: trained elsewhere)");
    rmSync(foreign, { recursive: true });
  });

  test("a run that is not done is not kept", async () => {
    const { key } = listRuns(workspace).find(({ status }) => status === "failed")!;
    await expect(keepRun(lab, key)).rejects.toThrow(/failed: non_finite_gradient/);
  });
});
