import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { rewardCode } from "./reward-code.ts";

const repository = mkdtempSync(join(tmpdir(), "ftmodel-code-"));
afterAll(() => rmSync(repository, { recursive: true }));

test("another line in the checker or the reward is another code; a test of it is not", async () => {
  const write = (name: string, text: string) => {
    mkdirSync(join(repository, "lib", name, ".."), { recursive: true });
    writeFileSync(join(repository, "lib", name), text);
  };
  write("answer/answer.ts", "1");
  write("answer/money/currency.ts", "2");
  write("reward/reward.ts", "3");
  let before = await rewardCode(repository);
  for (const [name, changes] of [["answer/answer.test.ts", false], ["answer/answer.ts", true], ["answer/money/currency.ts", true], ["reward/reward.ts", true], ["reward/added.ts", true]] as const) {
    write(name, "changed");
    const now = await rewardCode(repository);
    expect(now !== before, name).toBe(changes);
    before = now;
  }
  expect(await rewardCode()).toMatch(/^[0-9a-f]{64}$/);
});
