import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { keyValueWidth, PUBLISHED_SHAPES, readModelShape } from "../model/shape.ts";
import { fakeModel } from "../testing/model-fixture.ts";
import { randomAdapter, randomModel } from "../testing/random-model.ts";
import { fakeGpu } from "../testing/fake-gpu.ts";
import type { FakeGpu } from "../testing/fake-gpu.ts";
import type * as Serving from "./serving.ts";
import type * as GpuPlan from "../gpu/plan-stage.ts";
import type { Lab } from "../config/lab.ts";
import { openLab } from "../config/lab.ts";
import { PYTHON } from "../config/paths.ts";

const there = existsSync(PYTHON);
if (!there) console.warn(`skipped: the tests of servers on a GPU's machine, because there is no ${PYTHON}`);

// The real serving code, supervised by the real supervisor; only nvidia-smi and vllm are played.
describe.skipIf(!there)("servers on a machine with a GPU", () => {
  const workspace = mkdtempSync(join(tmpdir(), "ftmodel-gpu-serving-"));
  const [teacher, judge] = ["teacher", "judge"].map((name, i) =>
    randomModel(join(workspace, name), { seed: i + 1 }),
  ) as [string, string];
  const before = { PATH: process.env.PATH, FTMODEL_PYTHON: process.env.FTMODEL_PYTHON };
  let gpu: FakeGpu;
  let serving: typeof Serving;
  let gpuPlan: typeof GpuPlan;
  let printed: string[];
  beforeAll(async () => {
    gpu = fakeGpu(PYTHON);
    Object.assign(process.env, { PATH: gpu.path, FTMODEL_PYTHON: gpu.python });
    vi.resetModules(); // paths.ts reads the interpreter when it is loaded
    [serving, gpuPlan] = [await import("./serving.ts"), await import("../gpu/plan-stage.ts")];
    printed = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  });
  afterAll(() => {
    vi.restoreAllMocks();
    for (const [name, value] of Object.entries(before))
      value === undefined ? delete process.env[name] : (process.env[name] = value);
    for (const folder of [workspace, gpu.folder]) rmSync(folder, { recursive: true, force: true });
  });
  const lab = (overrides: Record<string, unknown> = {}): Lab =>
    openLab(
      { profile: "gpu", "models.teacher": teacher, "models.judge": judge, ...overrides },
      { FTMODEL_WORKSPACE: workspace },
    );
  const starts = () =>
    readFileSync(gpu.starts, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { args: string[]; others: number; pid: number });
  const question = { messages: [{ role: "user" as const, content: "2 + 2" }], temperature: 0, maxTokens: 8 };

  test("the Teacher is gone, and its memory free, before the Judge starts", {
    timeout: 300_000,
  }, async () => {
    const concurrency: number[] = [];
    for (const role of ["teacher", "judge"] as const)
      await serving.withServer(lab(), role, async (client) => {
        concurrency.push(client.concurrency);
        expect(await client.complete(question)).toMatchObject({ ok: true, text: "2 + 2" });
        expect(await client.complete({ ...question, jsonSchema: { type: "object" } })).toMatchObject({
          ok: true,
          text: "schema: 2 + 2",
        });
      });
    expect(starts().map(({ others }) => others)).toEqual([0, 0]);
    const { args } = starts()[0]!;
    expect(args.slice(0, 2)).toEqual(["serve", teacher]);
    // The client's requests in flight come from the batch that the server was given.
    const after = (name: string): number => Number(args[args.indexOf(name) + 1]);
    expect(concurrency).toEqual([2048, 2048]);
    expect(after("--max-num-seqs")).toBe(1024);
    // No more cache than 1,024 requests of full length can fill, and of the GPU no more than that takes.
    const shape = readModelShape(teacher)!;
    expect(after("--kv-cache-memory-bytes")).toBe(
      1024 * after("--max-model-len") * 4 * shape.num_hidden_layers * keyValueWidth(shape),
    );
    expect(after("--gpu-memory-utilization")).toBeLessThan(0.1);
    expect(printed.filter((text) => text.startsWith("Memory planned for"))).toHaveLength(2);
  });

  test("one server holds a model and its adapters, each answering by its name", {
    timeout: 300_000,
  }, async () => {
    const adapters = ["sft", "sft_grpo"].map((name, i) => ({
      name,
      path: randomAdapter(join(workspace, "loras", name), teacher, { seed: i, rank: 8 * (i + 1) }),
      rank: 8 * (i + 1),
    }));
    rmSync(gpu.asked, { force: true });
    await serving.withServer(
      lab(),
      teacher,
      async (client) =>
        expect(
          await client.completeAll([question, ...adapters.map(({ name }) => ({ ...question, model: name }))]),
        ).toHaveLength(3),
      { adapters },
    );
    const { args } = starts().at(-1)!;
    expect(args.filter((arg) => arg.startsWith('{"name"')).map((arg) => JSON.parse(arg))).toEqual(
      adapters.map(({ name, path }) => ({ name, path })),
    );
    expect(args[args.indexOf("--max-lora-rank") + 1]).toBe("16");
    const asked = readFileSync(gpu.asked, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { model: string; max_tokens: number });
    expect(
      asked
        .filter(({ max_tokens }) => max_tokens === question.maxTokens)
        .map(({ model }) => model)
        .sort(),
    ).toEqual([teacher, "sft", "sft_grpo"].sort());
    expect(printed.at(-1)).toContain("2 LoRA slots of rank 16");
  });

  test("several processes share a GPU behind one client, each with its part of requests, cache and memory", {
    timeout: 300_000,
  }, async () => {
    const many = starts().length;
    const two = lab({ "gpu.serverProcesses": 2 });
    rmSync(gpu.asked, { force: true });
    await serving.withServer(two, "teacher", async (client) => {
      expect(client.concurrency).toBe(2048);
      expect(await client.completeAll(Array.from({ length: 10 }, () => question))).toHaveLength(10);
    });
    const args = starts()
      .slice(many)
      .map(
        ({ args }) =>
          (name: string) =>
            args[args.indexOf(name) + 1]!,
      );
    expect(args).toHaveLength(2);
    expect(args.map((of) => of("--max-num-seqs"))).toEqual(["512", "512"]);
    expect(args.map((of) => of("--api-server-count"))).toEqual(["1", "1"]);
    expect(new Set(args.map((of) => of("--port"))).size).toBe(2);
    const shape = readModelShape(teacher)!;
    const whole =
      1024 * Number(args[0]!("--max-model-len")) * 4 * shape.num_hidden_layers * keyValueWidth(shape);
    expect(args.map((of) => Number(of("--kv-cache-memory-bytes")))).toEqual([whole / 2, whole / 2]);
    const asked = readFileSync(gpu.asked, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { max_tokens: number; port: number });
    const ports = asked.filter(({ max_tokens }) => max_tokens === question.maxTokens).map(({ port }) => port);
    expect(args.map((of) => ports.filter((port) => port === Number(of("--port"))).length)).toEqual([5, 5]);
    const alone = await serving.openServer(two, "teacher", { port: 0 }); // a deployment has one address
    await alone.stop();
    expect(starts()).toHaveLength(many + 3);
  });

  test("one of several processes that does not start stops the others, and is named; one that dies " +
    "ends the requests of all", {
    timeout: 300_000,
  }, async () => {
    const two = lab({ "gpu.serverProcesses": 2, "serving.startTimeoutMs": 10_000 });
    writeFileSync(join(gpu.folder, "refuse-next"), "");
    await expect(serving.openServer(two, "teacher")).rejects.toThrow(
      /The model server died[^]*refused by the test/,
    );
    const { pid } = starts().at(-1)!;
    expect(() => process.kill(pid, 0)).toThrow();
    const server = await serving.openServer(two, "teacher");
    process.kill(starts().at(-1)!.pid, "SIGKILL");
    await expect(server.client.completeAll(Array.from({ length: 200 }, () => question))).rejects.toThrow(
      /server/,
    );
    await server.stop();
    for (const { pid } of starts().slice(-2)) expect(() => process.kill(pid, 0)).toThrow();
  });

  test("an adapter of another base, or of too high a rank, is named before a server is started", async () => {
    const many = starts().length;
    const open = (path: string, rank: number) =>
      serving.openServer(lab(), teacher, { adapters: [{ name: "sft", path, rank }] });
    await expect(open(randomAdapter(join(workspace, "of-the-judge"), judge), 8)).rejects.toThrow(
      /adapter belongs to another base[^]*of-the-judge/,
    );
    await expect(open(randomAdapter(join(workspace, "wide"), teacher, { rank: 600 }), 600)).rejects.toThrow(
      /rank is above the server's limit[^]*r = 600/,
    );
    expect(starts()).toHaveLength(many);
  });

  test("a server is warm before it is handed over: each process has read a chat template and sampled", {
    timeout: 300_000,
  }, async () => {
    rmSync(gpu.asked, { force: true });
    const server = await serving.openServer(lab(), "teacher");
    await server.stop();
    const asked = readFileSync(gpu.asked, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { temperature: number; top_p?: number });
    const { args } = starts().at(-1)!;
    const processes = Number(args[args.indexOf("--api-server-count") + 1]);
    expect(asked[0]).toMatchObject({ temperature: 0 });
    expect(asked.slice(1).map(({ temperature, top_p }) => [temperature, top_p])).toEqual(
      Array.from({ length: 4 * processes }, () => [0.6, 0.95]),
    );
  });

  test(
    "4 bit and bf16 are two Teachers and two Judges, as planned or as set; under profile tiny and " +
      "at a given URL there is one",
    async () => {
      const { planRole } = await import("./served.ts");
      const servedId = async (one: Lab, role: "judge") => (await planRole(one, role)).id;
      const plain = await servedId(lab({ profile: "tiny" }), "judge");
      expect(plain).toMatch(/^[0-9a-f]+$/);
      expect(await servedId(lab({ "serving.judgeUrl": "http://127.0.0.1:1/v1" }), "judge")).toBe(plain);
      expect(await servedId(lab(), "judge")).toBe(`${plain} in bf16`); // 80 GB
      expect(await servedId(lab({ "gpu.serveIn4bit": true }), "judge")).toBe(`${plain} in 4 bit`);
      const { openJudge } = await import("../judge/server.ts");
      expect((await openJudge(lab({ "gpu.serveIn4bit": false }))).model).toBe(`${plain} in bf16`);
      const { distill } = await import("../distill/distill.ts");
      const { stubQuestions } = await import("../testing/questions.ts");
      // The fake repeats what it is asked: so its texts are usable ones.
      const questions = stubQuestions(2).map((row, i) => ({
        ...row,
        question: `<think>\n${i} + ${i}\n</think>\n<answer>${2 * i}</answer>`,
      }));
      const keys = async (overrides = {}) =>
        (await distill(lab({ "distill.maxTokens": 8, ...overrides }), questions)).rows.map(({ key }) => key);
      const inBf16 = await keys();
      expect(await keys({ "gpu.serveIn4bit": false })).toEqual(inBf16);
      process.env.CUDA_VISIBLE_DEVICES = ""; // the files are there, the GPU is not
      try {
        expect(await keys()).toEqual(inBf16);
      } finally {
        delete process.env.CUDA_VISIBLE_DEVICES;
      }
      expect(await keys({ "gpu.serveIn4bit": true })).not.toEqual(inBf16);
    },
  );

  test("one plan names the Judge in its keys and starts its server", { timeout: 300_000 }, async () => {
    const { openJudge } = await import("../judge/server.ts");
    const calls = () => readFileSync(gpu.smiCalls, "utf8").length;
    rmSync(gpu.smiCalls, { force: true });
    const server = await openJudge(lab());
    expect([server.model.endsWith(" in bf16"), calls()]).toEqual([true, 1]);
    await server.inFlight?.();
    expect(calls()).toBe(2); // whether the memory is free, which another process may have taken meanwhile
    await server.close?.();
  });

  test("a GPU that another process fills is told before anything is loaded", {
    timeout: 300_000,
  }, async () => {
    const first = await serving.openServer(lab(), "teacher");
    const planned = await gpuPlan.planStage(lab(), {
      stage: "serving",
      model: first.model,
      mayQuantise: true,
    });
    await expect(planned.assertFree(50)).rejects.toThrow(
      /held by other processes[^]*\d\.\d GiB free for serving[^]*0\.9 of 79\.6 GiB[^]*nvidia-smi/,
    );
    await first.stop();
    await planned.assertFree(50);
  });

  test("transformers on a GPU is planned too, with a batch that its reserved cache holds", async () => {
    const models = Object.fromEntries(
      ["Qwen/Qwen2.5-1.5B-Instruct", "Qwen/Qwen2.5-7B-Instruct"].map((name) => [
        name,
        { path: name, revision: "main", sha256: null },
      ]),
    );
    const planned = async (name: string, overrides = {}) =>
      gpuPlan.planStage(lab({ "serving.engine": "transformers", ...overrides }), {
        ...{ stage: "serving", model: models[name]!, mayQuantise: false },
      });
    const { config, table, assertFree } = await planned("Qwen/Qwen2.5-1.5B-Instruct");
    expect([config.serving.concurrency, config.gpu.replicas]).toEqual([18, 1]);
    expect(table).toMatch(
      /^Memory planned for[^]*32 requests at once, no CUDA graphs[^]*it works on 16 at once/,
    );
    await assertFree(50);
    // 16 whole requests of a 7B fit less and less well.
    const shares = [0.25, 0.22, 0.21].map(
      async (share) =>
        (await planned("Qwen/Qwen2.5-7B-Instruct", { "gpu.serverMemoryShare": share })).config.serving
          .concurrency,
    );
    const [most, some, few] = (await Promise.all(shares)) as [number, number, number];
    expect(most).toBe(18);
    expect(some).toBeLessThan(most);
    expect(few).toBeLessThan(some);
    expect(
      (await planned("Qwen/Qwen2.5-1.5B-Instruct", { "serving.concurrency": 9 })).config.serving.concurrency,
    ).toBe(9);
  });

  test("without a GPU transformers runs on the CPU, in the same small batch", async () => {
    process.env.CUDA_VISIBLE_DEVICES = "";
    try {
      const { config, table } = await gpuPlan.planStage(lab({ "serving.engine": "transformers" }), {
        stage: "serving",
        model: { path: "Qwen/Qwen2.5-1.5B-Instruct", revision: "main", sha256: null },
        mayQuantise: false,
      });
      expect([config.serving.concurrency, table]).toEqual([18, null]);
    } finally {
      delete process.env.CUDA_VISIBLE_DEVICES;
    }
  });

  test("a port in use and a vLLM that is not there are told before a model is downloaded", async () => {
    vi.stubEnv("HF_HUB_CACHE", join(workspace, "empty-cache"));
    const hub = (overrides = {}) => lab({ "models.judge": "Qwen/Qwen2.5-7B-Instruct", ...overrides });
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const vllm = join(gpu.folder, "bin", "vllm");
    try {
      await expect(
        serving.openServer(hub({ "serving.port": (other.address() as AddressInfo).port }), "judge"),
      ).rejects.toThrow("The port is in use");
      renameSync(vllm, `${vllm}.away`);
      await expect(serving.openServer(hub(), "judge")).rejects.toThrow("The model server is not installed");
    } finally {
      if (existsSync(`${vllm}.away`)) renameSync(`${vllm}.away`, vllm);
      other.close();
      vi.unstubAllEnvs();
    }
    expect(printed.filter((line) => line.startsWith("Downloading"))).toEqual([]);
  });

  test("what does not fit is refused with the number missing, before a server is started", async () => {
    const many = starts().length;
    const huge = fakeModel(join(workspace, "huge"));
    writeFileSync(
      join(huge, "config.json"),
      JSON.stringify({
        ...PUBLISHED_SHAPES["Qwen/Qwen2.5-7B-Instruct"],
        architectures: ["Qwen2ForCausalLM"],
      }),
    );
    await expect(serving.openServer(lab({ "gpu.serverMemoryShare": 0.05 }), huge)).rejects.toThrow(
      /serving does not fit[^]*GiB are missing[^]*(This would fit|larger GPU)/,
    );
    await expect(
      serving.openServer(lab({ "gpu.serverMemoryShare": 0.05, "serving.engine": "transformers" }), huge),
    ).rejects.toThrow(/serving does not fit/);
    expect(starts()).toHaveLength(many);
  });
});
