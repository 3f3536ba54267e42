import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { hashCode, hashLoaded } from "./code-hash.ts";

const repository = mkdtempSync(join(tmpdir(), "ftmodel-code-"));
afterAll(() => rmSync(repository, { recursive: true }));

const write = (name: string, text: string) => {
  mkdirSync(join(repository, name, ".."), { recursive: true });
  writeFileSync(join(repository, name), text);
};

test("another line in a room is another code; a test of it is not, nor another room", () => {
  write("lib/answer/answer.ts", "1");
  write("lib/answer/money/currency.ts", "2");
  write("lib/reward/reward.ts", "3");
  let before = hashCode(["answer", "reward"], repository);
  for (const [name, changes] of [
    ["answer/answer.test.ts", false],
    ["answer/answer.ts", true],
    ["answer/money/currency.ts", true],
    ["reward/reward.ts", true],
    ["reward/added.ts", true],
    ["view/table.ts", false],
  ] as const) {
    write(`lib/${name}`, "changed");
    const now = hashCode(["answer", "reward"], repository);
    expect(now !== before, name).toBe(changes);
    before = now;
  }
  expect(hashCode(["answer", "reward"])).toMatch(/^[0-9a-f]{64}$/);
});

test("what an entry loads counts, through other folders, too; its neighbours do not", () => {
  write(
    "lib/pay/server.ts",
    'import { row } from "./row.ts";\nimport type {\n  A,\n} from "../view/table.ts";',
  );
  write("lib/pay/row.ts", "1");
  write("lib/pay/traps.ts", "1");
  write("lib/view/table.ts", 'export { far } from "../judge/far.ts";');
  write("lib/judge/far.ts", "1");
  const hash = () => hashLoaded(["lib/pay/server.ts"], ["lib/pay", "lib/judge"], repository);
  const before = hash();
  write("lib/pay/traps.ts", "// a comment in a generator of tests");
  write("lib/view/table.ts", 'export { far } from "../judge/far.ts"; // elsewhere');
  expect(hash()).toBe(before);
  write("lib/judge/far.ts", "2");
  const far = hash();
  expect(far).not.toBe(before);
  write("lib/pay/row.ts", "2");
  expect(hash()).not.toBe(far);
});

test("an edited trainer is another code for the stages that load it, a comment in it for none", () => {
  write("scripts/sft.py", "from sidecar.loop import train\n");
  write("scripts/grpo.py", "def main():\n    from sidecar.phases import Trainer\n");
  write("scripts/sidecar/loop.py", "from .rows import Rows\n\nrate = 1\n");
  write("scripts/sidecar/rows.py", "rows = 1\n");
  write("scripts/sidecar/phases.py", "from .rows import Rows\n");
  const hashes = () =>
    ["sft", "grpo"].map((stage) => hashLoaded([`scripts/${stage}.py`], ["scripts"], repository));
  const [sft, grpo] = hashes();
  write("scripts/sidecar/loop.py", "from .rows import Rows\n# why\n\n\nrate = 1\n");
  expect(hashes()).toEqual([sft, grpo]);
  write("scripts/sidecar/loop.py", "from .rows import Rows\n\nrate = 2\n");
  const [edited, same] = hashes();
  expect(edited).not.toBe(sft);
  expect(same).toBe(grpo);
  write("scripts/sidecar/rows.py", "rows = 2\n");
  expect(hashes()[0]).not.toBe(edited);
  expect(hashes()[1]).not.toBe(grpo);
});

test("in this repository a reward stands on the checker, and each stage on a trainer of its own", () => {
  expect(hashLoaded(["scripts/sft.py"], ["scripts"])).not.toBe(hashLoaded(["scripts/grpo.py"], ["scripts"]));
  expect(hashLoaded(["lib/reward/server.ts"], ["lib/answer"])).not.toBe(hashLoaded([], ["lib/answer"]));
});
