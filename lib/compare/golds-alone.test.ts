import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { SftRow } from "../records.ts";
import { createClient } from "../serving/client.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import { trainSft } from "../train/train.ts";
import { goldsAlone } from "./golds-alone.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
const row = (id: string, response = "<think>…"): SftRow => ({
  ...{ id, prompt: `${id}?`, response, type: "financial_concept" },
});
afterAll(() => workspace.remove());

test("the control is an arm of its own; Base, control and run are asked the same questions", async () => {
  const write = (path: string, rows: object[]): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, rows.map((one) => `${JSON.stringify(one)}\n`).join(""));
  };
  write(paths.sft, [row("a", "<think>\n1\n</think>\n<answer>\n2\n</answer>")]);
  const asked = { gold_answer: "2", type: "financial_concept" };
  write(paths.distilled, [
    {
      ...{ id: "a", question: "a?", source: "s", key: "a", sample: 0, teacher_output: "", failure: null },
      ...{ completion_tokens: 1, model: "m", ...asked },
    },
  ]);
  write(paths.test, [{ id: "t", prompt: "1+1?", ...asked }]);
  const lab = labOnFakeBase(workspace);
  const command = fakeTrainer("--steps=3", "--step-ms=1");
  const sft = await trainSft(lab, { command });
  const published = readFileSync(join(paths.sftLora, "adapter_config.json"), "utf8");
  const stub = await startStub(({ body }, response) =>
    sendChat(response, { content: body.model === sft.key ? "It is 2" : "It is 3", completion_tokens: 3 }),
  );
  const client = createClient({
    ...{ baseURL: stub.url, model: "stub", engine: "transformers", concurrency: 1, maxAttempts: 1 },
    timeoutMs: 60_000,
  });
  const { run, base, golds, texts } = await goldsAlone(lab, sft, { command, client });
  await stub.close();
  expect(run.key).not.toBe(sft.key);
  const right = [base, golds, texts].map((details) => details.map(({ lenient }) => lenient));
  expect(right).toEqual([[false], [false], [true]]);
  expect(readFileSync(join(paths.sftLora, "adapter_config.json"), "utf8")).toBe(published);
  expect(existsSync(join(paths.ckpts, "sft_gold_lora", "adapter_config.json"))).toBe(true);
});
