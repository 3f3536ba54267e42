/**
 * `npm run kernel`: registers the notebooks' kernel for the user, so that VS Code finds it, and brings the
 * reader's copies up to date. `npm run kernel -- --remove` takes the kernel away again.
 */
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { workspacePaths } from "../lib/config/paths.ts";
import { registerKernel, removeKernel, userKernels } from "./pipeline/user-kernel.ts";
import { bringWorkingCopies, describeCopies } from "./pipeline/working-copies.ts";
import { endWith } from "./command-line.ts";

try {
  const { values } = parseArgs({ options: { remove: { type: "boolean", default: false } } });
  const kernels = userKernels();
  if (values.remove) {
    console.log(removeKernel(kernels) ? `removed from ${kernels}` : `no kernel of ours in ${kernels}`);
  } else {
    const { notebooks } = workspacePaths();
    console.log(
      `${registerKernel(kernels)}: the kernel "TypeScript"; npm run kernel -- --remove takes it away`,
    );
    for (const line of describeCopies(bringWorkingCopies(notebooks))) console.log(line);
    console.log(
      `In VS Code: open ${relative(process.cwd(), notebooks)}/01_prepare.ipynb, choose that kernel. It ` +
        "ends a training with its notebook; the cell, run again, goes on from the last checkpoint.",
    );
  }
} catch (error) {
  endWith(error);
  process.exit();
}
