import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import { PYTHON } from "../config/paths.ts";
import { randomModel } from "../testing/random-model.ts";
import { openServer } from "./serving.ts";

const there = existsSync(PYTHON);
if (!there) console.warn(`skipped: servers on a Ray cluster, because there is no ${PYTHON}`);

// Real clusters are tried in scripts/tests/test_on_ray.py, where Ray is installed.
describe.skipIf(!there)("servers on a Ray cluster", () => {
  const workspace = mkdtempSync(join(tmpdir(), "ftmodel-on-ray-"));
  afterAll(() => rmSync(workspace, { recursive: true, force: true }));

  test("where no cluster answers, or Ray is not there, nothing is loaded and no key is left", async () => {
    const base = randomModel(join(workspace, "model"));
    const lab = openLab(
      { "models.base": base, "gpu.ray": "127.0.0.1:9", "gpu.replicas": 2 },
      { FTMODEL_WORKSPACE: workspace },
    );
    await expect(openServer(lab, "base")).rejects.toThrow(
      /servers on the Ray cluster ended \(gpu\.ray 127\.0\.0\.1:9\)[^]*no_ray: /,
    );
    const servers = join(lab.paths.reports, "servers");
    const [replicas] = readdirSync(servers).filter((name) => name.endsWith("-replicas"));
    expect(readdirSync(join(servers, replicas!))).toEqual(["serve.json"]);
    const task = JSON.parse(readFileSync(join(servers, replicas!, "serve.json"), "utf8"));
    expect(task).toMatchObject({ copies: 2, gpuShare: 0 });
    expect(task.command.slice(-2)).toEqual(["--concurrency", "64"]); // 8 of 9 of each copy's half of 144
  });
});
