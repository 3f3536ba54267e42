import { existsSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import type { SftRow } from "../records.ts";
import { fakeTrainer, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { trainerLoss } from "./trainer-loss.ts";

const workspace = temporaryWorkspace();
afterAll(() => workspace.remove());
const lab = labOnFakeBase(workspace);
const row: SftRow = {
  ...{ id: "a", prompt: "1+1?", type: "financial_calculation" },
  response: "<think>\n1+1=2\n</think>\n<answer>\n2\n</answer>",
};
const command = fakeTrainer("--steps=1", "--step-ms=1");

test("one step on the row alone; nothing is published, and it is found again", async () => {
  const loss = await trainerLoss(lab, row, { command });
  expect(loss).toBeTypeOf("number");
  expect(await trainerLoss(lab, row, { command: ["/nowhere"] })).toBe(loss);
  expect(existsSync(workspace.paths.sftLora)).toBe(false);
});

test("a row that the trainer leaves out has no loss", async () => {
  expect(await trainerLoss(lab, { ...row, response: "9 ".repeat(9000) }, { command })).toBeNull();
});
