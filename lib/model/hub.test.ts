import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cachedSnapshot, COMMITS, hubCache } from "./hub.ts";

test.each([
  [{}, join(homedir(), ".cache", "huggingface", "hub")],
  [{ XDG_CACHE_HOME: "/x" }, "/x/huggingface/hub"],
  [{ XDG_CACHE_HOME: "/x", HF_HOME: "/h" }, "/h/hub"],
  [{ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old" }, "/old"],
  [{ HF_HUB_CACHE: "/c", HUGGINGFACE_HUB_CACHE: "/old" }, "/c"],
])("the cache under %j is %s, where huggingface_hub has it", (environment, folder) =>
  expect(hubCache(environment)).toBe(folder),
);

test("a snapshot is found by its commit when the files asked for are in it", () => {
  const root = mkdtempSync(join(tmpdir(), "ftmodel-hub-"));
  const snapshot = join(root, "models--owner--name", "snapshots", "a1");
  mkdirSync(snapshot, { recursive: true });
  writeFileSync(join(snapshot, "config.json"), "{}");
  const find = (commit: string, files?: string[]) =>
    cachedSnapshot({ id: "owner/name", commit }, files, { HF_HUB_CACHE: root });
  expect([find("a1"), find("a1", ["config.json", "tokenizer.json"]), find("b2")]).toEqual([
    snapshot,
    null,
    null,
  ]);
  rmSync(root, { recursive: true });
});

test("the models of profile gpu are on the allow list, by whole commits", () => {
  for (const commit of Object.values(COMMITS)) expect(commit).toMatch(/^[0-9a-f]{40}$/);
  expect(Object.keys(COMMITS)).toEqual(
    expect.arrayContaining([
      "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
      "Qwen/Qwen2.5-7B-Instruct",
      "Qwen/Qwen2.5-1.5B-Instruct",
    ]),
  );
});
