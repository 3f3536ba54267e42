/** Runs one of the scripts as a person does, and brings what it printed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { REPO_ROOT } from "../config/paths.ts";

/** `name`: below scripts/. `workspace`: where it works; this process's own settings do not reach it. */
export async function runScript(
  name: string,
  args: readonly string[],
  workspace: string,
): Promise<{ code: number; out: string; err: string }> {
  const { FTMODEL_SET: _, FTMODEL_PROFILE: __, ...env } = process.env;
  const child = spawn(process.execPath, [join(REPO_ROOT, "scripts", name), ...args], {
    env: { ...env, FTMODEL_WORKSPACE: workspace },
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, out, err };
}
