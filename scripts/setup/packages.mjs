/** The npm packages of the lock file, and with them Node 24. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { hashOf, ROOT, runQuietly, SetupError } from "./steps.mjs";

/** Node 24: runs TypeScript as it is, and is what the notebooks' kernel runs on. */
export const NODE = join(ROOT, "node_modules", "node", "bin", "node");

/**
 * Without our own node_modules, which `npm run` puts first: `npm ci` empties it, and must not run on a Node
 * that it deletes on the way.
 */
const PATH_OUTSIDE = (process.env.PATH ?? "")
  .split(delimiter)
  .filter((folder) => !folder.startsWith(join(ROOT, "node_modules")))
  .join(delimiter);

/** @type {import("./steps.mjs").Step} */
export const packages = {
  name: "npm packages",
  stamp: join(ROOT, "node_modules", ".ftmodel-stamp"),
  fingerprint: () => hashOf({ files: ["package-lock.json"], texts: [process.platform, process.arch] }),
  run() {
    runQuietly("npm", ["ci"], {
      // or onnxruntime-node may download 200 MB of CUDA
      env: { PATH: PATH_OUTSIDE, ONNXRUNTIME_NODE_INSTALL_CUDA: "skip" },
      todo:
        "npm needs to reach a package registry (`npm ping`); with a mirror: `npm config set " +
        "registry URL`. Then run the command again.",
    });
    // npm's `node` package fetches its binary in an install script; a user's ignore-scripts skips it.
    if (!existsSync(NODE))
      runQuietly("npm", ["rebuild", "node", "--ignore-scripts=false"], {
        todo: "install Node 24's package by hand: npm rebuild node",
      });
    if (!existsSync(NODE))
      throw new SetupError(`no Node 24 at ${NODE}`, "remove node_modules and run the command again");
    return (
      "node " +
      `${runQuietly(NODE, ["--version"], { todo: "remove node_modules and run the command again" }).trim()}`
    );
  },
};
