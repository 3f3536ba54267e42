/** JupyterLab of the locked Python environment, on the repository's notebooks. */
import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { join } from "node:path";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { PYTHON } from "../setup/python.mjs";

/**
 * Starts JupyterLab; `page` is opened first, below `root`. Further arguments go to `jupyter lab` as they are.
 */
export function startJupyterLab(
  root: string,
  page: string,
  args: string[],
  stdio: StdioOptions = "inherit",
): ChildProcess {
  const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : []; // Jupyter refuses root otherwise
  const settings = [
    `--ServerApp.root_dir=${root}`,
    `--LabApp.default_url=/lab/tree/${page}`,
    "--MultiKernelManager.default_kernel_name=tslab",
    "--LabApp.news_url=None", // no look-up of news on the network
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
  ];
  const environment = {
    ...process.env,
    JUPYTER_PREFER_ENV_PATH: "1", // our kernel, also where the user has a `tslab` of their own
    JUPYTER_CONFIG_DIR: join(REPO_ROOT, ".jupyter"),
    JUPYTERLAB_SETTINGS_DIR: join(REPO_ROOT, ".jupyter", "lab"),
  };
  return spawn(PYTHON, ["-m", "jupyter", "lab", ...asRoot, ...settings, ...args], {
    stdio,
    env: environment,
  });
}
