import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openLab } from "../config/lab.ts";
import { PROFILES } from "../config/profiles.ts";
import { PYTHON, REPO_ROOT } from "../config/paths.ts";
import { fakeGpu } from "../testing/fake-gpu.ts";
import { fakeModel } from "../testing/model-fixture.ts";
import { PUBLISHED_SHAPES } from "../model/shape.ts";
import { fakeMerge, fakeTrainer, temporaryWorkspace } from "../testing/run-fixture.ts";
import { mergeAdapter } from "../run/merge.ts";
import { sidecarCommand } from "../run/process.ts";
import type { RunFile } from "../run/key.ts";
import { trainGrpo, trainSft } from "./train.ts";

const workspace = temporaryWorkspace();
const base = join(workspace.root, "base");
const PATH = process.env.PATH;
const command = fakeTrainer("--steps=2", "--step-ms=1");
const lab = (overrides: Record<string, unknown> = {}) =>
  openLab({ profile: "gpu", "models.base": base, ...overrides }, { FTMODEL_WORKSPACE: workspace.root });
const runFile = (key: string) =>
  JSON.parse(readFileSync(join(workspace.paths.runs, key, "run.json"), "utf8")) as RunFile;
const gpus: string[] = [];

/** From here on this is a machine with these GPUs. */
function machine(options: Parameters<typeof fakeGpu>[1] = {}): string {
  const { folder, path } = fakeGpu(PYTHON, options);
  gpus.push(folder);
  process.env.PATH = path;
  return folder;
}

beforeAll(() => {
  fakeModel(base);
  writeFileSync(
    join(base, "config.json"),
    JSON.stringify({
      ...PUBLISHED_SHAPES["Qwen/Qwen2.5-1.5B-Instruct"],
      architectures: ["Qwen2ForCausalLM"],
    }),
  );
  for (const [path, row] of [
    [workspace.paths.sft, { response: "<think>\n1\n</think>\n<answer>\n2\n</answer>" }],
    [workspace.paths.rl, { gold_answer: "2" }],
  ] as const) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      `${JSON.stringify({ id: "a", prompt: "1+1?", type: "financial_calculation", ...row })}\n`,
    );
  }
  vi.spyOn(console, "log").mockImplementation(() => undefined);
});
afterAll(async () => {
  vi.restoreAllMocks();
  process.env.PATH = PATH;
  for (const folder of gpus) rmSync(folder, { recursive: true, force: true });
  await workspace.remove();
});

