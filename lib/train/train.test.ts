import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readOrigin } from "../model/adapter.ts";
import { hashFolder } from "../store/hash.ts";
import { finishJsonl, manifestPath } from "../store/manifest.ts";
import type { Config } from "../config/config.ts";
import { listRuns } from "../run/run.ts";
import { cancelRun } from "../run/start.ts";
import { fakeAdapter } from "../testing/model-fixture.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { trainGrpo, trainSft } from "./train.ts";

const workspace = temporaryWorkspace();
const { paths, root } = workspace;
const command = fakeTrainer("--steps=3", "--step-ms=1");
const lab = (change?: (config: Config) => void) => labOnFakeBase(workspace, change);
const { base } = lab().config.models;
const write = (path: string, rows: object[]) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
};

beforeAll(() => {
  write(paths.sft, [
    {
      id: "a",
      prompt: "1+1?",
      response: "<think>\n1\n</think>\n<answer>\n2\n</answer>",
      type: "financial_calculation",
    },
  ]);
  write(paths.rl, [{ id: "a", prompt: "1+1?", gold_answer: "2", type: "financial_calculation" }]);
});
afterAll(() => workspace.remove());

describe("trainSft", () => {
  test("it trains and publishes the adapter with its origin; unchanged it shows the same run", async () => {
    const first = await trainSft(lab(), { command });
    expect(first).toMatchObject({ status: "done", reused: false, adapter: paths.sftLora, step: 3 });
    expect(readOrigin(paths.sftLora)).toMatchObject({
      run: first.key,
      base: await hashFolder(base),
      adapter: await hashFolder(paths.sftLora),
    });
    const second = await trainSft(lab(), { command: ["/nowhere"] });
    expect(second).toMatchObject({ key: first.key, reused: true, metrics: first.metrics });
  });

  test("a changed hyperparameter makes another run beside the first; its adapter takes over", async () => {
    const changed = await trainSft(
      lab((c) => (c.sft.learningRate = 5e-4)),
      { command },
    );
    expect(readOrigin(paths.sftLora)!.run).toBe(changed.key);
    await trainSft(lab(), { command: ["/nowhere"] });
    expect(readOrigin(paths.sftLora)!.run).not.toBe(changed.key);
    expect(listRuns(workspace).filter((r) => r.stage === "sft")).toHaveLength(2);
  });

  test("run.json holds the config, hashes and absolute paths, and nothing of the environment", async () => {
    process.env.CANARY_TOKEN = "canary-5f1e";
    const { folder } = await trainSft(
      lab((c) => (c.seed = 7)),
      { command, label: "seed 7" },
    );
    delete process.env.CANARY_TOKEN;
    const text = readFileSync(join(folder, "run.json"), "utf8");
    expect(JSON.parse(text)).toMatchObject({
      stage: "sft",
      label: "seed 7",
      reward: null,
      runDir: folder,
      output: join(folder, "adapter"),
      config: { seed: 7, sft: { loraRank: 16 } },
      inputs: { train: { path: paths.sft, rows: 1 } },
      models: { base: { path: base, sha256: await hashFolder(base) }, adapter: null },
    });
    expect(
      text + readFileSync(join(folder, "log.txt"), "utf8") + readFileSync(join(folder, "pid.json"), "utf8"),
    ).not.toContain("canary");
  });

  test("no rows, an empty file, and a bad row are named before anything starts", async () => {
    const before = listRuns(workspace).length;
    const elsewhere = (name: string, text: string | null) => {
      const path = join(root, name);
      if (text !== null) writeFileSync(path, text);
      return { ...lab(), paths: { ...paths, sft: path } };
    };
    await expect(trainSft(elsewhere("absent.jsonl", null))).rejects.toThrow("03_filter");
    await expect(trainSft(elsewhere("empty.jsonl", ""))).rejects.toThrow("nothing to train on");
    await expect(
      trainSft(elsewhere("bad.jsonl", '{"id":"a","prompt":"x","type":"financial_concept"}\n')),
    ).rejects.toThrow(/bad.jsonl, line 1, field response/);
    expect(listRuns(workspace)).toHaveLength(before);
  });

  test("rows of one run of the filter and a test set of another are not trained on", async () => {
    const rows = readFileSync(paths.sft, "utf8");
    const [row] = rows
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    finishJsonl(paths.sft, [row!], { seed: 2 });
    finishJsonl(paths.test, [{ id: "t", prompt: "2+2?", gold_answer: "4", type: "financial_calculation" }], {
      seed: 1,
    });
    await expect(
      trainSft(
        lab((c) => (c.seed = 8)),
        { command },
      ),
    ).rejects.toThrow(/different runs[^]*03_filter again/);
    for (const file of [paths.test, manifestPath(paths.test), manifestPath(paths.sft)]) rmSync(file);
    writeFileSync(paths.sft, rows);
  });

  test("a run that fails fails the cell with the trainer's own cause; the adapter stays", async () => {
    const before = readOrigin(paths.sftLora);
    const failing = lab((c) => (c.seed = 8));
    await expect(trainSft(failing, { command: fakeTrainer("--fail-at=2") })).rejects.toThrow(
      /non_finite_gradient[^]*grad_norm is nan at step 2 \(after step 1 of 10\)/,
    );
    expect(readOrigin(paths.sftLora)).toEqual(before);
    expect(await trainSft(failing, { command })).toMatchObject({ status: "done" });
  });

  test("a cancelled run fails the cell that watches it and says that it can be resumed", async () => {
    const slow = lab((c) => (c.seed = 9));
    const watched = trainSft(slow, {
      command: fakeTrainer("--steps=1000", "--step-ms=10"),
      onProgress: (run) => void cancelRun(workspace, run.key),
      progressMs: 0,
    });
    await expect(watched).rejects.toThrow(/resumes from the newest complete checkpoint/);
  });

  test("a base of another architecture or a missing one is refused", async () => {
    await expect(trainSft(lab((c) => (c.models.base = join(root, "absent"))))).rejects.toThrow(
      "folder is missing",
    );
  });
});

