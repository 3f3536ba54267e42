import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { hashCode } from "./code-hash.ts";

const repository = mkdtempSync(join(tmpdir(), "ftmodel-code-"));
afterAll(() => rmSync(repository, { recursive: true }));

test("another line in a room is another code; a test of it is not, nor another room", async () => {
  const write = (name: string, text: string) => {
    mkdirSync(join(repository, "lib", name, ".."), { recursive: true });
    writeFileSync(join(repository, "lib", name), text);
  };
  write("answer/answer.ts", "1");
  write("answer/money/currency.ts", "2");
  write("reward/reward.ts", "3");
  let before = await hashCode(["answer", "reward"], repository);
  for (const [name, changes] of [
    ["answer/answer.test.ts", false],
    ["answer/answer.ts", true],
    ["answer/money/currency.ts", true],
    ["reward/reward.ts", true],
    ["reward/added.ts", true],
    ["view/table.ts", false],
  ] as const) {
    write(name, "changed");
    const now = await hashCode(["answer", "reward"], repository);
    expect(now !== before, name).toBe(changes);
    before = now;
  }
  expect(await hashCode(["answer", "reward"])).toMatch(/^[0-9a-f]{64}$/);
});