describe("training on a machine with GPUs", () => {
  test("the run gets what its memory allows, and the plan with it; what was set by hand stays", async () => {
    machine();
    const { key } = await trainSft(lab({ "sft.batchSize": 2, "sft.gradientAccumulation": 8 }), { command });
    const { config, plan } = runFile(key);
    expect(config.sft).toMatchObject({ batchSize: 2, gradientAccumulation: 8, gradientCheckpointing: false });
    expect(config).toMatchObject({ models: { loadIn4bit: false }, gpu: { processes: 1 } });
    expect(plan).toMatch(/Memory planned for[^]*activations[^]*bf16 LoRA, 2 rows × 8, no checkpointing/);
  });

  test("one process sees one of two GPUs, and two see both", async () => {
    machine({ gpus: 2 });
    const seen = join(workspace.root, "seen");
    const note = [
      process.execPath,
      "-e",
      `require("node:fs").appendFileSync(${JSON.stringify(seen)}, process.env.CUDA_VISIBLE_DEVICES + "\\n")`,
    ];
    for (const processes of [1, 2])
      await trainSft(lab({ "gpu.processes": processes, "sft.epochs": 7 }), { command: note }).catch(
        () => undefined,
      );
    expect(readFileSync(seen, "utf8")).toBe("0\n0,1\n");
    // Of another architecture the size is not known, and 0 ("as many as there are") stays in the config.
    const other = fakeModel(join(workspace.root, "llama"));
    writeFileSync(
      join(other, "config.json"),
      JSON.stringify({ model_type: "llama", architectures: ["LlamaForCausalLM"] }),
    );
    await trainSft(lab({ "models.base": other, "sft.epochs": 7 }), { command: note }).catch(() => undefined);
    expect(readFileSync(seen, "utf8")).toBe("0\n0,1\n0\n");
  });

  test("GRPO goes on with vLLM in the trainer, in a run of its own for every size of GPU", async () => {
    machine();
    const large = await trainGrpo(lab(), { command });
    expect(runFile(large.key).config.gpu).toMatchObject({ vllm: true, vllmSleep: false });
    machine({ name: "NVIDIA GeForce RTX 4060", memoryMiB: 8188 });
    const small = await trainGrpo(lab(), { command });
    expect(runFile(small.key).config.gpu.vllm).toBe(false);
    expect(small.key).not.toBe(large.key);
  });

  test("a GPU that is full starts nothing; a finished run is still shown", { timeout: 40_000 }, async () => {
    const folder = machine();
    const done = await trainSft(lab(), { command });
    writeFileSync(join(folder, "held", String(process.pid)), "");
    expect(await trainSft(lab(), { command: ["/nowhere"] })).toMatchObject({ key: done.key, reused: true });
    const before =
      existsSync(workspace.paths.runs) &&
      readFileSync(join(workspace.paths.runs, done.key, "run.json"), "utf8");
    await expect(trainSft(lab({ seed: 7 }), { command })).rejects.toThrow(
      /held by other processes[^]*Nothing was loaded/,
    );
    expect(readFileSync(join(workspace.paths.runs, done.key, "run.json"), "utf8")).toBe(before);
  });

  test("two trainings asked for at once have the GPU one after the other; on a CPU they share it", {
    timeout: 40_000,
  }, async () => {
    machine();
    const slow = fakeTrainer("--steps=20", "--step-ms=25");
    const times = async (profile: "gpu" | "tiny") => {
      const labs = [21, 22].map((seed) =>
        openLab({ profile, "models.base": base, seed }, { FTMODEL_WORKSPACE: workspace.root }),
      );
      const runs = await Promise.all(labs.map((one) => trainSft(one, { command: slow, publish: false })));
      return runs
        .map(({ events }) => [events[0]!.time, events.at(-1)!.time] as const)
        .sort(([a], [b]) => a - b);
    };
    const [[, firstEnd], [secondStart]] = (await times("gpu")) as [
      readonly [number, number],
      readonly [number, number],
    ];
    expect(secondStart).toBeGreaterThan(firstEnd);
    const [[, end], [start]] = (await times("tiny")) as [
      readonly [number, number],
      readonly [number, number],
    ];
    expect(start).toBeLessThan(end);
    expect(vi.mocked(console.log).mock.calls.flat().join("\n")).toMatch(
      /^SFT, .* waits for sft-\w+, which has the GPU/m,
    );
  });

  test("a GPU that a desktop holds a part of is refused with settings that fit into the rest", {
    timeout: 40_000,
  }, async () => {
    machine({ name: "NVIDIA GeForce RTX 4060", memoryMiB: 8188, otherMiB: 988 });
    const error = await trainSft(lab({ seed: 9 }), { command }).catch((e: Error) => e.message);
    expect(error).toMatch(/7\.1 GiB free for SFT[^]*7\.0 of 8\.0 GiB[^]*or use what is free: .*--set sft/);
    const settings = [...String(error).matchAll(/--set (\S+)=(\S+?)\.?(?=\s|$)/g)].map(
      ([, key, value]) => [key, JSON.parse(value!)] as const,
    );
    expect(await trainSft(lab({ seed: 9, ...Object.fromEntries(settings) }), { command })).toMatchObject({
      status: "done",
    });
  });

  test("a merge is planned, too, and refused before a run folder is made", { timeout: 40_000 }, async () => {
    machine({ name: "NVIDIA GeForce RTX 4060", memoryMiB: 8188 });
    const { adapter } = await trainSft(lab(), { command });
    writeFileSync(
      workspace.paths.test,
      `${JSON.stringify({ id: "t", prompt: "1+2?", gold_answer: "3", type: "financial_calculation" })}\n`,
    );
    const merge = () => mergeAdapter(lab(), adapter, { command: fakeMerge() });
    const many = readdirSync(workspace.paths.runs).length;
    process.env.PATH = "/nonexistent";
    await expect(merge()).rejects.toThrow(/needs an NVIDIA GPU/);
    machine({ memoryMiB: 4096 });
    await expect(merge()).rejects.toThrow(/merge does not fit[^]*GiB are missing/);
    expect(readdirSync(workspace.paths.runs)).toHaveLength(many);
    machine({ name: "NVIDIA GeForce RTX 4060", memoryMiB: 8188 });
    expect(runFile((await merge()).run!.key).plan).toMatch(/merge[^]*bf16, one model at a time/);
  });

  test(
    "an SFT adapter's GRPO on no GPU at all, and a model that does not fit, are told before a run " +
      "folder is made",
    async () => {
      process.env.PATH = "/nonexistent";
      await expect(trainSft(lab({ seed: 8 }), { command })).rejects.toThrow(/needs an NVIDIA GPU/);
      machine({ memoryMiB: 2000 });
      await expect(trainSft(lab({ seed: 8 }), { command })).rejects.toThrow(
        /SFT does not fit[^]*GiB are missing/,
      );
    },
  );
});