describe("trainGrpo", () => {
  test("it goes on from the SFT adapter with the default reward, keyed by the adapter", async () => {
    const sft = await trainSft(lab(), { command });
    const first = await trainGrpo(lab(), { command });
    const run = JSON.parse(readFileSync(join(first.folder, "run.json"), "utf8"));
    expect(run.models.adapter).toEqual({ path: paths.sftLora, sha256: readOrigin(sft.adapter)!.adapter });
    expect(run.reward.command).toEqual([
      process.execPath,
      expect.stringMatching(/lib\/reward\/server\.ts$/),
      expect.stringMatching(/lib\/reward\/default-reward\.ts$/),
      '{"format":0.3,"accuracy":0.7,"judge":0.3}',
      join(first.folder, "run.json"),
    ]);
    expect(first.adapter).toBe(paths.grpoLora);
    expect(first.samples).toHaveLength(3);

    await trainSft(
      lab((c) => (c.sft.epochs = 3)),
      { command },
    );
    expect((await trainGrpo(lab(), { command })).key).not.toBe(first.key);
  });

  test("without SFT it starts from the bare base and is published beside", async () => {
    const zero = await trainGrpo(
      lab((c) => (c.grpo.startFromSft = false)),
      { command },
    );
    expect(zero.adapter).toBe(join(paths.ckpts, "grpo_only_lora"));
    expect(JSON.parse(readFileSync(join(zero.folder, "run.json"), "utf8")).models.adapter).toBeNull();
  });

  test("a reward of your own is saved with the run, is in its key, and publishes no adapter", async () => {
    const before = readOrigin(paths.grpoLora);
    const short = await trainGrpo(lab(), { command, reward: (row) => ({ total: 1 - row.tokens / 512 }) });
    const shorter = await trainGrpo(lab(), {
      command,
      reward: "(row) => ({ total: 1 - row.tokens / 256 })",
    });
    expect(shorter.key).not.toBe(short.key);
    const { reward } = JSON.parse(readFileSync(join(short.folder, "run.json"), "utf8"));
    expect(reward.path).toBe(join(short.folder, "reward.ts"));
    expect(readFileSync(reward.path, "utf8")).toContain("row.tokens / 512");
    expect(readOrigin(paths.grpoLora)).toEqual(before);
    expect(existsSync(join(short.adapter, "adapter_model.safetensors"))).toBe(true);
  });

  test("an adapter of another base is refused before anything is written", async () => {
    const before = listRuns(workspace).length;
    const wide = fakeAdapter(join(root, "wide"), base, 16);
    await expect(trainGrpo(lab(), { command, adapter: wide })).rejects.toThrow("another base");
    rmSync(paths.sftLora, { recursive: true });
    await expect(trainGrpo(lab(), { command })).rejects.toThrow("04_sft");
    expect(listRuns(workspace)).toHaveLength(before);
  });
});
