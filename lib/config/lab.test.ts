import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { LabError } from "../errors.ts";
import { explainConfig } from "./explain.ts";
import { firstGpus, isOlder, listGpus, parseGpus, requireGpu, ownGpu, visibleGpus } from "../gpu/gpus.ts";
import { openLab } from "./lab.ts";
import { REPO_ROOT } from "./paths.ts";
import { PROFILES } from "./profiles.ts";
import { configKeys, parseSetting, resolveConfig } from "./settings.ts";

/** The problem of the LabError that `run` throws. */
function problem(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof LabError) return error.problem;
    throw error;
  }
  throw new Error("it threw nothing");
}

describe("resolveConfig", () => {
  test("both profiles are valid as they stand and stay untouched", () => {
    const before = JSON.stringify(PROFILES);
    expect(resolveConfig()).toEqual(PROFILES.tiny);
    expect(resolveConfig({ profile: "gpu", overrides: { seed: 7, "prepare.sources": ["a"] } }).seed).toBe(7);
    expect(JSON.stringify(PROFILES)).toBe(before);
  });

  test("set wins over the cell, sources over both", () => {
    const config = resolveConfig({
      overrides: { "grpo.learningRate": 1e-4, "grpo.beta": 0.1, "prepare.sources": ["cell"] },
      set: ["grpo.learningRate=2e-4", 'prepare.sources=["set"]'],
      sources: ["/own.jsonl"],
    });
    expect(config.grpo).toMatchObject({ learningRate: 2e-4, beta: 0.1 });
    expect(config.prepare.sources).toEqual(["/own.jsonl"]);
  });

  test.each([
    ["grpo.learninRate=1e-4", "did you mean grpo.learningRate?"],
    ["sft.learning_rate=1e-4", "did you mean sft.learningRate?"],
    ["train.loraDropout=0", "did you mean sft.loraDropout?"],
    ["sed=1", "did you mean seed?"],
    ["grpo.lr=1e-4", expect.stringMatching(/^one of grpo\.startFromSft, grpo\.[^…]*grpo\.learningRate/)],
    ["qqqqqqqq.zzzzzzz=1", expect.stringMatching(/^one of seed, models\.…, .*grpo\.…/)],
  ])("the unknown key of %s names the nearest valid one, or those of its section", (setting, expected) => {
    expect(problem(() => resolveConfig({ set: [setting] }))).toMatchObject({
      what: "There is no such key",
      expected,
    });
    const key = setting.split("=")[0]!;
    expect(problem(() => resolveConfig({ overrides: { [key]: 1 } })).expected).toEqual(expected);
  });

  test("an unknown profile names the nearest", () => {
    expect(problem(() => resolveConfig({ profile: "tyni" }))).toMatchObject({
      what: "There is no such profile",
      expected: "did you mean tiny?",
    });
    expect(problem(() => resolveConfig({ profile: "toString" })).expected).toBe("one of tiny, small, gpu");
    expect(problem(() => resolveConfig({ set: ["profile=gpu"] })).todo).toContain("--profile");
  });

  test.each([
    ["grpo.groupSize=1", "key grpo.groupSize", "a whole number from 2 to 128 (answers)", "1"],
    ["grpo.groupSize=2.5", "key grpo.groupSize", "a whole number from 2 to 128 (answers)", "2.5"],
    ["sft.learningRate=fast", "key sft.learningRate", "a number from 1e-8 to 1", '"fast"'],
    ["sft.learningRate=null", "key sft.learningRate", "a number from 1e-8 to 1", "null"],
    [
      "grpo.inspectSteps=[5,0]",
      "key grpo.inspectSteps",
      "a step from 1 on, or -1 for the last (steps)",
      "[5,0]",
    ],
    ["filter.useJudge=yes", "key filter.useJudge", "true or false", '"yes"'],
    ["filter.rubric=five", "key filter.rubric", "one of four-dimensions, seven-criteria", '"five"'],
    [
      "models.base=--trust-remote-code",
      "key models.base",
      "must not start with '-' (hub id or folder)",
      '"--trust-remote-code"',
    ],
  ])("%s is out of range: key, what is allowed, what was found", (setting, where, expected, found) => {
    expect(problem(() => resolveConfig({ set: [setting] }))).toMatchObject({ where, expected, found });
  });

  test("values that contradict each other name the key and the rule", () => {
    expect(problem(() => resolveConfig({ set: ["grpo.microBatch=7"] }))).toMatchObject({
      where: "key grpo.microBatch",
      expected: "must divide promptsPerStep × groupSize = 64",
    });
    expect(
      problem(() => resolveConfig({ set: ["grpo.loss=dr_grpo", "grpo.inspectSteps=[]"] })),
    ).toMatchObject({
      where: "key grpo.scaleRewards",
      expected: "false with grpo.loss dr_grpo, which does not divide by it",
    });
    for (const setting of ["grpo.loss=dapo", "grpo.updatesPerBatch=4"])
      expect(problem(() => resolveConfig({ set: [setting] }))).toMatchObject({
        where: "key grpo.inspectSteps",
        expected: expect.stringContaining("[] unless grpo.loss is grpo"),
        found: "[10,-1]",
      });
    expect(
      problem(() =>
        resolveConfig({ set: ["grpo.updatesPerBatch=4", "grpo.maxSteps=3", "grpo.inspectSteps=[]"] }),
      ).expected,
    ).toBe("at most maxSteps = 3: they count as steps");
    expect(problem(() => resolveConfig({ set: ["prepare.mixConcept=0.5"] })).expected).toContain("sum to 1");
  });
});

