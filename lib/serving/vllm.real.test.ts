/** A real vLLM on a real GPU. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { listGpus } from "../gpu/gpus.ts";
import { openLab } from "../config/lab.ts";
import type { Lab } from "../config/lab.ts";
import { randomAdapter, randomModel } from "../testing/random-model.ts";
import { vllmProgram } from "./engine.ts";
import { withServer } from "./serving.ts";

const gpus = await listGpus();
const why = !existsSync(vllmProgram())
  ? `there is no ${vllmProgram()}`
  : gpus.length === 0
    ? "there is no GPU"
    : null;
if (why) console.warn(`skipped: the tests of a real vLLM, because ${why}`);
else if (gpus.length < 2) console.warn("skipped: vLLM on two GPUs, because there is one");

describe.skipIf(why !== null)("a real vLLM", () => {
  const workspace = mkdtempSync(join(tmpdir(), "ftmodel-vllm-"));
  const [teacher, judge] = ["teacher", "judge"].map((name, i) =>
    randomModel(join(workspace, name), { hidden: 256, positions: 512, seed: i + 1 }),
  ) as [string, string];
  afterAll(() => rmSync(workspace, { recursive: true, force: true }));
  const lab = (overrides: Record<string, unknown>): Lab =>
    openLab(
      {
        profile: "gpu",
        "models.teacher": teacher,
        "models.judge": judge,
        "gpu.serverMemoryShare": 0.3,
        "gpu.serverSequences": 64,
        "gpu.replicas": 1,
        "serving.maxModelLength": 400,
        ...overrides,
      },
      { FTMODEL_WORKSPACE: workspace },
    );
  const question = {
    messages: [{ role: "user" as const, content: "12 + 30" }],
    temperature: 0,
    maxTokens: 24,
  };
  const schema = {
    type: "object",
    properties: { score: { type: "integer", minimum: 1, maximum: 5 } },
    required: ["score"],
    additionalProperties: false,
  };

  test.each([false, true])(
    "in 4 bit: %s; the Teacher answers alike twice, the Judge by its schema, and neither leaves " +
      "memory behind",
    { timeout: 600_000 },
    async (serveIn4bit) => {
      const free = async () => (await listGpus())[0]!.freeMiB;
      const before = await free();
      const mine = lab({ "gpu.serveIn4bit": serveIn4bit });
      const texts = await withServer(mine, "teacher", async (client) =>
        [await client.complete(question), await client.complete(question)].map(({ text }) => text),
      );
      expect(texts[0]).not.toBe("");
      expect(texts[1]).toBe(texts[0]);
      const verdict = await withServer(mine, "judge", (client) =>
        client.complete({ ...question, maxTokens: 60, jsonSchema: schema }),
      );
      expect(JSON.parse(verdict.text)).toMatchObject({ score: expect.any(Number) });
      expect(before - (await free())).toBeLessThan(600);
    },
  );

  test("one server answers for a model and for each of its adapters, and every one of them alike twice", {
    timeout: 600_000,
  }, async () => {
    const adapters = ["a", "b"].map((name, i) => ({
      name,
      path: randomAdapter(join(workspace, name), teacher, { hidden: 256, rank: 8, seed: 10 + i }),
      rank: 8,
    }));
    const names = [undefined, "a", "b"];
    const texts = await withServer(
      lab({}),
      teacher,
      async (client) => {
        const answers = await client.completeAll(
          [...names, ...names].map((model) => ({ ...question, model })),
        );
        return answers.map(({ text }) => text);
      },
      { adapters },
    );
    expect(new Set(texts).size).toBe(3);
    expect(texts.slice(3)).toEqual(texts.slice(0, 3));
  });

  test.skipIf(gpus.length < 2)(
    "on two GPUs both hold the model and share the requests",
    { timeout: 600_000 },
    async () => {
      const held = async () =>
        (await listGpus()).slice(0, 2).map(({ memoryMiB, freeMiB }) => (memoryMiB - freeMiB) / memoryMiB);
      const answers = await withServer(
        lab({ "gpu.serveIn4bit": false, "gpu.replicas": 2 }),
        "teacher",
        async (client) => {
          for (const share of await held()) expect(share).toBeGreaterThan(0.25);
          return await client.completeAll(
            Array.from({ length: 64 }, (_, i) => ({
              ...question,
              messages: [{ role: "user" as const, content: `${i} + 30` }],
            })),
          );
        },
      );
      expect(answers.filter(({ completionTokens }) => (completionTokens ?? 0) > 0)).toHaveLength(64);
      for (const share of await held()) expect(share).toBeLessThan(0.1);
    },
  );
});
