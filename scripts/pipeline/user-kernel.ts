/**
 * The notebooks' kernel, registered for the user: VS Code looks for kernels in the user's folder, not in a
 * Python environment's (vscode-jupyter, jupyterPaths.node.ts; microsoft/vscode-jupyter#13542).
 *
 * It is interrupted by a message: a signal VS Code sends to every process below the kernel, a training and
 * the model servers among them (kernelProcess.node.ts). When a notebook is closed or its kernel is started
 * anew, it ends all of them; a training goes on from its last checkpoint when its cell is run again.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { LabError } from "../../lib/errors.ts";
import { writeFileAtomic } from "../../lib/store/atomic.ts";
import { kernelSpec, SPEC_NAME } from "../setup/kernelspec.mjs";

/** Jupyter's folder of a user's kernels, where VS Code looks, too. */
export function userKernels(home: string = homedir(), platform: NodeJS.Platform = process.platform): string {
  const data = platform === "darwin" ? join("Library", "Jupyter") : join(".local", "share", "jupyter");
  return join(home, data, "kernels");
}

/**
 * Writes the kernelspec below `kernels` and returns its folder; one of this repository, also of another copy
 * of it, is replaced. Throws LabError when a kernel of the same name is somebody else's.
 */
export function registerKernel(kernels: string): string {
  const folder = join(kernels, SPEC_NAME);
  if (ownerOf(folder) === "other")
    throw new LabError({
      what: "There is a kernel of this name that is not ours",
      where: folder,
      expected: "no kernel, or one that starts scripts/kernel.ts of this repository",
      todo:
        `Move that folder away, or leave VS Code to its own: npm run lab -- -- --no-browser, then choose ` +
        `"Existing Jupyter Server" with its URL.`,
    });
  mkdirSync(folder, { recursive: true });
  writeFileAtomic(join(folder, "kernel.json"), kernelSpec("message"));
  return folder;
}

/** Removes what `registerKernel` wrote; false where there is none of ours. */
export function removeKernel(kernels: string): boolean {
  const folder = join(kernels, SPEC_NAME);
  if (ownerOf(folder) !== "ours") return false;
  rmSync(folder, { recursive: true });
  return true;
}

function ownerOf(folder: string): "nobody" | "ours" | "other" {
  const file = join(folder, "kernel.json");
  if (!existsSync(file)) return "nobody";
  try {
    const { argv } = JSON.parse(readFileSync(file, "utf8")) as { argv: string[] };
    return argv[1]!.endsWith(join("scripts", "kernel.ts")) ? "ours" : "other";
  } catch {
    return "other";
  }
}
