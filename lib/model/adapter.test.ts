import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { COMMITS } from "./hub.ts";
import { checkAdapter, publishFolder, readOrigin, writeOrigin } from "./adapter.ts";
import { hashFolder } from "../store/hash.ts";
import { modelId, resolveModel } from "./ref.ts";
import { readTensorTable } from "./safetensors.ts";
import { fakeAdapter, fakeModel, safetensors } from "../testing/model-fixture.ts";
import { inOrder } from "../testing/in-order.ts";

const dir = mkdtempSync(join(tmpdir(), "ftmodel-adapter-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("resolveModel", () => {
  test("a folder is told by its content, a hub id by its commit", async () => {
    const path = fakeModel(join(dir, "model"));
    expect(await resolveModel(path)).toEqual({ path, revision: "main", sha256: await hashFolder(path) });
    const id = "Qwen/Qwen2.5-1.5B-Instruct";
    expect(await resolveModel(id)).toEqual({ path: id, revision: COMMITS[id], sha256: null });
    expect(await resolveModel(`${id}@${"b".repeat(40)}`)).toEqual({
      path: id,
      revision: "b".repeat(40),
      sha256: null,
    });
    // asked at serving.url
    expect(await resolveModel("gpt-4o")).toEqual({ path: "gpt-4o", revision: "main", sha256: null });
    await expect(resolveModel(`${id}@main`)).rejects.toThrow(
      /pinned by its commit[^]*40 hex digits[^]*"main"[^]*commits\/main/,
    );
  });

  test.each(["Qwen/../../etc", "a/b/c", "owner/--help", "; rm -rf", "", "a/b@c@d"])(
    "%j is neither a folder nor a hub id",
    async (name) => {
      await expect(resolveModel(name)).rejects.toThrow("folder or a hub id");
    },
  );

  test("a missing folder, an adapter and another architecture are named", async () => {
    await expect(resolveModel(join(dir, "absent"))).rejects.toThrow("missing");
    await expect(resolveModel(fakeAdapter(join(dir, "only-adapter"), "x"))).rejects.toThrow("merge it first");
    const bert = fakeModel(join(dir, "bert"));
    writeFileSync(join(bert, "config.json"), JSON.stringify({ architectures: ["BertModel"] }));
    await expect(resolveModel(bert)).rejects.toThrow('["BertModel"]');
  });

  test("a folder without weights, with a shard missing, or with pickles only is incomplete", async () => {
    const [empty, sharded, pickled] = ["empty", "sharded", "pickled"].map((name) =>
      fakeModel(join(dir, name)),
    ) as [string, string, string];
    for (const path of [empty, sharded, pickled]) rmSync(join(path, "model.safetensors"));
    await expect(resolveModel(empty)).rejects.toThrow(/incomplete[^]*without model\.safetensors/);
    const shard = (i: number) => `model-0000${i}-of-00002.safetensors`;
    writeFileSync(
      join(sharded, "model.safetensors.index.json"),
      JSON.stringify({ weight_map: { a: shard(1), b: shard(2), c: shard(2) } }),
    );
    const half = safetensors({ a: [2, 2] });
    writeFileSync(join(sharded, shard(1)), half);
    await expect(resolveModel(sharded)).rejects.toThrow(
      /incomplete[^]*2 files of weights[^]*without model-00002-of-00002\.safetensors/,
    );
    writeFileSync(join(sharded, shard(2)), half.subarray(0, -3));
    await expect(resolveModel(sharded)).rejects.toThrow(
      new RegExp(
        `cut off \\(.*00002-of-00002\\.safetensors\\)[^]*${half.length} bytes[^]*${half.length - 3} bytes`,
      ),
    );
    writeFileSync(join(sharded, shard(2)), Buffer.concat([half, Buffer.alloc(1)]));
    await expect(resolveModel(sharded)).rejects.toThrow("longer than it should be");
    writeFileSync(join(sharded, shard(2)), half);
    expect((await resolveModel(sharded)).path).toBe(sharded);
    writeFileSync(join(pickled, "pytorch_model.bin"), "");
    await expect(resolveModel(pickled)).rejects.toThrow(/pytorch_model\.bin: pickled weights are not loaded/);
  });
});

test("a model's folder needs a tokenizer, of one kind or another", async () => {
  const path = fakeModel(join(dir, "mute"));
  rmSync(join(path, "tokenizer.json"));
  await expect(resolveModel(path)).rejects.toThrow(/incomplete[^]*without tokenizer\.json/);
  writeFileSync(join(path, "vocab.json"), "{}");
  await expect(resolveModel(path)).rejects.toThrow("incomplete");
  writeFileSync(join(path, "merges.txt"), "");
  expect((await resolveModel(path)).path).toBe(path);
});

