/** Whether what a server needs is in its Python environment: asked before anything is loaded. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { LabError } from "../errors.ts";
import { PYTHON } from "../config/paths.ts";
import type { EngineCommand } from "./engine.ts";

const INSTALL =
  "`npm start -- --profile gpu` installs it (`npm run doctor -- --profile gpu` shows what is there)";
const ABSENT = 3;
const FIND =
  `import importlib.util, sys\nsys.exit(0 if importlib.util.find_spec(sys.argv[1]) else ` + `${ABSENT})`;

/**
 * Throws LabError when the engine's program is absent, or the package bitsandbytes that 4 bit needs. Imports
 * nothing.
 */
export function assertInstalled(run: EngineCommand["run"]): void {
  const program = "command" in run ? run.command[0]! : PYTHON;
  if ("command" in run && !existsSync(program))
    throw new LabError({
      what: "The model server is not installed",
      where: program,
      todo: `For vLLM: ${INSTALL}. Or set serving.engine=transformers.`,
    });
  const args = "command" in run ? run.command : run.serve;
  if (!args.includes("--quantization")) return;
  // a program that pip installed lies beside its Python
  const python = "command" in run ? join(dirname(program), "python3") : PYTHON;
  if (
    !existsSync(python) ||
    spawnSync(python, ["-c", FIND, "bitsandbytes"], { timeout: 60_000 }).status !== ABSENT
  )
    return;
  throw new LabError({
    what: "A package that serving in 4 bit needs is not installed",
    where: python,
    expected: "the Python package bitsandbytes",
    found: "none. Nothing was loaded.",
    todo: `${INSTALL}. Or set gpu.serveIn4bit=false, which takes more of the GPU's memory.`,
  });
}