describe("parseSetting", () => {
  test("JSON where it fits, text where the key wants text", () => {
    expect(parseSetting("grpo.scaleRewards=false").value).toBe(false);
    expect(parseSetting('prepare.sources=["a b.jsonl"]').value).toEqual(["a b.jsonl"]);
    expect(parseSetting("prompt.system=Answer = think first").value).toBe("Answer = think first");
    expect(parseSetting("prepare.dianjinRevision=20240101").value).toBe("20240101");
    expect(parseSetting('prompt.system="quoted"').value).toBe("quoted");
    expect(parseSetting("prompt.system=").value).toBe("");
  });
  test("something that is no key=value says so", () => {
    expect(problem(() => parseSetting("grpo.learningRate")).expected).toContain("key=value");
    expect(problem(() => parseSetting("=3")).found).toBe('"=3"');
  });
});

describe("openLab", () => {
  test("the environment wins over the cell, the cell over the profile", () => {
    const environment = {
      FTMODEL_PROFILE: "tiny",
      FTMODEL_SET: '["grpo.beta=0.2"]',
      FTMODEL_SOURCES: '["/x/a.csv"]',
      FTMODEL_WORKSPACE: "/tmp/w",
      FTMODEL_FORCE: "1",
    };
    const said = vi.spyOn(console, "log").mockReturnValue();
    const lab = openLab({ profile: "gpu", "grpo.beta": 0.1, "grpo.temperature": 0.9 }, environment);
    expect(said.mock.calls.flat()).toEqual([
      expect.stringMatching(/^profile is "tiny", not "gpu": .*--profile/),
      expect.stringMatching(/^grpo\.beta is 0\.2, not 0\.1: .*--set/),
    ]);
    said.mockRestore();
    expect(lab.config).toMatchObject({
      profile: "tiny",
      grpo: { beta: 0.2, temperature: 0.9 },
      prepare: { sources: ["/x/a.csv"] },
    });
    expect(lab.paths.raw).toBe("/tmp/w/data/raw/raw.jsonl");
    expect(lab.force).toBe(true);
    expect(lab.chosen).toEqual(["grpo.beta", "grpo.temperature", "grpo.beta"]);
  });

  test("with nothing said it is the tiny profile in the repository, and relative files start there", () => {
    const lab = openLab({ "prepare.sources": ["mine.jsonl"] }, {});
    expect(lab).toMatchObject({
      config: { profile: "tiny", prepare: { sources: [join(REPO_ROOT, "mine.jsonl")] } },
      force: false,
      paths: { root: REPO_ROOT },
    });
    expect(openLab({ profile: "gpu" }, {}).config.profile).toBe("gpu");
  });

  test("a variable that is not its JSON is named", () => {
    expect(problem(() => openLab({}, { FTMODEL_SET: "grpo.beta=1" }))).toMatchObject({
      where: "FTMODEL_SET",
      found: '"grpo.beta=1"',
    });
    expect(problem(() => openLab({}, { FTMODEL_SOURCES: "[1]" })).where).toBe("FTMODEL_SOURCES");
    expect(problem(() => openLab({}, { FTMODEL_FORCE: "maybe" })).where).toBe("FTMODEL_FORCE");
  });
});