describe("checkAdapter", () => {
  test("an adapter whose shapes fit is taken; a wider model's is refused by tensor and shape", async () => {
    const base = await resolveModel(fakeModel(join(dir, "base8")));
    const fits = fakeAdapter(join(dir, "fits"), "somewhere/base8/", 8);
    expect(await checkAdapter(fits, base)).toEqual({ path: fits, sha256: await hashFolder(fits) });
    await expect(checkAdapter(fakeAdapter(join(dir, "wide"), base.path, 16), base)).rejects.toThrow(
      /another base[^]*lora_A.weight of shape 2 × 16 against a weight of 8 × 8/,
    );
  });

  test("of two bases of one shape only the one it was trained on is taken", async () => {
    const mine = await resolveModel(fakeModel(join(dir, "mine"), 8));
    const other = await resolveModel(fakeModel(join(dir, "other"), 8, "salt"));
    const adapter = fakeAdapter(join(dir, "trained"), mine.path);
    writeOrigin(adapter, { run: "sft-1", base: modelId(mine), adapter: null });
    expect((await checkAdapter(adapter, mine)).path).toBe(adapter);
    await expect(checkAdapter(adapter, other)).rejects.toThrow("another base");
  });

  test("one that names another base of the same shapes is refused, one that names none is not", async () => {
    const base = await resolveModel(fakeModel(join(dir, "Qwen2.5-1.5B-Instruct")));
    const adapter = fakeAdapter(join(dir, "stranger"), "/models/Qwen2.5-Math-1.5B");
    await expect(checkAdapter(adapter, base)).rejects.toThrow(
      inOrder(
        /another base/,
        /Qwen2\.5-1\.5B-Instruct/,
        /an adapter of \/models\/Qwen2\.5-Math-1\.5B/,
        /correct base_model_name_or_path in adapter_config\.json/,
      ),
    );
    await expect(checkAdapter(adapter, base, "Run 04_sft.")).rejects.toThrow(
      /Run 04_sft\.[^]*base_model_name_or_path/,
    );
    for (const config of [
      {},
      { base_model_name_or_path: "" },
      { base_model_name_or_path: null },
      { base_model_name_or_path: "Qwen/Qwen2.5-1.5B-Instruct" },
    ]) {
      writeFileSync(join(adapter, "adapter_config.json"), JSON.stringify(config));
      expect((await checkAdapter(adapter, base)).path).toBe(adapter);
    }
  });

  test("of a hub model it must name the base", async () => {
    const hub = await resolveModel("Qwen/Qwen2.5-1.5B-Instruct");
    expect(
      (await checkAdapter(fakeAdapter(join(dir, "hub"), "Qwen/Qwen2.5-1.5B-Instruct"), hub)).sha256,
    ).toHaveLength(64);
    await expect(checkAdapter(fakeAdapter(join(dir, "hub7"), "Qwen/Qwen2.5-7B"), hub)).rejects.toThrow(
      "an adapter of Qwen/Qwen2.5-7B",
    );
  });

  test("weights that are cut off, or no LoRA factors, are told before a run is made", async () => {
    const base = await resolveModel(fakeModel(join(dir, "whole", "base")));
    const cut = fakeAdapter(join(dir, "cut"), base.path);
    const weights = join(cut, "adapter_model.safetensors");
    writeFileSync(weights, readFileSync(weights).subarray(0, -4));
    await expect(checkAdapter(cut, base)).rejects.toThrow(/cut off \(.*adapter_model.safetensors\)/);
    writeFileSync(weights, safetensors({}));
    await expect(checkAdapter(cut, base)).rejects.toThrow(/no LoRA factors alone[^]*no tensor at all/);
    writeFileSync(weights, safetensors({ "base_model.model.lm_head.weight": [8, 8] }));
    await expect(checkAdapter(cut, base)).rejects.toThrow(/no LoRA factors alone[^]*lm_head.weight/);
  });

  test("weights in another format are refused before anything loads them", async () => {
    const base = await resolveModel(fakeModel(join(dir, "base-p")));
    const pickle = fakeAdapter(join(dir, "pickle"), base.path);
    writeFileSync(join(pickle, "adapter_model.safetensors"), Buffer.from("\x80\x02}q\x00(pickle…"));
    await expect(checkAdapter(pickle, base)).rejects.toThrow("not safetensors");
    rmSync(join(pickle, "adapter_model.safetensors"));
    await expect(checkAdapter(pickle, base)).rejects.toThrow("no adapter");
  });
});

describe("publishFolder", () => {
  test("it replaces the old folder wholly, and clears what a killed process left", () => {
    const [source, target] = [join(dir, "pub", "source"), join(dir, "pub", "target")];
    for (const [path, file] of [
      [source, "new"],
      [target, "old"],
      [join(dir, "pub", ".target.999999999.new"), "half"],
    ] as const) {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, file), file);
    }
    publishFolder(source, target);
    expect(readdirSync(target)).toEqual(["new"]);
    expect(readdirSync(join(dir, "pub")).sort()).toEqual(["source", "target"]);
    expect(readFileSync(join(source, "new"), "utf8")).toBe("new");
  });

  test("what was not there is made, with its parents; a source that fails leaves the old one", () => {
    const target = join(dir, "deep", "er", "target");
    publishFolder(join(dir, "pub", "source"), target);
    expect(() => publishFolder(join(dir, "absent"), target)).toThrow("could not be put in its place");
    expect(existsSync(join(target, "new"))).toBe(true);
  });

  test("after a kill between its two renames a publication that fails has the old folder back", () => {
    const killed = join(dir, "kill", ".target.999999999.old");
    mkdirSync(killed, { recursive: true });
    writeFileSync(join(killed, "old"), "old");
    expect(() => publishFolder(join(dir, "absent"), join(dir, "kill", "target"))).toThrow(
      "could not be put in its place",
    );
    expect(readdirSync(join(dir, "kill"))).toEqual(["target"]);
    expect(readdirSync(join(dir, "kill", "target"))).toEqual(["old"]);
  });

  test("provenance of another kind is no provenance", () => {
    const path = join(dir, "deep", "er", "target");
    writeFileSync(join(path, "origin.json"), '{"from":"elsewhere"}');
    expect(readOrigin(path)).toBeNull();
  });
});

describe("readTensorTable", () => {
  test("a header that promises more than there is, is refused", () => {
    const path = join(dir, "lying.safetensors");
    writeFileSync(
      path,
      Buffer.concat([Buffer.from([255, 255, 255, 255, 255, 255, 255, 255]), Buffer.from("{}")]),
    );
    expect(() => readTensorTable(path)).toThrow("a header of");
    writeFileSync(path, Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 123]));
    expect(() => readTensorTable(path)).toThrow("incomplete");
  });
});
