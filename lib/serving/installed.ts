/** Whether what a server needs is in its Python environment: asked before anything is loaded. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LabError } from "../errors.ts";
import { PYTHON } from "../config/paths.ts";
import type { EngineCommand } from "./engine.ts";

const INSTALL = "`npm start -- --profile gpu` installs it (`npm run doctor -- --profile gpu` shows what is there)";

/** Throws LabError when the engine's program is absent, or the package bitsandbytes that 4 bit needs. Imports nothing. */
export function assertInstalled(run: EngineCommand["run"]): void {
  const program = "command" in run ? run.command[0]! : PYTHON;
  if ("command" in run && !existsSync(program))
    throw new LabError({ what: "The model server is not installed", where: program, todo: `For vLLM: ${INSTALL}. Or set serving.engine=transformers.` });
  const args = "command" in run ? run.command : run.serve;
  if (!args.includes("--quantization")) return;
  const folders = sitePackages(dirname(dirname(program)));
  if (folders === null || folders.some((folder) => existsSync(join(folder, "bitsandbytes")))) return;
  throw new LabError({
    what: "A package that serving in 4 bit needs is not installed",
    where: folders.join(", "),
    expected: "the Python package bitsandbytes",
    found: "none. Nothing was loaded.",
    todo: `${INSTALL}. Or set gpu.serveIn4bit=false, which takes more of the GPU's memory.`,
  });
}

/** Where an environment's packages are; null when Python would look elsewhere, too, and nobody here can say where. */
function sitePackages(environment: string): string[] | null {
  const settings = join(environment, "pyvenv.cfg");
  if (process.env.PYTHONPATH || !existsSync(settings) || /^include-system-site-packages\s*=\s*true/im.test(readFileSync(settings, "utf8"))) return null;
  const lib = join(environment, "lib");
  const folders = existsSync(lib) ? readdirSync(lib).map((name) => join(lib, name, "site-packages")).filter((folder) => existsSync(folder)) : [];
  return folders.length > 0 ? folders : null;
}
