/**
 * `npm run bench:gpu`: no GPU, no installs; else the packages, those for a GPU among them, and then the bench
 * on Node 24.
 */
import { spawnSync } from "node:child_process";
import { kernelspec } from "./setup/kernelspec.mjs";
import { launch } from "./setup/launch.mjs";
import { packages } from "./setup/packages.mjs";
import { gpuPackages, pythonEnvironment } from "./setup/python.mjs";

const seen = spawnSync("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"], {
  encoding: "utf8",
  timeout: 20_000,
});
const hidden = ["", "-1"].includes(process.env.CUDA_VISIBLE_DEVICES?.trim() ?? "all");
if (seen.status !== 0 || seen.stdout.trim() === "" || hidden) {
  const why = hidden ? "CUDA_VISIBLE_DEVICES hides them" : "no nvidia-smi, or no driver answers";
  console.error(
    `The GPU bench needs an NVIDIA GPU (nvidia-smi)\n  found:    none (${why})\n  to do:    Run ` +
      `it on a machine with a GPU; \`npm run bench\` measures the default profile. Nothing was ` +
      "installed or loaded.",
  );
  process.exit(1);
}
launch("scripts/bench-gpu.ts", process.argv.slice(2), [packages, pythonEnvironment, gpuPackages, kernelspec]);
