import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openLab } from "../config/lab.ts";
import { PYTHON } from "../config/paths.ts";
import { withServer } from "../serving/serving.ts";
import { randomModel } from "../testing/random-model.ts";
import { startHub } from "../testing/stub-hub.ts";
import type { StubHub } from "../testing/stub-hub.ts";
import { fetchModel } from "./fetch-model.ts";
import { modelFolder, resolveModel } from "./ref.ts";

const there = existsSync(PYTHON);
if (!there) console.warn(`skipped: the tests of downloads, because there is no ${PYTHON}`);

// The real huggingface_hub, which asks a hub on this machine.
describe.skipIf(!there)("a model of the hub", () => {
  const root = mkdtempSync(join(tmpdir(), "ftmodel-fetch-"));
  const source = join(root, "source");
  const id = "owner/small";
  const commit = "c".repeat(40);
  const name = `${id}@${commit}`;
  const before = { ...process.env };
  let hub: StubHub;
  let printed: string[];
  let cache = 0;

  beforeAll(() => {
    randomModel(source, { seed: 1 });
    for (const file of ["pytorch_model.bin", "modeling_small.py", "training_args.pt"])
      writeFileSync(join(source, file), "never");
  });
  beforeEach(async () => {
    hub = await startHub(source, id, commit);
    Object.assign(process.env, { HF_ENDPOINT: hub.url, HF_HOME: join(root, `cache-${cache++}`) });
    delete process.env.HF_HUB_OFFLINE;
    delete process.env.HF_HUB_CACHE;
    printed = [];
    vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await hub.close();
    for (const key of ["HF_ENDPOINT", "HF_HOME", "HF_HUB_OFFLINE", "HF_HUB_CACHE"])
      before[key] === undefined ? delete process.env[key] : (process.env[key] = before[key]);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test("is downloaded once, without pickles and code, and served from the cache", {
    timeout: 300_000,
  }, async () => {
    const model = await resolveModel(name);
    await fetchModel(model);
    const files = readdirSync(modelFolder(model)!);
    expect(files).toEqual(expect.arrayContaining(["config.json", "model.safetensors", "tokenizer.json"]));
    expect(files.filter((file) => /\.(bin|py|pt)$/.test(file))).toEqual([]);
    expect(printed[0]).toBe(`Downloading ${id} at commit ccccccc`);
    expect(printed.at(-1)).toMatch(/^0\.00 GB of 0\.00 GB: model\.safetensors$/);
    await hub.close();
    await fetchModel(model); // nobody is asked
    const lab = openLab({ "models.base": name }, { FTMODEL_WORKSPACE: root });
    const answer = await withServer(lab, "base", (client) =>
      client.complete({ messages: [{ role: "user", content: "1" }], temperature: 0, maxTokens: 2 }),
    );
    expect(answer).toMatchObject({ completionTokens: 2 });
  });

  test("that was cut off goes on at the next call", { timeout: 300_000 }, async () => {
    const model = await resolveModel(name);
    hub.cutAt = 1000;
    const cut = fetchModel(model, { signal: AbortSignal.timeout(8_000) });
    await expect(cut).rejects.toThrow();
    expect(existsSync(join(modelFolder(model) ?? root, "model.safetensors"))).toBe(false);
    hub.cutAt = null;
    hub.requests.length = 0;
    await fetchModel(model);
    expect(hub.requests.filter((request) => request.startsWith("GET"))).toEqual(["GET model.safetensors"]);
  });

  test("is not downloaded when the call was aborted, or when it could not be used here anyway", async () => {
    const model = await resolveModel(name);
    await expect(fetchModel(model, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
    await expect(
      fetchModel(model, { before: () => Promise.reject(new Error("too little memory")) }),
    ).rejects.toThrow("too little memory");
    expect(hub.requests).toEqual([]);
  });

  test("without a known commit is refused, in the cache or not", async () => {
    await expect(fetchModel(await resolveModel(id))).rejects.toThrow(
      /by its commit only[^]*owner\/small@<commit>[^]*Qwen\/Qwen2\.5-7B-Instruct[^]*commits\/main/,
    );
    expect(hub.requests).toEqual([]);
  });

  test("that is not there, has no safetensors, or cannot be reached, is told apart", {
    timeout: 300_000,
  }, async () => {
    await expect(fetchModel(await resolveModel(`owner/other@${commit}`))).rejects.toThrow(
      /could not be downloaded[^]*owner\/other@c{40}[^]*RepositoryNotFoundError[^]*HF_TOKEN/,
    );
    await hub.close();
    await expect(fetchModel(await resolveModel(name))).rejects.toThrow(
      /could not be downloaded[^]*HF_ENDPOINT names a mirror/,
    );
    const pickled = join(root, "pickled");
    randomModel(pickled, { seed: 2 });
    rmSync(join(pickled, "model.safetensors"));
    hub = await startHub(pickled, id, commit);
    process.env.HF_ENDPOINT = hub.url;
    await expect(fetchModel(await resolveModel(name))).rejects.toThrow(/no weights as safetensors/);
  });
});