describe("explainConfig", () => {
  test("every key has a reason, the original's value, and whether it was changed", () => {
    const config = resolveConfig({ overrides: { "grpo.beta": 0.1 } });
    const rows = explainConfig(config, "grpo");
    expect(rows.map((r) => r.name)).toEqual(configKeys().filter((k) => k.startsWith("grpo.")));
    expect(rows.find((r) => r.name === "grpo.beta")).toEqual({
      name: "grpo.beta",
      value: 0.1,
      unit: "",
      original: 0.05,
      changed: true,
      default: 0.04,
      why: expect.stringContaining("KL"),
    });
    expect(rows.filter((r) => r.changed)).toHaveLength(1);
    for (const key of configKeys())
      expect(
        explainConfig(config, key.split(".")[0] as "sft" | "seed").find((r) => r.name === key)!.why,
        key,
      ).not.toBe("");
  });
});

describe("requireGpu", () => {
  const folder = mkdtempSync(join(tmpdir(), "ftmodel-gpu-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const withPath = async <T>(path: string, run: () => Promise<T>): Promise<T> => {
    const before = process.env.PATH;
    process.env.PATH = path;
    try {
      return await run();
    } finally {
      process.env.PATH = before;
    }
  };

  test("without one the gpu profile says so and what to do; the tiny profile does not ask", async () => {
    await withPath(folder, async () => {
      await expect(requireGpu(openLab({ profile: "gpu" }, {}))).rejects.toThrow(
        /needs an NVIDIA GPU[\s\S]*--profile tiny[\s\S]*Nothing was loaded/,
      );
      expect(await requireGpu(openLab({}, {}))).toEqual([]);
    });
  });

  const card = (line: string) =>
    writeFileSync(
      join(folder, "nvidia-smi"),
      `#!/bin/sh\n[ "$1" = "--query-gpu=name,memory.total,memory.free,driver_version,index,uuid" ` +
        `] && echo "${line}"\n`,
      { mode: 0o755 },
    );

  test("with one its name, memory and driver are known", async () => {
    card("NVIDIA H100, PCIe, 81559, 81076, 580.95.05, 0, GPU-8f2c");
    const gpu = {
      index: 0,
      uuid: "GPU-8f2c",
      name: "NVIDIA H100, PCIe",
      memoryMiB: 81559,
      freeMiB: 81076,
      driver: "580.95.05",
    };
    expect(await withPath(`${folder}:${process.env.PATH}`, listGpus)).toEqual([gpu]);
    expect(
      await withPath(`${folder}:${process.env.PATH}`, () => requireGpu(openLab({ profile: "gpu" }, {}))),
    ).toEqual([gpu]);
    expect(parseGpus("No devices were found\n")).toEqual([]);
  });

  test("a driver that CUDA 13 does not run on is told before anything is loaded", async () => {
    card("NVIDIA A100, 40960, 40000, 550.144.03");
    await expect(
      withPath(`${folder}:${process.env.PATH}`, () => requireGpu(openLab({ profile: "gpu" }, {}))),
    ).rejects.toThrow(/driver is too old[^]*580\.65\.06[^]*550\.144\.03/);
    expect([
      isOlder("580.65.06", "580.65.06"),
      isOlder("580.65", "580.65.06"),
      isOlder("1000.1", "580.65.06"),
    ]).toEqual([false, true, false]);
  });

  const refusal = async (script: string, devices?: string) => {
    writeFileSync(join(folder, "nvidia-smi"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    if (devices !== undefined) process.env.CUDA_VISIBLE_DEVICES = devices;
    try {
      return await withPath(`${folder}:${process.env.PATH}`, () =>
        requireGpu(openLab({ profile: "gpu" }, {}), 500),
      ).then(
        () => "none",
        (error: LabError) => error.problem.found,
      );
    } finally {
      delete process.env.CUDA_VISIBLE_DEVICES;
    }
  };

  test("why there is none is told in nvidia-smi's own words", async () => {
    expect(await refusal("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")).toBe(
      "none: nvidia-smi says: Failed to initialize NVML: Driver/library version mismatch",
    );
    expect(await refusal("exec sleep 30")).toBe("none: nvidia-smi gave no answer in 0.5 s");
    expect(await refusal("echo 'No devices were found'")).toBe(
      "none: nvidia-smi says: No devices were found",
    );
    const [good, bad] = [
      "echo 'NVIDIA A, 81559, 81000, 580.95.05, 0, GPU-0'",
      "echo 'NVIDIA B, [N/A], [N/A], 580.95.05, 1, GPU-1'",
    ];
    expect(await refusal(bad!)).toBe("NVIDIA B, [N/A], [N/A], 580.95.05, 1, GPU-1");
    expect(await refusal(`${good}; ${bad}`)).toBe("NVIDIA B, [N/A], [N/A], 580.95.05, 1, GPU-1");
    expect(await refusal(`${good}; ${bad}`, "0")).toBe("none"); // nothing to refuse
    expect(await refusal(good!, "3")).toBe("none that CUDA_VISIBLE_DEVICES=3 leaves of 1");
    expect(await refusal(good!, "MIG-8f2c")).toBe("MIG-8f2c");
  });

  test("what CUDA_VISIBLE_DEVICES hides is not counted", () => {
    const [a, b] = ["A", "B"].map((name, index) => ({
      index,
      uuid: `GPU-8f2${name}`,
      name,
      memoryMiB: 1,
      freeMiB: 1,
      driver: "580.65.06",
    }));
    expect(visibleGpus([a!, b!], undefined)).toEqual([a, b]);
    expect(visibleGpus([a!, b!], "1")).toEqual([b]);
    expect(visibleGpus([a!, b!], "GPU-8f2B, 0")).toEqual([b, a]);
    for (const none of ["GPU-8f2", "GPU-x", "abc", "2", "0,0", "0,GPU-8f2A", "MIG-1"])
      expect(visibleGpus([a!, b!], none), none).toEqual([]);
    for (const first of ["0,-1,1", "0,,1", "0,7,1", "0,abc"])
      expect(visibleGpus([a!, b!], first), first).toEqual([a]);
    expect(visibleGpus([b!], "1")).toEqual([b]); // its index, also where another card cannot be read
    expect(visibleGpus([a!, b!], "")).toEqual([]);
    expect(visibleGpus([a!, b!], "-1")).toEqual([]);
  });

  test("a training sees as many GPUs as it is to use", () => {
    expect(firstGpus(1, {})).toEqual({ CUDA_VISIBLE_DEVICES: "0" });
    expect(firstGpus(2, { CUDA_VISIBLE_DEVICES: "3, 1,0" })).toEqual({ CUDA_VISIBLE_DEVICES: "3,1" });
    expect(firstGpus(1, { CUDA_VISIBLE_DEVICES: "" })).toEqual({ CUDA_VISIBLE_DEVICES: "" });
    expect(firstGpus(2, { CUDA_VISIBLE_DEVICES: "GPU-8f2c,-1,0" })).toEqual({
      CUDA_VISIBLE_DEVICES: "GPU-8f2c",
    });
  });

  test("each of several training processes keeps to its own GPU", () => {
    expect(ownGpu({ CUDA_VISIBLE_DEVICES: "2,3" })).toEqual({});
    expect(ownGpu({ WORLD_SIZE: "2", LOCAL_RANK: "1" })).toEqual({ CUDA_VISIBLE_DEVICES: "1" });
    expect(ownGpu({ WORLD_SIZE: "2", LOCAL_RANK: "1", CUDA_VISIBLE_DEVICES: "2, 3" })).toEqual({
      CUDA_VISIBLE_DEVICES: "3",
    });
  });
});