describe.skipIf(!existsSync(PYTHON))("the trainer's command", () => {
  test("is the script on one GPU, the same under accelerate launch on several; no shell reads it", () => {
    const script = join(REPO_ROOT, "scripts", "sft.py");
    expect(sidecarCommand("sft")).toEqual([PYTHON, script]);
    expect(sidecarCommand("sft", 1)).toEqual([PYTHON, script]);
    expect(sidecarCommand("sft", 4)).toEqual([
      ...[
        PYTHON,
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        "--num_processes",
        "4",
        "--num_machines",
        "1",
        "--max_restarts",
        "0",
        "--machine_rank",
        "0",
      ],
      ...[
        "--gpu_ids",
        "all",
        "--main_process_port",
        "0",
        "--mixed_precision",
        "bf16",
        "--dynamo_backend",
        "no",
        script,
      ],
    ]);
    expect(sidecarCommand("sft", 4, "10.0.0.5:6379")).toEqual([
      PYTHON,
      join(REPO_ROOT, "scripts", "on_ray.py"),
      "10.0.0.5:6379",
      "4",
      script,
    ]);
    expect(sidecarCommand("merge", 1, "auto").slice(1, 4)).toEqual([
      join(REPO_ROOT, "scripts", "on_ray.py"),
      "auto",
      "1",
    ]);
  });

  test("a Ray cluster has as many GPUs as are asked for, and hands them out itself", async () => {
    machine({ otherMiB: 80_000 });
    await expect(trainSft(lab({ "gpu.ray": "auto" }), { command })).rejects.toThrow(
      /How many GPUs of the Ray cluster[^]*gpu\.processes/,
    );
    const { key } = await trainSft(
      lab({ "gpu.ray": "auto", "gpu.processes": 4, "sft.batchSize": 2, "sft.gradientAccumulation": 8 }),
      { command },
    );
    expect(runFile(key).config.gpu).toMatchObject({ ray: "auto", processes: 4 });
  });

  test("on two GPUs both stages share their steps", async () => {
    machine({ gpus: 2 });
    const { key } = await trainSft(lab({ seed: 9 }), { command });
    const { sft, gpu } = runFile(key).config;
    expect(gpu.processes).toBe(2);
    expect(sft.batchSize * sft.gradientAccumulation).toBe(
      PROFILES.gpu.sft.batchSize * PROFILES.gpu.sft.gradientAccumulation,
    );
  });
});
