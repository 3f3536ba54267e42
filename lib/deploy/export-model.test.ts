import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exportModel } from "./export-model.ts";
import { fakeExport, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { overrideConfig } from "../config/settings.ts";
import type { Lab } from "../config/lab.ts";
import { isDoneWithoutOutput } from "../run/merge.ts";
import { listRuns } from "../run/run.ts";
import { fakeModel } from "../testing/model-fixture.ts";

const workspace = temporaryWorkspace();
const { paths, root } = workspace;
const lab = labOnFakeBase(workspace, ({ deploy }) => {
  deploy.exports = ["gguf"]; // what transformers.js makes of a file is tried with real ones
});
const model = fakeModel(join(root, "merged"));
const folders = () => globSync("*", { cwd: join(paths.ckpts, "exported") });

beforeAll(() => {
  mkdirSync(dirname(paths.test), { recursive: true });
  writeFileSync(paths.test, '{"id":"a","prompt":"1+1?","gold_answer":"2","type":"financial_calculation"}\n');
});
afterAll(() => workspace.remove());

const withBound = (bound: number): Lab => ({
  ...lab,
  config: overrideConfig(lab.config, { "deploy.parityTopTokens": bound }),
});

test("a model is exported once, with its parity as a table", async () => {
  const first = await exportModel(lab, { model, command: fakeExport() });
  expect(first.reused).toBe(false);
  expect(dirname(first.path)).toBe(join(paths.ckpts, "exported"));
  expect(first.table).toEqual([
    {
      file: "gguf/model.gguf",
      "read by": "llama.cpp, Ollama, LM Studio",
      MB: 5e-6,
      "seconds to write": 2,
      "checked by": "llama.cpp",
      "same texts": "1 of 1",
      "same tokens (%)": 100,
      "log-probabilities differ by at most": "1.0e-4",
    },
  ]);
  const [{ title, text }] = first.commands as [(typeof first.commands)[number]];
  expect([title, text]).toEqual([
    "Ollama",
    `cd ${first.path}/gguf\nollama create finance -f Modelfile\nollama run finance`,
  ]);
  const again = await exportModel(lab, { model, command: ["/nowhere"] });
  expect(again).toEqual({ ...first, reused: true });
  rmSync(first.path, { recursive: true }); // deleted by hand: made again
  expect(await exportModel(lab, { model, command: fakeExport() })).toEqual(first);
});

test("a file that is another model is an error with its numbers; nothing is published or left", async () => {
  const before = folders();
  for (const [option, found] of [
    ["--same=0.9", "45 of 50 tokens"],
    ["--apart=0.02", "log-probabilities 0.020 apart"],
    ["--apart=null", "log-probabilities Infinity apart"],
  ] as const) {
    const other = fakeModel(join(root, `other${option}`));
    writeFileSync(join(other, "generation_config.json"), JSON.stringify({ option }));
    await expect(exportModel(lab, { model: other, command: fakeExport(option) })).rejects.toThrow(
      new RegExp(`exported GGUF is another model[^]*${found}`),
    );
    expect(folders()).toEqual(before);
    const failed = listRuns(workspace).filter(({ key }) => isDoneWithoutOutput(lab, key));
    expect(failed.every(({ folder }) => !existsSync(join(folder, "exported")))).toBe(true);
    // Mended, it is made anew, not taken from what failed.
    expect(await exportModel(lab, { model: other, command: fakeExport() })).toMatchObject({ reused: false });
    rmSync(join(paths.ckpts, "exported", folders().find((name) => !before.includes(name))!), {
      recursive: true,
    });
  }
});

test("in bfloat16 only the share of equal tokens counts", async () => {
  const other = fakeModel(join(root, "bf16"));
  writeFileSync(join(other, "generation_config.json"), '{"bf16":true}');
  const command = fakeExport("--bf16", "--apart=0.3", "--same=0.96");
  await expect(exportModel(lab, { model: other, command })).rejects.toThrow("48 of 50 tokens");
  const loose = await exportModel(withBound(0.95), { model: other, command });
  expect(loose.exports).toMatchObject([{ format: "gguf", isFloat32: false, parity: { sameTokens: 48 } }]);
});

test("a file that nobody could check is said to be unchecked", async () => {
  const other = fakeModel(join(root, "unchecked"));
  writeFileSync(join(other, "generation_config.json"), '{"unchecked":true}');
  const { table } = await exportModel(lab, { model: other, command: fakeExport("--unchecked") });
  expect(table[0]).toMatchObject({ "checked by": "nobody: llama.cpp is not installed", "same texts": null });
});

test("no formats make no files, and no run", async () => {
  const none = { ...lab, config: overrideConfig(lab.config, { "deploy.exports": [] }) };
  const runs = listRuns(workspace).length;
  expect(await exportModel(none, { model, command: ["/nowhere"] })).toMatchObject({
    ...{ exports: [], table: [], commands: [] },
  });
  expect(listRuns(workspace).length).toBe(runs);
});

test("nothing merged, and a run that failed, are told", async () => {
  await expect(exportModel(lab)).rejects.toThrow(/no merged model[^]*mergeForDeployment/);
  const other = fakeModel(join(root, "failing"));
  writeFileSync(join(other, "generation_config.json"), '{"fails":true}');
  await expect(exportModel(lab, { model: other, command: fakeExport("--fails") })).rejects.toThrow(
    /not_exportable[^]*another architecture/,
  );
});

test("what is published names the run and holds its parity", async () => {
  const { path, exports } = await exportModel(lab, { model, command: fakeExport() });
  expect(JSON.parse(readFileSync(join(path, "parity.json"), "utf8"))).toEqual(exports);
});

test("a blank in the path does not break the lines for a shell", async () => {
  const blank = { ...lab, paths: { ...paths, ckpts: join(root, "it's mine") } };
  const { path, commands } = await exportModel(blank, { model, command: fakeExport() });
  for (const { text } of commands) {
    const [line] = text.split("\n");
    const shell = execFileSync("sh", ["-c", `${line} && pwd`], { encoding: "utf8" });
    expect(shell.trim()).toBe(realpathSync(join(path, "gguf")));
  }
});
