import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { openLab } from "../../lib/config/lab.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { assertPrerequisites } from "./needs.ts";
import { inOrder } from "../../lib/testing/in-order.ts";

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "needs-"));
});
const check = (chosen: string[], overrides = {}): void =>
  assertPrerequisites(openLab(overrides, { FTMODEL_WORKSPACE: workspace }), chosen);
const put = (...files: string[]): void => {
  for (const file of files) {
    mkdirSync(dirname(join(workspace, file)), { recursive: true });
    writeFileSync(join(workspace, file), "");
  }
};

test("a notebook in an empty workspace names the files, their notebooks and the command", () => {
  expect(() => check(["05", "06"])).toThrow(
    inOrder(
      /Notebook 05 needs/,
      /rl\.jsonl \(made by 03\), ckpts\/sft_lora \(made by 04\)/,
      /--only 01,02,03,04,05,06$/,
    ),
  );
  expect(() => check(["05"])).toThrow(`npm start -- --workspace ${workspace} --only 01,02,03,04,05`);
  workspace = join(workspace, "a trial");
  expect(() => check(["05"])).toThrow(`npm start -- --workspace '${workspace}' --only`);
  expect(() => check(["01", "03"])).toThrow(/distilled\.jsonl \(made by 02\)/);
});

test("what is there, or is made by a chosen notebook before it, is not missed", () => {
  check(["01", "02", "03", "04", "05", "06", "07", "08"]);
  check(["01"]);
  put("data/processed/rl.jsonl", "data/processed/sft.jsonl", "data/processed/test.jsonl");
  check(["04", "05", "06"]);
  check(["05"], { "grpo.startFromSft": false });
  expect(() => check(["05"])).toThrow(/sft_lora/);
  expect(() => check(["07"])).toThrow(/grpo_lora \(made by 05\)[^]*it is not there/);
});

test.each(["README.md", "notebooks/README.md"])("%s names what each notebook needs", (page) => {
  const rows = readFileSync(join(REPO_ROOT, page), "utf8").matchAll(
    /^\| \[(0\d) .*\| (0\d|–|nothing)[^|]*\|$/gm,
  );
  const needed = new Map([...rows].map(([, number, need]) => [number!, need!]));
  expect([...needed.keys()]).toEqual(["01", "02", "03", "04", "05", "06", "07", "08"]);
  for (const [number, need] of needed) {
    const chain = [number];
    for (let next = need; needed.has(next); next = needed.get(next)!) chain.unshift(next);
    check(chain);
    if (chain.length > 1)
      expect(() => check(chain.filter((one) => one !== need))).toThrow(/needs what earlier/);
  }
});
