/** A real vLLM on a real GPU; not yet run on one. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { listGpus } from "../config/gpu.ts";
import { openLab } from "../config/lab.ts";
import { randomModel } from "../testing/random-model.ts";
import { vllmProgram } from "./engine.ts";
import { withServer } from "./serving.ts";

const why = !existsSync(vllmProgram()) ? `there is no ${vllmProgram()}` : (await listGpus()).length === 0 ? "there is no GPU" : null;
if (why) console.warn(`skipped: the tests of a real vLLM, because ${why}`);

describe.skipIf(why !== null)("a real vLLM", () => {
  const workspace = mkdtempSync(join(tmpdir(), "ftmodel-vllm-"));
  const [teacher, judge] = ["teacher", "judge"].map((name, i) => randomModel(join(workspace, name), { hidden: 256, positions: 512, seed: i + 1 })) as [string, string];
  afterAll(() => rmSync(workspace, { recursive: true, force: true }));
  const lab = openLab({ profile: "gpu", "models.teacher": teacher, "models.judge": judge, "gpu.serveIn4bit": false, "gpu.serverMemoryShare": 0.3, "serving.maxModelLength": 400 }, { FTMODEL_WORKSPACE: workspace });
  const question = { messages: [{ role: "user" as const, content: "12 + 30" }], temperature: 0, maxTokens: 24 };

  test("the Teacher answers alike twice, the Judge by its schema, and neither leaves memory behind", { timeout: 600_000 }, async () => {
    const free = async () => (await listGpus())[0]!.freeMiB;
    const before = await free();
    const texts = await withServer(lab, "teacher", async (client) => [await client.complete(question), await client.complete(question)].map(({ text }) => text));
    expect(texts[0]).not.toBe("");
    expect(texts[1]).toBe(texts[0]);
    const schema = { type: "object", properties: { score: { type: "integer", minimum: 1, maximum: 5 } }, required: ["score"], additionalProperties: false };
    const verdict = await withServer(lab, "judge", (client) => client.complete({ ...question, maxTokens: 60, jsonSchema: schema }));
    expect(JSON.parse(verdict.text)).toMatchObject({ score: expect.any(Number) });
    expect(before - (await free())).toBeLessThan(600);
  });
});
