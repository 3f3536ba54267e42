import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { createClient } from "../serving/client.ts";
import { textOf } from "../testing/judge-rows.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import { tryValues } from "./try-values.ts";

const { shown } = vi.hoisted(() => ({ shown: [] as string[] }));
vi.mock("../show/show.ts", () => ({
  liveFigure: () => ({
    update: (view: { text?: string }) => void shown.push(view.text ?? ""),
    finish: () => Promise.resolve(),
  }),
  show: () => Promise.resolve(),
  showMarkdown: () => Promise.resolve(),
}));

const workspace = temporaryWorkspace();
afterAll(() => workspace.remove());

test("the census before a training is counted in the table, not waited for in silence", async () => {
  const { rl } = workspace.paths;
  mkdirSync(dirname(rl), { recursive: true });
  const rows = [1, 2, 3].map((n) => ({ id: `q${n}`, prompt: `2 × ${n}?`, gold_answer: String(2 * n) }));
  writeFileSync(rl, rows.map((row) => `${JSON.stringify({ ...row, type: "financial_concept" })}\n`).join(""));
  let n = 0;
  const stub = await startStub(({ body }, response) => {
    const [, asked] = /× (\d)/.exec(body.messages.at(-1)!.content)!;
    sendChat(response, { content: textOf("we double", n++ % 2 === 0 ? String(2 * Number(asked)) : "-1") });
  });
  const lab = labOnFakeBase(workspace, ({ grpo }) =>
    Object.assign(grpo, {
      ...{ dropDeadGroups: true, startFromSft: false },
      ...{ groupSize: 2, promptsPerStep: 2, microBatch: 4 },
    }),
  );
  try {
    await tryValues(lab, "grpo.beta", [0.04], {
      client: createClient({ baseURL: stub.url, model: "stub", engine: "transformers", concurrency: 1 }),
      command: fakeTrainer("--steps=2", "--step-ms=1"),
      questions: 0,
    });
  } finally {
    await stub.close();
  }
  expect(shown.join("\n")).toMatch(/census, \d of 6 answers[^]*2 of 2/);
});
