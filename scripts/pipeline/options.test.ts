import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLab } from "../../lib/config/lab.ts";
import { environmentOf, parseOptions } from "./options.ts";

const folder = mkdtempSync(join(tmpdir(), "options-"));
const file = join(folder, "own.jsonl");
writeFileSync(file, '{"question":"1+1?","gold_answer":"2"}\n');

test("nothing asked for means nothing set", () => {
  expect(parseOptions([])).toEqual({
    profile: null,
    set: [],
    sources: [],
    only: null,
    workspace: null,
    force: false,
    help: false,
  });
  expect(environmentOf(parseOptions([]), { PATH: "/bin" })).toEqual({ PATH: "/bin" });
});

test("every option reaches the lab through the environment", () => {
  const options = parseOptions([
    "--profile",
    "tiny",
    "--set",
    "grpo.learningRate=1e-4",
    "--set=seed=7",
    "--source",
    file,
    "--workspace",
    folder,
    "--force",
  ]);
  const { config, paths, force } = openLab({ "grpo.learningRate": 0.5 }, environmentOf(options, {}));
  expect(config.grpo.learningRate).toBe(1e-4);
  expect(config.seed).toBe(7);
  expect(config.prepare.sources).toEqual([file]);
  expect(paths.root).toBe(folder);
  expect(force).toBe(true);
});

test("an option wins over the same setting in the environment, other settings of it stay", () => {
  const environment = environmentOf(parseOptions(["--set", "seed=2"]), {
    FTMODEL_SET: '["seed=1","sft.epochs=3"]',
  });
  const { config } = openLab({}, environment);
  expect([config.seed, config.sft.epochs]).toEqual([2, 3]);
});

test.each([
  [["--profil", "tiny"], /no such option.*--profil[^e][\s\S]*did you mean --profile/],
  [["--sources", file], /did you mean --source\b/],
  [["--profile"], /needs a value.*--profile/],
  [["--source", "--force"], /needs a value.*--source/],
  [["--force=yes"], /takes no value.*--force/],
  [["tiny"], /argument without an option[\s\S]*tiny/],
  [["--source", join(folder, "missing.jsonl")], /source does not exist.*missing\.jsonl/],
  [["--source", folder], /source does not exist[\s\S]*a folder/],
  [["--only", "01,99"], /no such notebook[\s\S]*99/],
])("%j is an error that says what is wrong", (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});

test("an environment that cannot be read is not overwritten", () => {
  expect(() => environmentOf(parseOptions(["--set", "seed=2"]), { FTMODEL_SET: "seed=1" })).toThrow(
    /FTMODEL_SET/,
  );
});
