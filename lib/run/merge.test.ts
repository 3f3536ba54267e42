import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readOrigin } from "../model/adapter.ts";
import { hashFolder } from "../store/hash.ts";
import { overrideConfig } from "../config/settings.ts";
import { mergeAdapter, publishMerged } from "./merge.ts";
import { resolveModel } from "../model/ref.ts";
import { listRuns } from "./run.ts";
import { fakeAdapter } from "../testing/model-fixture.ts";
import { fakeMerge, labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";

const workspace = temporaryWorkspace();
const { paths, root } = workspace;
const lab = labOnFakeBase(workspace);
const { base } = lab.config.models;
const adapter = join(root, "adapter");
const command = fakeMerge();
const asked = () => listRuns(workspace).length;

beforeAll(() => {
  fakeAdapter(adapter, base);
  mkdirSync(dirname(paths.test), { recursive: true });
  writeFileSync(paths.test, '{"id":"a","prompt":"1+1?","gold_answer":"2","type":"financial_calculation"}\n');
});
afterAll(() => workspace.remove());

test("a pair of base and adapter is merged once, with its parity; the result is a model", async () => {
  const first = await mergeAdapter(lab, adapter, { command });
  expect(first).toMatchObject({
    reused: false,
    parity: { prompts: 1, tokens: 50, agree: 1, topTokens: 1, maxLogprobDifference: 0.1, seconds: 1 },
  });
  expect(dirname(first.path)).toBe(join(paths.ckpts, "merged"));
  expect((await resolveModel(first.path)).sha256).toHaveLength(64);
  expect(readOrigin(first.path)).toMatchObject({
    run: first.run!.key,
    base: await hashFolder(base),
    adapter: await hashFolder(adapter),
  });

  const again = await mergeAdapter(lab, adapter, { command: ["/nowhere"] });
  expect(again).toMatchObject({ reused: true, path: first.path, parity: { prompts: 1, agree: 1 } });

  const compared = (prompts: number) =>
    mergeAdapter(
      { ...lab, config: overrideConfig(lab.config, { "deploy.parityPrompts": prompts }) },
      adapter,
      { command },
    );
  const { parityPrompts } = lab.config.deploy;
  expect(await compared(parityPrompts - 1)).toMatchObject({ reused: true });
  expect(await compared(parityPrompts + 1)).toMatchObject({ reused: false, path: first.path });
});

test("a merged model that is another one is an error with its numbers, and nothing is kept", async () => {
  const other = fakeAdapter(join(root, "unequal"), base);
  writeFileSync(join(other, "adapter_config.json"), '{"r":1}');
  const merge = (bound: number, same: number) => {
    const config = overrideConfig(lab.config, { "deploy.parityTopTokens": bound });
    return mergeAdapter({ ...lab, config }, other, { command: [...command, `--same=${same}`] });
  };
  const kept = () => readdirSync(join(paths.ckpts, "merged")).length;
  const before = kept();
  await expect(merge(0.98, 0.97)).rejects.toThrow(/parity[^]*0\.97 of the tokens/);
  expect(kept()).toBe(before);

  const loose = await merge(0.96, 0.97);
  expect(loose).toMatchObject({ reused: false, parity: { topTokens: 0.97, tokens: 50 } });
  expect(await merge(0.95, 0)).toMatchObject({ reused: true, parity: { topTokens: 0.97 } });
  // A stricter bound is asked of what was merged before, too.
  await expect(merge(0.98, 0.97)).rejects.toThrow("parity");
  expect(await merge(0.98, 0.99)).toMatchObject({
    reused: false,
    path: loose.path,
    parity: { topTokens: 0.99 },
  });
});

test("other weights are another model; a deleted one is merged again", async () => {
  const other = fakeAdapter(join(root, "other"), base);
  writeFileSync(join(other, "adapter_config.json"), '{"r":4}');
  const second = await mergeAdapter(lab, other, { command });
  rmSync(second.path, { recursive: true });
  expect(await mergeAdapter(lab, other, { command })).toMatchObject({ path: second.path, reused: false });
  expect(existsSync(join(second.path, "config.json"))).toBe(true);
});

test(
  "two that ask for the same merge at once get the same whole model; a folder without weights is " +
    "merged again",
  async () => {
    const third = fakeAdapter(join(root, "third"), base);
    writeFileSync(join(third, "adapter_config.json"), '{"r":2}');
    const [a, b] = await Promise.all([
      mergeAdapter(lab, third, { command }),
      mergeAdapter(lab, third, { command }),
    ]);
    expect(a.path).toBe(b.path);
    const whole = (await resolveModel(a.path)).sha256;
    rmSync(join(a.path, "model.safetensors"));
    const again = await mergeAdapter(lab, third, { command });
    expect(again.reused).toBe(false);
    expect((await resolveModel(a.path)).sha256).toBe(whole);
  },
);

test("an adapter of another base is refused before anything is written", async () => {
  const before = asked();
  await expect(mergeAdapter(lab, fakeAdapter(join(root, "wide"), base, 16), { command })).rejects.toThrow(
    "another base",
  );
  expect(asked()).toBe(before);
});

test("the deployed model is a link that moves to the newest choice; others' folders stay", async () => {
  const { path } = await mergeAdapter(lab, adapter, { command });
  const link = publishMerged(lab, { path });
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(JSON.parse(readFileSync(join(link, "config.json"), "utf8")).architectures).toEqual([
    "Qwen2ForCausalLM",
  ]);
  publishMerged(lab, { path: base });
  expect(await hashFolder(link)).toBe(await hashFolder(base));
  rmSync(link);
  mkdirSync(link);
  expect(() => publishMerged(lab, { path })).toThrow("not made by this notebook");
});
