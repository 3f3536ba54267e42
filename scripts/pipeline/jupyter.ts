/** JupyterLab of the locked Python environment, on the repository's notebooks. */
import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { delimiter, join } from "node:path";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { PYTHON } from "../setup/python.mjs";

/**
 * Not listed by the file browser: the committed notebooks, whose copies in work/ are the ones to write in,
 * and what Jupyter hides by itself.
 */
const HIDDEN = ["notebooks", "node_modules", "__pycache__", "*.pyc", "*.pyo", ".DS_Store", "*~"];

/**
 * The server's log and that of JupyterLab within it: errors, and where it is to be found. Its warnings are of
 * its own ping times, and that a notebook which somebody else executed is not trusted.
 */
const QUIET = ["--log-level=ERROR", "--LabApp.log_level=ERROR"];

/**
 * Holds labconfig/default_setting_overrides.json: our defaults of JupyterLab's settings, under the user's
 * own.
 */
const DEFAULTS = join(REPO_ROOT, "scripts", "jupyter");

/**
 * Starts JupyterLab; `page` is opened first, below `root`. Further arguments go to `jupyter lab` as they are.
 *
 * Its settings are this repository's (.jupyter/), its defaults ours: code wraps, and nothing asks for news.
 * No setting of the user's is read or changed. It logs errors and where it is to be found; more of its log:
 * `--log-level=INFO`.
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
    `--LabApp.default_url=/lab/tree/${encodeURI(page)}`,
    "--MultiKernelManager.default_kernel_name=tslab",
    "--LabApp.news_url=None", // no look-up of news on the network
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ...HIDDEN.map((name) => `--ContentsManager.hide_globs=${name}`),
    ...(args.some((arg) => /^--(?:debug|log-level)\b/.test(arg)) ? [] : QUIET),
  ];
  const environment = {
    ...process.env,
    JUPYTER_PREFER_ENV_PATH: "1", // our kernel, also where the user has a `tslab` of their own
    JUPYTER_CONFIG_DIR: join(REPO_ROOT, ".jupyter"),
    JUPYTER_CONFIG_PATH: [DEFAULTS, process.env.JUPYTER_CONFIG_PATH].filter(Boolean).join(delimiter),
    JUPYTERLAB_SETTINGS_DIR: join(REPO_ROOT, ".jupyter", "lab"),
  };
  return spawn(PYTHON, ["-m", "jupyterlab", ...asRoot, ...settings, ...args], {
    stdio,
    env: environment,
  });
}

/** How long the server may take to end its kernels; usually it needs half a second. */
const GRACE_MS = 15_000;

/**
 * Ends a server and its kernels. A server that is told to stop while a kernel of it is being started waits
 * for that kernel for ever (jupyter_server 2): it is killed after a while, and its kernels end with it.
 */
export function stopJupyterLab(server: ChildProcess): void {
  server.kill("SIGTERM"); // SIGINT would ask for a confirmation
  const killing = setTimeout(() => server.kill("SIGKILL"), GRACE_MS);
  server.once("exit", () => clearTimeout(killing));
}
